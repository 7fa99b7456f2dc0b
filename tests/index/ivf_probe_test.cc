#include "index/ivf_probe.h"

#include <gtest/gtest.h>

#include "index_testing.h"

namespace sagitta::index {
namespace {

const float* CentroidOf(const IvfLists& lists, uint32_t list) {
  return reinterpret_cast<const float*>(lists.centroids().row(list));
}

TEST(ProbeOrder, IsByDistanceHoweverFewAreSortedFirst) {
  TestRows data(4000, 8, Metric::kL2);
  IndexParams params;
  params.kind = IndexKind::kIvfFlat;
  params.ivf.nlist = 50;
  const auto built = Build(data.rows(), params);
  ASSERT_NE(built, nullptr);
  const auto lists = IvfLists::Open(IndexKind::kIvfFlat, data.rows(), "f.", *built->file);
  ASSERT_TRUE(lists.ok());
  const std::vector<float> query = data.Draw();
  for (const size_t first : {0u, 1u, 13u, 50u, 99u}) {
    ProbeOrder order(*lists, data.rows(), query.data(), first);
    std::vector<uint32_t> seen;
    double before = 0;
    for (uint32_t i = 0; i < 50; ++i) {
      seen.push_back(order.Next());
      double key = 0;
      for (uint32_t d = 0; d < 8; ++d) {
        const double difference = CentroidOf(*lists, seen.back())[d] - query[d];
        key += difference * difference;
      }
      EXPECT_GE(key, before - 1e-3);
      before = key;
    }
    std::sort(seen.begin(), seen.end());
    for (uint32_t i = 0; i < 50; ++i) EXPECT_EQ(seen[i], i);
  }
}

TEST(ProbeGoal, WithoutAFilterIsNprobeListsAndKRows) {
  IndexQuery query;
  query.k = 10;
  ProbeGoal goal(query, 1000, 100, 8);
  EXPECT_EQ(goal.lists(), 8u);
  EXPECT_FALSE(goal.Reached(7, 500));
  EXPECT_FALSE(goal.Reached(8, 9));
  EXPECT_TRUE(goal.Reached(8, 10));
}

TEST(ProbeGoal, WidensAsFewerRowsPass) {
  const uint64_t words[1] = {};
  IndexQuery query;
  query.filter.allowed = words;
  size_t before = 8;
  for (const size_t allowed : {50'000u, 10'000u, 1'000u, 100u}) {
    query.filter.allowed_count = allowed;
    const ProbeGoal goal(query, 100'000, 1000, 8);
    EXPECT_GT(goal.lists(), before) << allowed;
    EXPECT_LE(goal.lists(), 1000u);
    before = goal.lists();
  }
}

TEST(ProbeGoal, ReadsOnWhereTheNearListsHoldLessThanTheirShare) {
  const uint64_t words[1] = {};
  IndexQuery query;
  query.k = 10;
  query.filter.allowed = words;
  query.filter.allowed_count = 25'000;
  ProbeGoal near(query, 100'000, 1000, 50);  // 100 lists, whose share is 2,500 rows
  EXPECT_TRUE(near.Reached(100, 2500));
  ProbeGoal far(query, 100'000, 1000, 50);
  EXPECT_FALSE(far.Reached(100, 100));
  EXPECT_FALSE(far.Reached(300, 2500));
  EXPECT_TRUE(far.Reached(600, 10'000));
}

TEST(ScanIsCheaper, WhereFewRowsPassOrAllAreWanted) {
  const uint64_t words[1] = {};
  IndexQuery query;
  EXPECT_FALSE(ScanIsCheaper(query, 100'000, 1000));
  query.k = 100'000;
  EXPECT_TRUE(ScanIsCheaper(query, 100'000, 1000));
  query.k = 10;
  query.params.exact = true;
  EXPECT_TRUE(ScanIsCheaper(query, 100'000, 1000));
  query.params.exact = false;
  query.filter.allowed = words;
  query.filter.allowed_count = 2000;
  EXPECT_TRUE(ScanIsCheaper(query, 100'000, 1000));
  query.filter.allowed_count = 2001;
  EXPECT_FALSE(ScanIsCheaper(query, 100'000, 1000));
}

}  // namespace
}  // namespace sagitta::index
