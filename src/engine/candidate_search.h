// CandidateSearch: the best rows of all segments of a query, merged. Not thread-safe.
#pragma once

#include <cstdint>
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

  // Whether every segment is scanned, so that what is found is exact.
  bool exact() const;
  uint64_t rows() const;  // visible ones in all segments, dead ones too
  // REQUIRES: FindBest was called.
  void FillInfo(QueryInfo* info) const;

 private:
  std::vector<Found> Merge(uint32_t n) const;

  const SearchPlan& plan_;
  base::ThreadPool* const pool_;
  const CancelToken& cancel_;
  ResolvedIds ids_;
  std::vector<SegmentSearch> searches_;
};

}  // namespace sagitta::engine
