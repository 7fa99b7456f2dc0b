// How a graph answers a query: which strategy, how wide. By a model of costs, so that no filter is
// much slower than the better of scanning what passes and walking the graph.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "index/graph_costs.h"
#include "index/vector_index.h"

namespace sagitta::index {

// What decides costs.
struct GraphShape {
  size_t n = 0;
  uint32_t degree = 0;
  size_t code_lines = 0;                               // of 64 bytes a row; 0 = no codes
  size_t vector_lines = 0;                             // of 64 bytes a stored vector
  size_t linked = std::numeric_limits<size_t>::max();  // a walk scans the others besides
};

struct GraphPlan {
  SearchStrategy strategy = SearchStrategy::kExactScan;
  uint32_t width = 0;   // candidates of the walk
  uint32_t rerank = 0;  // candidates compared by stored vectors
  uint64_t budget = 0;  // distances of a two-hop walk, past which a scan is cheaper
};

// REQUIRES: query.k ≥ 1.
GraphPlan PlanGraphSearch(const GraphShape& shape, const IndexQuery& query, uint32_t ef_search,
                          float oversampling, const GraphCosts& costs = {});

}  // namespace sagitta::index
