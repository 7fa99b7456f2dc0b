// Makes the hits of a query from the rows that were found. Thread-safe, pure.
#pragma once

#include <span>
#include <vector>

#include "engine/segment_search.h"

namespace sagitta::engine {

// One hit per row, in order, with payload and vectors as the query selects.
Result<std::vector<Hit>> MakeHits(const CollectionSchema& schema, std::span<const ShardView> views,
                                  const SearchPlan& plan, std::span<const Found> rows);

}  // namespace sagitta::engine
