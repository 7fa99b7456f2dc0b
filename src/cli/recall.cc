#include "cli/recall.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace sagitta::cli {
namespace {

// Two code paths may add up the same distance in another order.
constexpr double kRelativeTolerance = 1e-5;

bool AsGood(double score, double worst, bool higher_is_closer) {
  const double slack = kRelativeTolerance * std::max(std::abs(worst), 1e-9);
  return higher_is_closer ? score >= worst - slack : score <= worst + slack;
}

}  // namespace

double RecallAgainst(const v1::QueryResponse& truth, const v1::QueryResponse& got, uint32_t k) {
  const int want = std::min<int>(static_cast<int>(k), truth.hits_size());
  if (want == 0) return 1;
  const double worst = truth.hits(want - 1).score();
  const bool higher_is_closer = truth.hits(0).score() > worst;
  std::set<std::string> ids;
  for (int i = 0; i < want; ++i) ids.insert(truth.hits(i).point().id().SerializeAsString());
  int found = 0;
  for (int i = 0; i < std::min(want, got.hits_size()); ++i) {
    const auto& hit = got.hits(i);
    const bool good = ids.count(hit.point().id().SerializeAsString()) > 0 ||
                      AsGood(hit.score(), worst, higher_is_closer);
    found += good ? 1 : 0;
  }
  return static_cast<double>(found) / want;
}

double RecallAgainst(const VectorBlock& truth, size_t row, const v1::QueryResponse& got,
                     uint32_t k) {
  const uint32_t want = std::min(k, truth.dim);
  std::set<uint64_t> ids;
  for (uint32_t i = 0; i < want; ++i) ids.insert(static_cast<uint64_t>(truth.Integer(row, i)));
  int found = 0;
  for (int i = 0; i < std::min<int>(static_cast<int>(want), got.hits_size()); ++i) {
    const auto& id = got.hits(i).point().id();
    found += id.kind_case() == v1::PointId::kU64 && ids.count(id.u64()) > 0 ? 1 : 0;
  }
  return static_cast<double>(found) / want;
}

std::optional<int64_t> VoteLabel(const v1::QueryResponse& response, const std::string& key) {
  std::vector<std::pair<int64_t, int>> votes;  // in order of the nearest hit
  for (const auto& hit : response.hits()) {
    const auto value = hit.point().payload().find(key);
    if (value == hit.point().payload().end() ||
        value->second.kind_case() != v1::Value::kInt64Value) {
      continue;
    }
    const int64_t label = value->second.int64_value();
    auto it = std::find_if(votes.begin(), votes.end(),
                           [&](const auto& vote) { return vote.first == label; });
    if (it == votes.end()) it = votes.insert(votes.end(), {label, 0});
    ++it->second;
  }
  const auto best = std::max_element(
      votes.begin(), votes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (best == votes.end()) return std::nullopt;
  return best->first;
}

}  // namespace sagitta::cli
