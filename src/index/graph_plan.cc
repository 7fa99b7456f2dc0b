#include "index/graph_plan.h"

#include <algorithm>
#include <cmath>

#include "index/graph_filtered.h"

namespace sagitta::index {
namespace {

constexpr uint32_t kMostWidth = 65'536;

// Stored vectors that a scan of codes compares besides those of the rerank: see graph_query.cc.
constexpr double kScanExtra = 32.0;

// Of a node's links, how many lead to nodes not seen before: 10 to 14 of 32 were measured.
constexpr double kFreshLinks = 0.4;
// The walk over passing nodes needs this many of them within two hops, or it falls apart.
constexpr double kTwoHopReach = 24.0;
// New nodes of such a hop, and what comes with each of them, of a node's links.
constexpr double kTwoHopFresh = 1.0;
// Looking around is for what takes this many times as long.
constexpr double kLookPays = 4.0;
// Where the query lies apart from the nodes that pass, these are islands to a walk: of 300 queries
// on Fashion-MNIST under half-spaces of 3 to 40 % of the rows, those with an eighth of the share
// around them had a recall of 0.98 and more, the others of 0.68 to 0.9. Among a million rows in
// clusters it was 0.26 to 0.38. There it must start on each island, and a sample of the rows that
// pass tells where these are: of P rows so many times √P, so that the best of the sample has a rank
// that grows as √P too. It also tells whether the walk found them all (graph_query.cc).
constexpr double kLeastAround = 1.0 / 8;
constexpr double kSampleOfRoot = 48.0;
// A walk that was too narrow is made once more, so many times as wide.
constexpr uint32_t kWiden = 4;

// How wide a walk is under a filter, of one without. The fewer rows there are to find the nearest
// of, the fewer candidates do; but where less passes around the query than elsewhere, the nearest
// lie apart from it and from each other, and are found less easily.
double WidthUnder(double share, double here) {
  constexpr double kMost = 2.0;
  return here < share ? std::min(kMost, share / here) : (1.0 + share) / 2;
}

// What one query costs on one graph, by strategy.
class Costs {
 public:
  Costs(const GraphShape& shape, const GraphCosts& machine, double passing)
      : shape_(shape), machine_(machine), passing_(passing) {}

  double Vectors(double count) const {
    const auto lines = static_cast<double>(shape_.vector_lines);
    return count * (machine_.vector_row + machine_.vector_line * lines);
  }
  double CodeScan(double rerank) const {
    return passing_ * Code(true) + Vectors(kScanExtra) + Rerank(rerank);
  }
  // The first hops lead to where a walk can look around, most often.
  double Look() const { return 2.0 * static_cast<double>(kLookHops) * Hop(); }
  double Sample(size_t step) const { return passing_ / static_cast<double>(step) * Code(true); }
  double Walk(double width, double rerank) const { return width * Hop() + Tail() + Rerank(rerank); }
  // Among nodes of which `share` passes.
  double TwoHopWalk(double width, double rerank, double share) const {
    const double degree = shape_.degree;
    const auto neighbours = static_cast<double>(TwoHopNeighbours(shape_.degree));
    // Nodes in between whose links are looked through, until enough of what is behind them passes.
    const double between =
        std::clamp(neighbours / (share * degree) - 1.0, 0.0, degree * (1.0 - share));
    const double hop = machine_.hop + degree * machine_.test +
                       between * (machine_.far_links + degree * machine_.test) +
                       kTwoHopFresh * degree * Code(false);
    return Look() + width * hop + Tail() + Rerank(rerank);
  }

 private:
  double Code(bool scan) const {
    const bool codes = shape_.code_lines != 0;
    const auto lines = static_cast<double>(codes ? shape_.code_lines : shape_.vector_lines);
    if (!codes) return Vectors(1);
    return scan ? machine_.scan_row + machine_.scan_line * lines
                : machine_.walk_row + machine_.walk_line * lines;
  }
  double Hop() const {
    const double fresh = kFreshLinks * shape_.degree;
    return machine_.hop + shape_.degree * machine_.test + fresh * Code(false);
  }
  double Tail() const {
    const auto n = static_cast<double>(shape_.n);
    const double linked = static_cast<double>(std::min(shape_.linked, shape_.n));
    return (n - linked) * (passing_ / n) * Code(true);
  }
  double Rerank(double rows) const {
    return shape_.code_lines == 0 ? 0.0 : Vectors(rows) + machine_.prepare;
  }

  const GraphShape& shape_;
  const GraphCosts& machine_;
  const double passing_;
};

}  // namespace

GraphPlan PlanGraphSearch(const GraphShape& shape, const IndexQuery& query, uint32_t ef_search,
                          float oversampling, const GraphCosts& machine,
                          std::optional<double> around) {
  GraphPlan plan;
  const bool filtered = query.filter.allowed != nullptr;
  const size_t passing = filtered ? std::min(query.filter.allowed_count, shape.n) : shape.n;
  const double share = std::max(static_cast<double>(passing) / static_cast<double>(shape.n), 1e-9);
  const double here = std::max(around.value_or(share), 1e-9);
  const auto usual = static_cast<uint32_t>(std::ceil(ef_search * WidthUnder(share, here)));
  const uint32_t ef =
      std::clamp(std::max(query.params.ef.value_or(usual), query.k), 1u, kMostWidth);
  const double times = query.params.oversampling.value_or(oversampling);
  const auto k = static_cast<double>(query.k);
  plan.rerank = static_cast<uint32_t>(std::max({std::ceil(k * times), ef / 4.0, k}));
  // A width that was asked for bounds a rerank that was not.
  if (query.params.ef.has_value() && !query.params.oversampling.has_value()) {
    plan.rerank = std::min(plan.rerank, ef);
  }
  const uint32_t wanted = std::max(ef, plan.rerank);
  const double walk_width = std::min(std::ceil(wanted / here), 1e9);

  const Costs costs(shape, machine, static_cast<double>(passing));
  plan.strategy = SearchStrategy::kExactScan;
  double best = costs.Vectors(static_cast<double>(passing));
  const auto consider = [&](SearchStrategy strategy, double cost, size_t sample_step = 0) {
    if (!(cost < best)) return;
    plan.strategy = strategy;
    plan.sample_step = sample_step;
    best = cost;
  };
  if (query.params.exact) return plan;
  if (shape.code_lines != 0 && passing > plan.rerank) {
    consider(SearchStrategy::kCodeScan, costs.CodeScan(plan.rerank));
  }
  const double reach = static_cast<double>(shape.degree) * shape.degree;
  if (shape.linked > 0 && here < kLeastAround * share) {
    const auto step = static_cast<size_t>(std::sqrt(static_cast<double>(passing)) / kSampleOfRoot);
    if (step > 1 && share * reach >= kTwoHopReach) {
      const double walk = costs.TwoHopWalk(wanted, plan.rerank, share);
      consider(SearchStrategy::kTwoHopWalk, walk + costs.Sample(step), step);
    }
  } else if (shape.linked > 0) {
    if (walk_width <= kMostWidth) {
      consider(SearchStrategy::kWalk, costs.Walk(walk_width, plan.rerank));
    }
    if (filtered && here * reach >= kTwoHopReach) {
      consider(SearchStrategy::kTwoHopWalk, costs.TwoHopWalk(wanted, plan.rerank, here));
    }
  }
  plan.width = plan.strategy == SearchStrategy::kWalk ? static_cast<uint32_t>(walk_width) : wanted;
  if (plan.strategy == SearchStrategy::kTwoHopWalk && shape.code_lines != 0) {
    const double nodes = plan.sample_step != 0 ? share : here;
    const uint32_t wider = plan.width * kWiden;
    const bool pays = costs.TwoHopWalk(wider, plan.rerank, nodes) < costs.CodeScan(plan.rerank);
    plan.second_width = pays ? wider : 0;
  }
  plan.budget = passing;
  plan.look_around =
      filtered && shape.linked > 0 && !around.has_value() &&
      (plan.strategy == SearchStrategy::kTwoHopWalk || best > kLookPays * costs.Look());
  return plan;
}

}  // namespace sagitta::index
