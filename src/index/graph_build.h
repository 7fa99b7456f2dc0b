// Building the links of a graph.
//
// Rows are inserted in batches that double in size, each searched for and pruned on the graph as it
// was before the batch, the new links' reverse ones grouped by target and pruned once per target
// (Manohar et al., "ParlayANN", PPoPP 2024). So the result is the same for a seed, whatever the
// number of threads.
#pragma once

#include "index/graph_near.h"
#include "index/workers.h"

namespace sagitta::index {

// REQUIRES: space has been encoded, n ≥ 1.
Status BuildGraphLinks(const GraphSpace& space, const GraphParams& params,
                       const BuildContext& context, BuiltGraph* out);

// Seeds for n rows: they are scored by every query, and one near the query saves hops.
size_t GraphSeedCount(size_t n);

}  // namespace sagitta::index
