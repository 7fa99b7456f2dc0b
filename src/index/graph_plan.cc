#include "index/graph_plan.h"

#include <algorithm>
#include <cmath>

#include "index/graph_filtered.h"

namespace sagitta::index {
namespace {

constexpr uint32_t kMostWidth = 65'536;

// Stored vectors that a scan of codes compares besides those of the rerank: see graph_search.cc.
constexpr double kScanExtra = 32.0;

// Of a node's links, how many lead to nodes not seen before: 10 to 14 of 32 were measured.
constexpr double kFreshLinks = 0.4;
// The walk over passing nodes needs this many of them within two hops, or it falls apart.
constexpr double kTwoHopReach = 24.0;
// New nodes of such a hop, and what comes with each of them, of a node's links.
constexpr double kTwoHopFresh = 1.0;
// The short walk before it.
constexpr double kProbeWidth = 16.0;

double CodeCost(const GraphCosts& costs, const GraphShape& shape, bool scan) {
  const bool codes = shape.code_lines != 0;
  const auto lines = static_cast<double>(codes ? shape.code_lines : shape.vector_lines);
  if (!codes) return costs.vector_row + costs.vector_line * lines;
  return scan ? costs.scan_row + costs.scan_line * lines : costs.walk_row + costs.walk_line * lines;
}

}  // namespace

GraphPlan PlanGraphSearch(const GraphShape& shape, const IndexQuery& query, uint32_t ef_search,
                          float oversampling, const GraphCosts& costs) {
  GraphPlan plan;
  const bool filtered = query.filter.allowed != nullptr;
  const size_t passing = filtered ? std::min(query.filter.allowed_count, shape.n) : shape.n;
  const double rows = static_cast<double>(passing);
  const double share = std::max(rows / static_cast<double>(shape.n), 1e-9);
  const uint32_t ef =
      std::clamp(std::max(query.params.ef.value_or(ef_search), query.k), 1u, kMostWidth);
  const double times = query.params.oversampling.value_or(oversampling);
  const auto k = static_cast<double>(query.k);
  const double wanted = std::ceil(k * times);
  plan.rerank = static_cast<uint32_t>(std::max({wanted, ef / 4.0, k}));
  // A width that was asked for bounds a rerank that was not.
  if (query.params.ef.has_value() && !query.params.oversampling.has_value()) {
    plan.rerank = std::min(plan.rerank, ef);
  }

  const double vector_cost =
      costs.vector_row + costs.vector_line * static_cast<double>(shape.vector_lines);
  const double rerank_cost =
      shape.code_lines == 0 ? 0.0 : plan.rerank * vector_cost + costs.prepare;
  const double exact_scan = rows * vector_cost;
  const double code_scan =
      rows * CodeCost(costs, shape, true) + rerank_cost + kScanExtra * vector_cost;
  const double fresh = kFreshLinks * shape.degree;
  const double hop = costs.hop + shape.degree * costs.test + fresh * CodeCost(costs, shape, false);
  const double walk_width = std::min(std::ceil(std::max(ef, plan.rerank) / share), 1e9);
  const size_t linked = std::min(shape.linked, shape.n);
  const double tail = static_cast<double>(shape.n - linked) * share * CodeCost(costs, shape, true);
  const double walk = walk_width * hop + tail + rerank_cost;
  const double degree = shape.degree,
               neighbours = static_cast<double>(TwoHopNeighbours(shape.degree));
  // Nodes in between whose links are looked through, until enough of what is behind them passes.
  const double between =
      std::clamp(neighbours / (share * degree) - 1.0, 0.0, degree * (1.0 - share));
  const double far_hop = costs.hop + degree * costs.test +
                         between * (costs.far_links + degree * costs.test) +
                         kTwoHopFresh * degree * CodeCost(costs, shape, false);
  const double two_hop =
      kProbeWidth * hop + std::max(ef, plan.rerank) * far_hop + tail + rerank_cost;

  plan.strategy = SearchStrategy::kExactScan;
  double best = exact_scan;
  const auto consider = [&](SearchStrategy strategy, double cost) {
    if (!(cost < best)) return;
    plan.strategy = strategy;
    best = cost;
  };
  if (query.params.exact) return plan;
  if (shape.code_lines != 0 && passing > plan.rerank) {
    consider(SearchStrategy::kCodeScan, code_scan);
  }
  if (walk_width <= kMostWidth && linked > 0) consider(SearchStrategy::kWalk, walk);
  if (filtered && linked > 0 && share * shape.degree * shape.degree >= kTwoHopReach) {
    consider(SearchStrategy::kTwoHopWalk, two_hop);
  }
  plan.width = plan.strategy == SearchStrategy::kWalk ? static_cast<uint32_t>(walk_width)
                                                      : std::max(ef, plan.rerank);
  plan.budget = passing;
  return plan;
}

}  // namespace sagitta::index
