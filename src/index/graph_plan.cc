#include "index/graph_plan.h"

#include <algorithm>
#include <cmath>

namespace sagitta::index {
namespace {

constexpr uint32_t kMostWidth = 65'536;

// Costs in nanoseconds, measured on Zen 4 with rows of 2 to 13 lines. Only their ratios matter, and
// those hardly differ between machines.
constexpr double kScanRow = 6.0, kScanLine = 1.6;       // in order, or nearly
constexpr double kWalkRow = 8.0, kWalkLine = 2.5;       // at the end of a link
constexpr double kVectorRow = 12.0, kVectorLine = 2.2;  // of stored vectors, which lie further away
constexpr double kPrepare = 3000.0;                     // the query's transform
constexpr double kHop = 60.0;                           // pool, links, bookkeeping
constexpr double kTest = 0.8;                           // a link looked at: visited? passing?
constexpr double kFarLinks = 18.0;                      // fetching the links of a node in between

// Stored vectors that a scan of codes compares besides those of the rerank: see graph_search.cc.
constexpr double kScanExtra = 32.0;

// Of a node's links, how many lead to nodes not seen before: 10 to 14 of 32 were measured.
constexpr double kFreshLinks = 0.4;
// The walk over passing nodes needs this many of them within two hops, or it falls apart.
constexpr double kTwoHopReach = 24.0;
// And looks at no more than these many degrees' worth.
constexpr double kTwoHopDegrees = 2.0;

double CodeCost(const GraphShape& shape, bool scan) {
  const bool codes = shape.code_lines != 0;
  const auto lines = static_cast<double>(codes ? shape.code_lines : shape.vector_lines);
  if (!codes) return kVectorRow + kVectorLine * lines;
  return scan ? kScanRow + kScanLine * lines : kWalkRow + kWalkLine * lines;
}

}  // namespace

GraphPlan PlanGraphSearch(const GraphShape& shape, const IndexQuery& query, uint32_t ef_search,
                          float oversampling) {
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

  const double vector_cost = kVectorRow + kVectorLine * static_cast<double>(shape.vector_lines);
  const double rerank_cost = shape.code_lines == 0 ? 0.0 : plan.rerank * vector_cost + kPrepare;
  const double exact_scan = rows * vector_cost;
  const double code_scan = rows * CodeCost(shape, true) + rerank_cost + kScanExtra * vector_cost;
  const double fresh = kFreshLinks * shape.degree;
  const double hop = kHop + shape.degree * kTest + fresh * CodeCost(shape, false);
  const double walk_width = std::min(std::ceil(std::max(ef, plan.rerank) / share), 1e9);
  const size_t linked = std::min(shape.linked, shape.n);
  const double tail = static_cast<double>(shape.n - linked) * share * CodeCost(shape, true);
  const double walk = walk_width * hop + tail + rerank_cost;
  const double between = shape.degree * (1 - share);
  const double looked =
      std::min(kTwoHopDegrees * shape.degree, share * shape.degree * (1 + between) * kFreshLinks);
  const double tests = shape.degree * kTest;
  const double far_hop =
      kHop + tests + between * (kFarLinks + tests) + looked * CodeCost(shape, false);
  const double two_hop = std::max(ef, plan.rerank) * far_hop + tail + rerank_cost;

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
