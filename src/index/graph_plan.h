// How a graph answers a query: which strategy, how wide. By a model of costs, so that no filter is
// much slower than the better of scanning what passes and walking the graph.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

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
  uint32_t width = 0;        // candidates of the walk
  uint32_t rerank = 0;       // candidates compared by stored vectors
  uint64_t budget = 0;       // distances of a two-hop walk, past which a scan is cheaper
  bool look_around = false;  // whether to plan again by what passes around the query
  // Of runs of 64 rows, which ones a two-hop walk looks through for where to start: every how many.
  // 0 = it starts from what looking around found.
  size_t sample_step = 0;
  // Of the walk after a two-hop walk that was too narrow to hold all that may be near for what
  // codes tell. 0 = a scan is cheaper.
  uint32_t second_width = 0;
};

// A walk has come to where it can look around once so many hops did not bring it nearer to the
// query, or after so many times as many.
inline constexpr uint64_t kLookHops = 8;
inline constexpr uint64_t kMostLooks = 8;

// `around` is the share of the rows that passes near the query, where that is known: filters and
// vectors may have to do with each other. REQUIRES: query.k ≥ 1.
GraphPlan PlanGraphSearch(const GraphShape& shape, const IndexQuery& query, uint32_t ef_search,
                          float oversampling, const GraphCosts& costs = {},
                          std::optional<double> around = std::nullopt);

}  // namespace sagitta::index
