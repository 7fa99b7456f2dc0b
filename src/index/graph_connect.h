// Making every node of a built graph reachable from the first seed.
#pragma once

#include "index/graph_near.h"
#include "index/workers.h"

namespace sagitta::index {

// Adds a link to each node that no walk from the first seed reaches, from a near node that one
// does; where that node has no room, a link gives way that no walk depends on. Deterministic.
Status ConnectGraph(const GraphSpace& space, const GraphParams& params, const BuildContext& context,
                    BuiltGraph* graph);

}  // namespace sagitta::index
