// How a graph answers a query: which strategy, how wide. By a model of costs, so that no filter is
// much slower than the better of scanning what passes and walking the graph.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "index/vector_index.h"

namespace sagitta::index {

enum class GraphStrategy : uint8_t {
  kExactScan,  // of the stored vectors that pass
  kCodeScan,   // of the codes that pass, then of the best stored vectors
  kWalk,       // over all nodes; those that do not pass are left out at the end
  kTwoHopWalk  // over the nodes that pass, through those that do not
};
std::string_view GraphStrategyName(GraphStrategy strategy);

// What a search did, for explaining it.
struct GraphSearchInfo {
  GraphStrategy strategy = GraphStrategy::kExactScan;  // the last one tried
  bool fell_back = false;  // to a scan, from a walk that found too little
  uint64_t distances = 0;  // of codes and stored vectors
  uint64_t hops = 0;       // nodes whose links were followed
};

// What decides costs.
struct GraphShape {
  size_t n = 0;
  uint32_t degree = 0;
  size_t code_lines = 0;                               // of 64 bytes a row; 0 = no codes
  size_t vector_lines = 0;                             // of 64 bytes a stored vector
  size_t linked = std::numeric_limits<size_t>::max();  // a walk scans the others besides
};

struct GraphPlan {
  GraphStrategy strategy = GraphStrategy::kExactScan;
  uint32_t width = 0;   // candidates of the walk
  uint32_t rerank = 0;  // candidates compared by stored vectors
  uint64_t budget = 0;  // distances of a two-hop walk, past which a scan is cheaper
};

// REQUIRES: query.k ≥ 1.
GraphPlan PlanGraphSearch(const GraphShape& shape, const IndexQuery& query, uint32_t ef_search,
                          float oversampling);

}  // namespace sagitta::index
