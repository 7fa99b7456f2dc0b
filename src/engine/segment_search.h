// SegmentSearch: one query in one segment. Not thread-safe; those of one query may run side by
// side.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/search_plan.h"

namespace sagitta::engine {

// A row that was found; `segment` is its position in SearchPlan::segments.
struct Found {
  float order;  // see SearchPlan
  uint32_t segment;
  uint32_t row;
};

class SegmentSearch {
 public:
  // REQUIRES: both outlive it.
  SegmentSearch(const SearchPlan& plan, size_t segment, ResolvedIds* ids)
      : plan_(&plan), segment_(segment), ids_(ids) {}

  // Finds the `n` best rows, and from a scan at least one more, so that a tie for the last place
  // shows. The filter is evaluated the first time. CANCELLED or DEADLINE_EXCEEDED end it early.
  Status FindBest(uint32_t n, const CancelToken& cancel);
  // FindBest of several queries, searches[i] for n[i] rows, which reads the segment once for all.
  // REQUIRES: they are of one segment, view and field, and all scan it or none does.
  static Status FindBestTogether(std::span<SegmentSearch* const> searches,
                                 std::span<const uint32_t> n, const CancelToken& cancel);
  // Finds all rows up to `order`. REQUIRES: the segment is scanned, FindBest was called.
  Status FindUpTo(float order, const CancelToken& cancel);

  // Best first, without the plan's own point and without those beyond the score threshold.
  std::span<const index::Candidate> found() const { return found_; }
  // Whether rows as close as `order`, the last found, may be missing.
  bool MayTie(float order) const;

  // What was done so far.
  SegmentExplain Explain() const;
  const filter::EvaluateInfo& info() const { return info_; }
  uint64_t distances() const { return distances_; }
  size_t live() const { return live_.live; }
  size_t matches() const { return live_.count; }

 private:
  Status Prepare(const CancelToken& cancel);
  // Before a search for the `n` best: the k to ask the segment for; 0 = there is nothing to find.
  Result<uint32_t> Begin(uint32_t n, const CancelToken& cancel);
  index::IndexQuery Ask(uint32_t k, float key_limit, const CancelToken& cancel);
  // After a search for k: drops from found_ what is not wanted.
  void Settle(uint32_t k);
  Status Search(uint32_t k, float key_limit, const CancelToken& cancel);

  const SearchPlan* plan_;
  size_t segment_;
  ResolvedIds* ids_;
  bool prepared_ = false;
  LiveRowsResult live_;
  std::shared_ptr<const base::Bitset> allowed_;  // null = all; without the rows that lack the field
  size_t allowed_count_ = 0;
  std::vector<index::Candidate> found_;
  bool cut_ = false;  // there may be more than found_
  filter::EvaluateInfo info_;
  uint64_t distances_ = 0;
  index::SearchTrace trace_;
  double filter_seconds_ = 0;
  double search_seconds_ = 0;
};

}  // namespace sagitta::engine
