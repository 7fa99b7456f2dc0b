// The second stage of a query with Query::rerank. Thread-safe, pure.
#pragma once

#include <vector>

#include "engine/segment_search.h"

namespace sagitta::engine {

// Of what the first stage found those that have the second field, by the exact distance of their
// stored vectors of it: the offset + k best, best first, ties in order of id, none beyond the score
// threshold. `distances` is increased by the number computed. CANCELLED or DEADLINE_EXCEEDED end it
// early. REQUIRES: plan.rerank is there.
Result<std::vector<Found>> Rerank(const SearchPlan& plan, std::vector<Found> found,
                                  const CancelToken& cancel, uint64_t* distances);

}  // namespace sagitta::engine
