#include "compactor/storage_tuner.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>

#include "base/file.h"
#include "base/stopwatch.h"
#include "compactor/storage_measure.h"

namespace sagitta::compactor {
namespace {

// A first look, which ranks the families well enough to leave most of them out.
constexpr size_t kLookRows = 4'000;
constexpr size_t kLookQueries = 50;
constexpr size_t kFinalists = 3;
constexpr size_t kBisectQueries = 100;
constexpr double kAllFound = 0.995;  // of the nearest, so that no code can find many more
constexpr double kRoom = 1.02;  // that an expected size may be over the budget, to be measured

std::string Text(const char* format, double value) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

class Tuner {
 public:
  Tuner(const StorageRequest& request, StorageSample sample, std::string path,
        const CancelToken& cancel, const std::function<void(double)>& progress)
      : request_(request),
        sample_(std::move(sample)),
        path_(std::move(path)),
        cancel_(cancel),
        progress_(progress) {}

  Result<StorageReport> Run(uint64_t budget) {
    report_.rows = sample_.rows_live;
    report_.sampled_rows = sample_.n;
    report_.queries = sample_.query_count;
    report_.budget_bytes = budget;
    const double room =
        budget == 0 ? 0 : static_cast<double>(budget) / static_cast<double>(sample_.rows_live);
    const std::vector<MenuEntry> menu =
        StorageMenu(sample_.layout, sample_.dtype, sample_.rows_live, room);
    if (budget != 0) {
      SAGITTA_RETURN_IF_ERROR(FitBudget(menu, room));
    } else {
      SAGITTA_RETURN_IF_ERROR(ReachTarget(menu));
    }
    RankStorage(request_, sample_.rows_live, budget, &report_.options);
    const StorageOption& best = report_.options.front();
    report_.found = best.in_budget && best.reaches_target;
    if (budget != 0 && !best.in_budget) return TooSmall(menu);
    Explain();
    return std::move(report_);
  }

 private:
  // The largest of each family that fits is looked at; the best of these are measured in full.
  Status FitBudget(const std::vector<MenuEntry>& menu, double room) {
    std::map<std::string, const MenuEntry*> largest;
    for (const MenuEntry& entry : menu) {
      if (entry.bytes <= kRoom * room) largest[entry.family] = &entry;
    }
    if (largest.empty()) return TooSmall(menu);
    steps_ = largest.size() + 3 * kFinalists;
    const size_t rows = std::min(kLookRows, sample_.n);
    const size_t queries = std::min(kLookQueries, sample_.query_count);
    const auto fits = [&](const StorageOption& option) { return option.memory_bytes <= room; };
    std::vector<std::pair<StorageOption, const MenuEntry*>> looks;
    double found = 0;
    for (const MenuEntry* entry : SlowLast(largest)) {
      if (Slow(*entry) && found >= kAllFound) continue;
      SAGITTA_ASSIGN_OR_RETURN(auto option, Measure(*entry, rows, queries, 1));
      if (!option.has_value()) continue;
      if (fits(*option)) found = std::max(found, option->recall);
      looks.emplace_back(std::move(*option), entry);
    }
    // Recall counts first; what ranks alike on few rows is told apart by what codes find alone.
    std::stable_sort(looks.begin(), looks.end(), [&](const auto& a, const auto& b) {
      if (fits(a.first) != fits(b.first)) return fits(a.first);
      const double a_finds = a.first.recall + a.first.raw_recall;
      const double b_finds = b.first.recall + b.first.raw_recall;
      return a_finds > b_finds;
    });
    std::vector<const MenuEntry*> finalists;
    for (size_t i = 0; i < std::min(kFinalists, looks.size()); ++i) {
      finalists.push_back(looks[i].second);
    }
    AddQuickest(looks, &finalists, fits);
    for (const auto& [option, entry] : looks) report_.options.push_back(option);
    if (rows == sample_.n && queries == sample_.query_count) return Status::Ok();
    for (const MenuEntry* entry : finalists) SAGITTA_RETURN_IF_ERROR(MeasureFully(*entry).status());
    return Status::Ok();
  }

  // Its training takes longer than all others', on few rows too.
  static bool Slow(const MenuEntry& entry) {
    return entry.index.codec.kind == CodecKind::kRotatedProduct;
  }

  static std::vector<const MenuEntry*> SlowLast(
      const std::map<std::string, const MenuEntry*>& families) {
    std::vector<const MenuEntry*> entries;
    for (const auto& [family, entry] : families) entries.push_back(entry);
    std::stable_partition(entries.begin(), entries.end(),
                          [](const MenuEntry* entry) { return !Slow(*entry); });
    return entries;
  }

  // A graph is not the first by what it finds, but by its time.
  template <typename Looks, typename Fits>
  void AddQuickest(const Looks& looks, std::vector<const MenuEntry*>* finalists,
                   const Fits& fits) const {
    for (const auto& [option, entry] : looks) {
      const bool graph = entry->index.kind == IndexKind::kGraph;
      if (!graph || !fits(option)) continue;
      if (std::find(finalists->begin(), finalists->end(), entry) == finalists->end()) {
        finalists->push_back(entry);
      }
      return;
    }
  }

  // By family the least that reaches the target, and is less than what others needed.
  Status ReachTarget(const std::vector<MenuEntry>& menu) {
    std::map<std::string, std::vector<const MenuEntry*>> families;
    for (const MenuEntry& entry : menu) families[entry.family].push_back(&entry);
    steps_ = 3 * families.size();
    double least = HUGE_VAL;
    // The family that most often wins bounds what the others are measured for.
    std::vector<std::string> order = {std::string("TRANSFORM"), std::string("GRAPH")};
    for (const auto& [family, entries] : families) {
      if (family != "TRANSFORM" && family != "GRAPH") order.push_back(family);
    }
    for (const std::string& family : order) {
      SAGITTA_RETURN_IF_ERROR(Bisect(families[family], &least));
    }
    return Status::Ok();
  }

  Status Bisect(const std::vector<const MenuEntry*>& entries, double* least) {
    const auto end = std::find_if(entries.begin(), entries.end(),
                                  [&](const MenuEntry* e) { return e->bytes >= *least; });
    size_t low = 0, high = static_cast<size_t>(end - entries.begin());
    if (high == 0) return Status::Ok();
    // [low, high) may have the first that reaches it; the last is asked first.
    size_t at = high - 1;
    while (low < high) {
      SAGITTA_ASSIGN_OR_RETURN(const auto option, MeasureFully(*entries[at]));
      if (option.has_value() && option->recall >= request_.target_recall) {
        *least = std::min(*least, option->memory_bytes);
        high = at;
      } else {
        if (at + 1 == static_cast<size_t>(end - entries.begin())) return Status::Ok();
        low = at + 1;
      }
      at = low + (high - low) / 2;
    }
    return Status::Ok();
  }

  Result<std::optional<StorageOption>> MeasureFully(const MenuEntry& entry) {
    const size_t queries = request_.target_recall > 0 && report_.budget_bytes == 0
                               ? std::max(kBisectQueries, sample_.query_count / 2)
                               : sample_.query_count;
    SAGITTA_ASSIGN_OR_RETURN(auto option,
                             Measure(entry, sample_.n, std::min(queries, sample_.query_count), 3));
    if (!option.has_value()) return option;
    std::erase_if(report_.options,
                  [&](const StorageOption& other) { return other.name == option->name; });
    report_.options.push_back(*option);
    return option;
  }

  // None where the codec does not suit the rows: few of them, or a dimension that it cannot cut.
  Result<std::optional<StorageOption>> Measure(const MenuEntry& entry, size_t rows, size_t queries,
                                               size_t steps) {
    SAGITTA_RETURN_IF_ERROR(cancel_.Check());
    const std::pair<size_t, size_t> key(rows, queries);
    if (!limits_.contains(key)) {
      SAGITTA_ASSIGN_OR_RETURN(limits_[key],
                               ExactLimits(sample_, rows, queries, request_.k, cancel_));
    }
    const auto option = MeasureStorage(entry, {.sample = &sample_,
                                               .rows = rows,
                                               .queries = queries,
                                               .limits = &limits_[key],
                                               .k = request_.k,
                                               .path = path_,
                                               .cancel = cancel_});
    done_ += steps;
    if (progress_) {
      progress_(std::min(1.0, static_cast<double>(done_) / static_cast<double>(steps_)));
    }
    if (option.ok()) return std::optional<StorageOption>(*option);
    if (option.status().code() == StatusCode::kInvalidArgument) {
      return std::optional<StorageOption>();
    }
    return option.status();
  }

  Status TooSmall(const std::vector<MenuEntry>& menu) const {
    const auto least =
        std::min_element(menu.begin(), menu.end(),
                         [](const MenuEntry& a, const MenuEntry& b) { return a.bytes < b.bytes; });
    double bytes = least->bytes;
    for (const StorageOption& option : report_.options) {
      bytes = std::min(bytes, option.memory_bytes);
    }
    const double all = std::ceil(kRoom * bytes * static_cast<double>(sample_.rows_live));
    return Status::InvalidArgument("budget_bytes", "is " + std::to_string(report_.budget_bytes) +
                                                       "; at least about " +
                                                       std::to_string(static_cast<uint64_t>(all)) +
                                                       " are needed, for " + least->name);
  }

  void Explain() {
    const StorageOption& best = report_.options.front();
    std::string text = best.name + " takes " + Text("%.0f", best.memory_bytes) +
                       " bytes of memory a row and finds " + Text("%.3f", best.recall) +
                       " of the " + std::to_string(request_.k) + " nearest";
    if (best.raw_recall < best.recall) {
      text += " (" + Text("%.3f", best.raw_recall) + " by codes alone, before stored vectors rank)";
    }
    text += ", in about " + Text("%.0f", best.query_micros) + " microseconds a query.";
    if (!report_.found) {
      text += " Nothing that was measured reaches the target" +
              std::string(report_.budget_bytes != 0 ? " within the budget." : ".");
    } else if (request_.target_recall > 0) {
      text += " It is the least memory that reaches " + Text("%.3f", request_.target_recall) + ".";
    } else {
      text +=
          " Of what was measured within the budget it is the fastest that finds at most 0.005 less "
          "than the best, or 0.015 less in a tenth of the time.";
    }
    for (const StorageOption& other : report_.options) {
      if (&other == &best || !other.pareto) continue;
      text += " " + other.name + ": " + Text("%.0f", other.memory_bytes) + " bytes, " +
              Text("%.3f", other.recall) + ", " + Text("%.0f", other.query_micros) +
              " microseconds.";
      break;
    }
    if (best.index.residency == Residency::kDisk) {
      text += " Vectors stay on disk, where the nearest candidates are read from.";
    }
    if (sample_.n < sample_.rows_live) {
      text += " Measured on " + std::to_string(sample_.n) + " of " +
              std::to_string(sample_.rows_live) +
              " rows: among all of them codes find somewhat less.";
    }
    report_.explanation = text;
  }

  const StorageRequest& request_;
  const StorageSample sample_;
  const std::string path_;
  const CancelToken& cancel_;
  const std::function<void(double)>& progress_;
  std::map<std::pair<size_t, size_t>, std::vector<float>> limits_;
  size_t steps_ = 1, done_ = 0;
  StorageReport report_;
};

// What the limit leaves for the field: it is free now, or the field's own already.
uint64_t RoomFor(const engine::CollectionCore& collection, const base::MemoryBudget& memory) {
  uint64_t others = 0;
  for (const auto& shard : collection.shards()) {
    for (const auto& segment : shard->View().segments) {
      const SpaceUse space = segment.segment->Stats().space;
      others += space.mapped_ids + space.memory_ids + space.memory_payload_index;
    }
  }
  const uint64_t taken = memory.used() + others;
  return memory.limit() - std::min(taken, memory.limit() - 1);
}

}  // namespace

Result<StorageReport> RecommendStorage(const engine::CollectionCore& collection,
                                       const StorageRequest& request,
                                       const base::MemoryBudget& memory, const CancelToken& cancel,
                                       const std::function<void(double)>& progress) {
  const base::Stopwatch watch;
  SAGITTA_RETURN_IF_ERROR(CheckStorageRequest(request));
  // One at a time: each takes a core, and memory for its sample.
  const std::string path = collection.directory() + "/tune.seg";
  SAGITTA_ASSIGN_OR_RETURN(const auto alone, base::FileLock::Acquire(path + ".lock"));
  SAGITTA_ASSIGN_OR_RETURN(StorageSample sample, DrawStorageSample(collection, request, cancel));
  if (request.k >= sample.n) {
    return Status::InvalidArgument("k", "is " + std::to_string(request.k) + "; there are " +
                                            std::to_string(sample.n) + " rows to find them among");
  }
  uint64_t budget = request.budget_bytes;
  if (budget == 0 && request.target_recall == 0) budget = RoomFor(collection, memory);
  SAGITTA_ASSIGN_OR_RETURN(StorageReport report,
                           Tuner(request, std::move(sample), path, cancel, progress).Run(budget));
  report.seconds = watch.Seconds();
  return report;
}

}  // namespace sagitta::compactor
