#include "index/ivf_train.h"

#include <gtest/gtest.h>

#include <limits>

#include "index_testing.h"

namespace sagitta::index {
namespace {

TEST(SamplePositions, AreAscendingAndFromAllOver) {
  for (const size_t n : {1u, 10u, 1000u}) {
    for (const size_t count : {0u, 1u, 7u, 1000u, 5000u}) {
      const std::vector<uint32_t> sample = SamplePositions(n, count, 4);
      ASSERT_EQ(sample.size(), std::min(n, count));
      for (size_t i = 0; i < sample.size(); ++i) {
        EXPECT_GE(sample[i], i * n / sample.size());
        EXPECT_LT(sample[i], (i + 1) * n / sample.size());
      }
    }
  }
  EXPECT_NE(SamplePositions(1000, 100, 1), SamplePositions(1000, 100, 2));
}

TEST(RowAsFloats, IsFinite) {
  TestRows data(3, 6, Metric::kL2);
  const float bad[] = {std::numeric_limits<float>::quiet_NaN(),
                       -std::numeric_limits<float>::infinity()};
  std::copy_n(reinterpret_cast<const std::byte*>(bad), sizeof(bad), data.mutable_row(1) + 8);
  float floats[4];
  RowAsFloats(data.rows(), 1, 1, 4, floats);
  const std::vector<double> row = data.RowAsDoubles(1);
  EXPECT_EQ(floats[0], row[1]);
  EXPECT_EQ(floats[1], 0);
  EXPECT_EQ(floats[2], 0);
  EXPECT_EQ(floats[3], row[4]);
}

TEST(TrainLists, PutsEveryRowIntoItsNearestList) {
  for (const Dtype dtype : {Dtype::kF32, Dtype::kI8}) {
    TestRows data(2000, 20, Metric::kL2, dtype);
    IvfAssignment lists;
    std::vector<uint32_t> list_of;
    ASSERT_TRUE(TrainLists(data.rows(), 40, {}, &lists, &list_of).ok());
    ASSERT_EQ(lists.centroids.size(), 40u * 20);
    ASSERT_EQ(lists.offsets.back(), 2000u);
    for (size_t i = 0; i < 2000; ++i) {
      std::vector<double> keys;
      for (size_t c = 0; c < 40; ++c) {
        const float* centroid = lists.centroids.data() + c * 20;
        keys.push_back(TrueKey(data, {centroid, centroid + 20}, i));
      }
      const double best = *std::min_element(keys.begin(), keys.end());
      EXPECT_LE(keys[list_of[i]], best * 1.0001);
    }
  }
}

}  // namespace
}  // namespace sagitta::index
