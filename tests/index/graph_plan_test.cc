#include "index/graph_plan.h"

#include <gtest/gtest.h>

namespace sagitta::index {
namespace {

constexpr GraphShape kShape{.n = 1'000'000, .degree = 32, .code_lines = 2, .vector_lines = 49};
const uint64_t kSomeFilter = 0;

GraphPlan Plan(const GraphShape& shape, double share, uint32_t k = 10) {
  IndexQuery query;
  query.k = k;
  if (share < 1) {
    query.filter.allowed = &kSomeFilter;
    query.filter.allowed_count = static_cast<size_t>(share * static_cast<double>(shape.n));
  }
  return PlanGraphSearch(shape, query, 128, 2.5f);
}

TEST(GraphPlan, GoesFromScansToWalksAsMoreRowsPass) {
  EXPECT_EQ(Plan(kShape, 0.0).strategy, SearchStrategy::kExactScan);
  EXPECT_EQ(Plan(kShape, 0.00002).strategy, SearchStrategy::kExactScan);
  EXPECT_EQ(Plan(kShape, 0.001).strategy, SearchStrategy::kCodeScan);
  EXPECT_EQ(Plan(kShape, 0.1).strategy, SearchStrategy::kTwoHopWalk);
  EXPECT_EQ(Plan(kShape, 0.9).strategy, SearchStrategy::kWalk);
  EXPECT_EQ(Plan(kShape, 1.0).strategy, SearchStrategy::kWalk);
  uint8_t last = 0;
  for (double share = 1e-5; share < 1; share *= 1.3) {
    SearchStrategy strategy = Plan(kShape, share).strategy;
    const uint8_t rank = strategy == SearchStrategy::kExactScan    ? 0
                         : strategy == SearchStrategy::kCodeScan   ? 1
                         : strategy == SearchStrategy::kTwoHopWalk ? 2
                                                                   : 3;
    EXPECT_GE(rank, last) << share;
    last = rank;
  }
}

TEST(GraphPlan, SmallSegmentsAndLargeAnswersAreScanned) {
  GraphShape small = kShape;
  small.n = 1000;
  EXPECT_EQ(Plan(small, 1.0).strategy, SearchStrategy::kCodeScan);
  EXPECT_NE(Plan(kShape, 1.0, 1'000'000).strategy, SearchStrategy::kWalk);
  EXPECT_EQ(Plan(kShape, 1.0, 2'000'000).strategy, SearchStrategy::kExactScan);
}

TEST(GraphPlan, WithoutCodesThereIsNoCodeScan) {
  GraphShape plain = kShape;
  plain.code_lines = 0;
  for (double share = 1e-5; share < 1; share *= 1.3) {
    EXPECT_NE(Plan(plain, share).strategy, SearchStrategy::kCodeScan) << share;
  }
}

TEST(GraphPlan, WidthAndRerankFollowTheQuery) {
  IndexQuery query;
  EXPECT_EQ(PlanGraphSearch(kShape, query, 128, 2.5f).width, 128u);
  EXPECT_EQ(PlanGraphSearch(kShape, query, 128, 2.5f).rerank, 32u);
  query.params.ef = 20;
  EXPECT_EQ(PlanGraphSearch(kShape, query, 128, 2.5f).width, 20u);
  EXPECT_EQ(PlanGraphSearch(kShape, query, 128, 2.5f).rerank, 20u);
  query.params.ef = 40;
  query.params.oversampling = 6.0f;
  EXPECT_EQ(PlanGraphSearch(kShape, query, 128, 2.5f).rerank, 60u);
  EXPECT_EQ(PlanGraphSearch(kShape, query, 128, 2.5f).width, 60u) << "no less than is reranked";
  query.k = 100;
  EXPECT_GE(PlanGraphSearch(kShape, query, 128, 2.5f).width, 600u);
  query.params.exact = true;
  EXPECT_EQ(PlanGraphSearch(kShape, query, 128, 2.5f).strategy, SearchStrategy::kExactScan);
}

TEST(GraphPlan, GoesByWhatTheMachineIsGoodAt) {
  IndexQuery query;
  query.filter.allowed = &kSomeFilter;
  query.filter.allowed_count = 25'000;
  const auto plan = [&](const GraphCosts& costs) {
    return PlanGraphSearch(kShape, query, 128, 2.5f, costs).strategy;
  };
  GraphCosts slow_scans, slow_walks;
  slow_scans.scan_row = slow_scans.scan_line = 10;
  slow_walks.walk_row = slow_walks.walk_line = 20;
  slow_walks.far_links = 140;
  EXPECT_EQ(plan(slow_scans), SearchStrategy::kTwoHopWalk);
  EXPECT_EQ(plan(slow_walks), SearchStrategy::kCodeScan);
}

// The rows that pass are on the whole as many in the pool as the rerank wants.
TEST(GraphPlan, AWalkThatDropsRowsIsWider) {
  const GraphPlan plan = Plan(kShape, 0.5);
  EXPECT_EQ(plan.strategy, SearchStrategy::kWalk);
  EXPECT_EQ(plan.width, 192u) << "96 of 128 when half of the rows pass";
  EXPECT_GE(Plan(kShape, 0.9).width, 135u);
  IndexQuery query;
  query.filter.allowed = &kSomeFilter;
  query.filter.allowed_count = kShape.n / 2;
  query.params.ef = 128;
  EXPECT_EQ(PlanGraphSearch(kShape, query, 128, 2.5f).width, 256u) << "a width asked for is kept";
}

// What passes near the query decides how wide a walk has to be, and whether there can be one.
TEST(GraphPlan, GoesByWhatPassesAroundTheQuery) {
  IndexQuery query;
  query.filter.allowed = &kSomeFilter;
  query.filter.allowed_count = kShape.n / 10;
  const auto plan = [&](std::optional<double> around) {
    return PlanGraphSearch(kShape, query, 128, 2.5f, {}, around);
  };
  EXPECT_TRUE(plan(std::nullopt).look_around);
  EXPECT_FALSE(plan(0.1).look_around) << "once";
  EXPECT_EQ(plan(0.9).strategy, SearchStrategy::kWalk);
  EXPECT_LT(plan(0.9).width, 100u);
  query.filter.allowed_count = kShape.n / 2;
  EXPECT_EQ(plan(0.5).width, 192u);
  // 160 and 256 of what a walk keeps are to pass.
  EXPECT_EQ(plan(0.4).width, plan(0.4).strategy == SearchStrategy::kWalk ? 400u : 160u);
  EXPECT_EQ(plan(0.2).width, plan(0.2).strategy == SearchStrategy::kWalk ? 1280u : 256u);
  query.filter.allowed_count = kShape.n / 10;
  // A few percent around it make a walk from where it has come to.
  EXPECT_EQ(plan(0.02).sample_step, 0u);
  query.filter.allowed_count = 100;
  EXPECT_FALSE(plan(std::nullopt).look_around) << "a scan of few rows takes less than looking";
  query.filter.allowed = nullptr;
  EXPECT_FALSE(plan(std::nullopt).look_around);
}

// Apart from all that passes, a sample of it tells where to start: a share of the rows that falls
// as these are more, of few none.
TEST(GraphPlan, StartsFromASampleWhereNothingPassesAroundTheQuery) {
  IndexQuery query;
  query.filter.allowed = &kSomeFilter;
  const auto plan = [&](size_t passing, double around) {
    query.filter.allowed_count = passing;
    return PlanGraphSearch(kShape, query, 128, 2.5f, {}, around);
  };
  size_t last = 1;
  for (const size_t passing : {50'000u, 100'000u, 500'000u, 900'000u}) {
    for (const double around : {0.0, 0.005}) {
      const GraphPlan far = plan(passing, around);
      EXPECT_EQ(far.strategy, SearchStrategy::kTwoHopWalk) << passing;
      EXPECT_GE(far.width, 128u);
      EXPECT_GE(far.sample_step, last);
      if (around > 0) last = far.sample_step + 1;
    }
  }
  EXPECT_EQ(plan(5'000, 0.0).strategy, SearchStrategy::kCodeScan);
}

// The second walk is for what a scan takes longer than.
TEST(GraphPlan, ATwoHopWalkIsRepeatedWhereAScanTakesLonger) {
  const GraphPlan plan = Plan(kShape, 0.1);
  EXPECT_EQ(plan.second_width, 4 * plan.width);
  GraphShape plain = kShape;
  plain.code_lines = 0;
  EXPECT_EQ(Plan(plain, 0.1).second_width, 0u) << "without codes there is no doubt";
  EXPECT_EQ(Plan(kShape, 0.9).second_width, 0u) << "what a walk did not find is not near";
}

}  // namespace
}  // namespace sagitta::index
