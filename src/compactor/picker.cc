#include "compactor/picker.h"

#include <algorithm>
#include <span>

namespace sagitta::compactor {
namespace {

using engine::SegmentFacts;
using engine::ShardFacts;
using State = SegmentFacts::State;
using Run = std::span<const SegmentFacts>;

// Sizes of one tier differ by less than this factor.
constexpr uint64_t kTierRatio = 4;

uint64_t LiveRows(const SegmentFacts& segment) { return segment.rows - segment.deleted; }

uint64_t SumLive(Run run) {
  uint64_t sum = 0;
  for (const SegmentFacts& segment : run) sum += LiveRows(segment);
  return sum;
}

bool Unsatisfied(const SegmentFacts& segment) { return !segment.satisfied; }

RebuildPick Pick(const char* kind, Run run) {
  RebuildPick pick{.kind = kind, .ids = {}, .rows = 0};
  for (const SegmentFacts& segment : run) {
    pick.ids.push_back(segment.id);
    pick.rows += segment.rows;
  }
  return pick;
}

// Sealed segments with no other between them.
std::vector<Run> SealedRuns(const ShardFacts& facts) {
  std::vector<Run> runs;
  const Run all(facts.segments);
  size_t begin = 0;
  for (size_t i = 0; i <= all.size(); ++i) {
    if (i < all.size() && all[i].state == State::kSealed) continue;
    if (i > begin) runs.push_back(all.subspan(begin, i - begin));
    begin = i + 1;
  }
  return runs;
}

// The longest part of `run` from its start on that is worth merging; empty when none is. The sum is
// at least twice the largest, so that a row is rewritten at most log2(max_segment_rows) times.
Run MergeFrom(Run run, const CompactionSettings& settings) {
  uint64_t smallest = UINT64_MAX;
  uint64_t largest = 0;
  uint64_t sum = 0;
  size_t best = 0;
  for (size_t n = 1; n <= run.size(); ++n) {
    // Smaller ones than are sealed by themselves count as equal.
    const uint64_t live = std::max<uint64_t>(LiveRows(run[n - 1]), settings.seal_min_rows);
    smallest = std::min(smallest, live);
    largest = std::max(largest, live);
    sum += LiveRows(run[n - 1]);
    if (largest > kTierRatio * smallest || sum > settings.max_segment_rows) break;
    if (n >= kMergeWidth && 2 * (largest > settings.seal_min_rows ? largest : 0) <= sum) best = n;
  }
  return run.first(best);
}

// The longest merge that is due; with `unsatisfied_only`, of those that include such a segment.
Run FindMerge(const ShardFacts& facts, bool unsatisfied_only) {
  Run best;
  for (const Run run : SealedRuns(facts)) {
    for (size_t begin = 0; begin < run.size(); ++begin) {
      const Run merge = MergeFrom(run.subspan(begin), facts.settings);
      if (merge.size() <= best.size()) continue;
      if (unsatisfied_only && std::none_of(merge.begin(), merge.end(), Unsatisfied)) continue;
      best = merge;
    }
  }
  return best;
}

bool WorthPurging(const SegmentFacts& segment, const CompactionSettings& settings) {
  // In the ratio's own precision, so that 200 of 1,000 are 0.2.
  const auto share = static_cast<float>(static_cast<double>(segment.deleted) /
                                        static_cast<double>(std::max<uint64_t>(1, segment.rows)));
  return segment.deleted > 0 && share >= settings.deleted_ratio;
}

template <typename Predicate>
std::optional<RebuildPick> PickFirst(const ShardFacts& facts, const char* kind,
                                     Predicate predicate) {
  for (const SegmentFacts& segment : facts.segments) {
    if (segment.state == State::kSealed && predicate(segment)) return Pick(kind, {&segment, 1});
  }
  return std::nullopt;
}

}  // namespace

uint64_t CheckpointOps(const CompactionSettings& settings) {
  return 4 * uint64_t{settings.seal_rows};
}

std::optional<SealPick> PickSeal(const ShardFacts& facts, const SealWishes& wishes) {
  if (facts.read_only) return std::nullopt;
  uint64_t growing = 0;
  uint64_t frozen = 0;
  uint64_t degraded = 0;
  for (const SegmentFacts& segment : facts.segments) {
    if (segment.state == State::kGrowing) growing += segment.rows;
    if (segment.state == State::kFrozen) frozen += segment.rows;
    if (segment.state == State::kDegraded) degraded += segment.rows;
  }
  if (wishes.now) {
    if (degraded + frozen + growing == 0) return std::nullopt;
    return SealPick{degraded > 0 ? "repair" : "seal", growing > 0, degraded + frozen + growing};
  }
  // Also while paused: too many of either, and the shard takes no more writes.
  if (degraded + frozen > 0) {
    return SealPick{degraded > 0 ? "repair" : "seal", false, degraded + frozen};
  }
  if (wishes.paused) return std::nullopt;
  if (facts.log_ops > CheckpointOps(facts.settings)) {
    return SealPick{growing > 0 ? "seal" : "checkpoint", growing > 0, growing};
  }
  if (growing >= facts.settings.seal_min_rows && facts.idle_ms >= facts.settings.seal_idle_ms) {
    return SealPick{"seal", true, growing};
  }
  return std::nullopt;
}

std::optional<RebuildPick> PickRebuild(const ShardFacts& facts, const SegmentIds& dying) {
  if (facts.read_only) return std::nullopt;
  for (const SegmentFacts& segment : facts.segments) {
    if (segment.state == State::kDegraded) return std::nullopt;
  }
  if (auto pick = PickFirst(facts, "verify", [](const SegmentFacts& s) { return !s.verified; })) {
    return pick;
  }
  if (auto pick =
          PickFirst(facts, "purge", [](const SegmentFacts& s) { return LiveRows(s) == 0; })) {
    return pick;
  }
  if (const Run merge = FindMerge(facts, /*unsatisfied_only=*/true); !merge.empty()) {
    return Pick("merge", merge);
  }
  if (auto pick = PickFirst(facts, "index", Unsatisfied)) return pick;
  if (const Run merge = FindMerge(facts, /*unsatisfied_only=*/false); !merge.empty()) {
    return Pick("merge", merge);
  }
  return PickFirst(facts, "purge", [&](const SegmentFacts& s) {
    return WorthPurging(s, facts.settings) && !dying.contains(s.id);
  });
}

std::vector<std::vector<std::string>> PlanFewest(const ShardFacts& facts) {
  std::vector<std::vector<std::string>> plan;
  for (Run run : SealedRuns(facts)) {
    // From the left, each as far as it goes: no other way leaves fewer.
    while (!run.empty()) {
      size_t n = 1;
      while (n < run.size() && SumLive(run.first(n + 1)) <= facts.settings.max_segment_rows) ++n;
      if (n > 1) plan.push_back(Pick("merge", run.first(n)).ids);
      run = run.subspan(n);
    }
  }
  return plan;
}

bool IsSettled(const ShardFacts& facts) {
  for (const SegmentFacts& segment : facts.segments) {
    if (segment.state == State::kFrozen || segment.state == State::kDegraded) return false;
    if (!segment.satisfied) return false;
  }
  return facts.log_ops <= CheckpointOps(facts.settings) && !PickRebuild(facts).has_value();
}

}  // namespace sagitta::compactor
