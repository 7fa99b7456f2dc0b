// Building the links of a graph: rows are inserted in a shuffled order, in batches that double in
// size, so that the result is the same for a seed, whatever the number of threads.
#pragma once

#include "index/graph_near.h"
#include "index/graph_start.h"
#include "index/workers.h"

namespace sagitta::index {

// Begins with what `start` holds, which is used up; null = with nothing. REQUIRES: space has been
// encoded, n ≥ 1.
Status BuildGraphLinks(const GraphSpace& space, const GraphParams& params,
                       const BuildContext& context, BuiltGraph* out, GraphStart* start = nullptr);

// Seeds for n rows: they are scored by every query, and one near the query saves hops.
size_t GraphSeedCount(size_t n);

}  // namespace sagitta::index
