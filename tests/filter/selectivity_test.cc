#include "filter/selectivity.h"

#include <gtest/gtest.h>

#include "filter/payload_codec.h"
#include "tests/filter/memory_rows.h"

namespace sagitta::filter {
namespace {

TEST(Selectivity, FollowsTheTree) {
  MemoryRows rows({{"k", PayloadIndexKind::kKeyword}, {"n", PayloadIndexKind::kInt64}});
  for (uint64_t row = 0; row < 1000; ++row) {
    rows.Add(row, *EncodePayload({{"k", row % 10 == 0 ? "rare" : "common"},
                                  {"n", static_cast<int64_t>(row)}}));
  }
  const Filter rare = Filter::Equals("k", "rare");
  const Filter half = Filter::Range("n", std::nullopt, Filter::Bound{500, false});
  EXPECT_NEAR(EstimateSelectivity(rare, rows), 0.1, 1e-9);
  EXPECT_NEAR(EstimateSelectivity(Filter::Not(rare), rows), 0.9, 1e-9);
  EXPECT_NEAR(EstimateSelectivity(Filter::And({rare, half}), rows), 0.05, 1e-9);
  EXPECT_NEAR(EstimateSelectivity(Filter::Or({rare, half}), rows), 0.55, 1e-9);
  EXPECT_NEAR(EstimateSelectivity(Filter::IdIn({PointId(1), PointId(2)}), rows), 0.002, 1e-9);
  EXPECT_NEAR(EstimateSelectivity(Filter::Exists("unindexed"), rows), 0.5, 1e-9);
  EXPECT_EQ(EstimateSelectivity(Filter::And({}), rows), 1);
}

TEST(Selectivity, NestedAsksTheIndexesOfItsObjects) {
  MemoryRows rows({{"a.x", PayloadIndexKind::kInt64}, {"a.y", PayloadIndexKind::kInt64}});
  for (int row = 0; row < 100; ++row) {
    const ValueObject object = {{"x", row % 10}, {"y", row % 4}};
    rows.Add(static_cast<uint64_t>(row), *EncodePayload({{"a", ValueList{object}}}));
  }
  const Filter both = Filter::And({Filter::Equals("x", 1), Filter::Equals("y", 1)});
  EXPECT_NEAR(EstimateSelectivity(Filter::Nested("a", both), rows), 0.1 * 0.25, 1e-9);
}

}  // namespace
}  // namespace sagitta::filter
