// RankStorage and CheckStorageRequest: what is asked for, and which of the options answers it.
#include <algorithm>
#include <cmath>

#include "compactor/storage_tuner.h"

namespace sagitta::compactor {
namespace {

constexpr double kAlike = 0.005;  // recalls that are not told apart
constexpr double kNear = 0.015;   // what much speed is worth
constexpr double kMuch = 10;
constexpr uint32_t kMostK = 1'000;

Status CheckNumber(const char* field, uint64_t given, uint64_t least, uint64_t most) {
  if (given >= least && given <= most) return Status::Ok();
  return Status::InvalidArgument(field, "is " + std::to_string(given) + "; " +
                                            std::to_string(least) + " to " + std::to_string(most) +
                                            " are allowed");
}

// Of what fits the budget and was measured on as many rows as anything.
bool Counts(const StorageOption& option, uint64_t most_rows) {
  return option.in_budget && option.rows == most_rows;
}

// Whether it finds as much as the best, or hardly less in a tenth of the time of all that do.
class GoodEnough {
 public:
  GoodEnough(const std::vector<StorageOption>& options, uint64_t most_rows) {
    for (const StorageOption& option : options) {
      if (Counts(option, most_rows)) best_ = std::max(best_, option.recall);
    }
    for (const StorageOption& option : options) {
      if (!Counts(option, most_rows) || option.recall < best_ - kAlike) continue;
      quickest_ = std::min(quickest_, option.query_micros);
    }
  }

  bool operator()(const StorageOption& option) const {
    if (option.recall >= best_ - kAlike) return true;
    return option.recall >= best_ - kNear && option.query_micros * kMuch <= quickest_;
  }

 private:
  double best_ = 0, quickest_ = HUGE_VAL;
};

// Only what was measured on as many rows can be compared.
void MarkPareto(uint64_t most_rows, std::vector<StorageOption>* options) {
  for (StorageOption& a : *options) {
    a.pareto = a.rows == most_rows &&
               std::none_of(options->begin(), options->end(), [&](const StorageOption& b) {
                 return b.rows == most_rows && b.memory_bytes <= a.memory_bytes &&
                        b.recall >= a.recall &&
                        (b.memory_bytes < a.memory_bytes || b.recall > a.recall);
               });
  }
}

}  // namespace

Status CheckStorageRequest(const StorageRequest& request) {
  if (!(request.target_recall >= 0 && request.target_recall <= 1)) {
    return Status::InvalidArgument("target_recall", "is not from 0 to 1");
  }
  SAGITTA_RETURN_IF_ERROR(CheckNumber("k", request.k, 1, kMostK));
  SAGITTA_RETURN_IF_ERROR(CheckNumber("sample_rows", request.sample_rows, 1'000, 1'000'000));
  SAGITTA_RETURN_IF_ERROR(CheckNumber("sample_queries", request.sample_queries, 10, 10'000));
  return CheckNumber("queries", request.queries.size(), 0, 10'000);
}

void RankStorage(const StorageRequest& request, uint64_t rows, uint64_t budget_bytes,
                 std::vector<StorageOption>* options) {
  uint64_t most_rows = 0;
  for (const StorageOption& option : *options) most_rows = std::max(most_rows, option.rows);
  for (StorageOption& option : *options) {
    option.in_budget = budget_bytes == 0 || option.memory_bytes * static_cast<double>(rows) <=
                                                static_cast<double>(budget_bytes);
    option.reaches_target = option.recall >= request.target_recall;
  }
  MarkPareto(most_rows, options);
  const GoodEnough good_enough(*options, most_rows);
  const bool by_memory = request.target_recall > 0;
  const auto before = [&](const StorageOption& a, const StorageOption& b) {
    const bool a_right = a.in_budget && a.reaches_target, b_right = b.in_budget && b.reaches_target;
    if ((a.rows == most_rows) != (b.rows == most_rows)) return a.rows == most_rows;
    if (a_right != b_right) return a_right;
    if (a.in_budget != b.in_budget) return a.in_budget;
    if (a_right && by_memory && a.memory_bytes != b.memory_bytes) {
      return a.memory_bytes < b.memory_bytes;
    }
    const bool a_good = good_enough(a), b_good = good_enough(b);
    if (a_good != b_good) return a_good;
    if (a_good && a.query_micros != b.query_micros) return a.query_micros < b.query_micros;
    if (a.recall != b.recall) return a.recall > b.recall;
    return a.memory_bytes < b.memory_bytes;
  };
  std::stable_sort(options->begin(), options->end(), before);
}

}  // namespace sagitta::compactor
