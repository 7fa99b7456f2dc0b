// CandidateSearch: the best rows of all segments of a query, merged. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/segment_search.h"

namespace sagitta::engine {

class CandidateSearch {
 public:
  // REQUIRES: all outlive it. `pool` may be null.
  CandidateSearch(const SearchPlan& plan, base::ThreadPool* pool, const CancelToken& cancel);

  // The `n` best rows, best first, ties in order of id; fewer only where no more are to be found.
  // May be called again with a larger `n`.
  Result<std::vector<Found>> FindBest(uint32_t n);
  // FindBest of several queries, searches[i] for n[i] rows, which reads each segment once for all.
  // REQUIRES: they are over the same views and field, and all exact or none.
  static Result<std::vector<std::vector<Found>>> FindBestTogether(
      std::span<CandidateSearch* const> searches, std::span<const uint32_t> n);

  // Whether every segment is scanned, so that what is found is exact.
  bool exact() const;
  uint64_t rows() const;  // visible ones in all segments, dead ones too
  // REQUIRES: FindBest was called.
  void FillInfo(QueryInfo* info) const;

 private:
  std::vector<Found> Merge(uint32_t n) const;
  // Merges what the segments found for the `n` best, and settles ties.
  Result<std::vector<Found>> Settle(uint32_t n);

  const SearchPlan& plan_;
  base::ThreadPool* const pool_;
  const CancelToken& cancel_;
  double seconds_ = 0;  // of FindBest
  ResolvedIds ids_;
  std::vector<SegmentSearch> searches_;
};

}  // namespace sagitta::engine
