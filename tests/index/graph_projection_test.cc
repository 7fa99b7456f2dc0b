#include "index/graph_projection.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace sagitta::index {
namespace {

// Rows that lie in `rank` random directions, and a little beside them.
GraphSample LowRank(size_t n, uint32_t dim, size_t rank, float noise) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  std::vector<float> directions(rank * dim);
  for (float& v : directions) v = normal(random);
  GraphSample sample{.n = n, .dim = dim, .values = std::vector<float>(n * dim)};
  for (size_t i = 0; i < n; ++i) {
    float* row = sample.values.data() + i * dim;
    for (size_t r = 0; r < rank; ++r) {
      const float share = normal(random);
      for (uint32_t d = 0; d < dim; ++d) row[d] += share * directions[r * dim + d];
    }
    for (uint32_t d = 0; d < dim; ++d) row[d] += noise * normal(random);
  }
  return sample;
}

TEST(GraphProjection, FindsTheSubspaceAndKeepsLengths) {
  const GraphSample sample = LowRank(800, 60, 10, 0.05f);
  GraphProjection projection;
  ASSERT_TRUE(TrainProjection(sample, {4, 12, 30}, 0.98, {}, &projection).ok());
  ASSERT_EQ(projection.dims, 12u) << "4 of 10 directions are too few, 12 are enough";
  for (uint32_t i = 0; i < 12; ++i) {
    for (uint32_t j = 0; j < 12; ++j) {
      double product = 0;
      for (uint32_t d = 0; d < 60; ++d) {
        product += double{projection.basis[i * 60 + d]} * projection.basis[j * 60 + d];
      }
      EXPECT_NEAR(product, i == j ? 1.0 : 0.0, 1e-4);
    }
  }
  for (size_t row = 0; row < 20; ++row) {
    double all = 0, held = 0;
    for (uint32_t d = 0; d < 60; ++d) all += std::pow(sample.row(row)[d], 2);
    for (uint32_t i = 0; i < 12; ++i) {
      double product = 0;
      for (uint32_t d = 0; d < 60; ++d) {
        product += sample.row(row)[d] * projection.basis[i * 60 + d];
      }
      held += product * product;
    }
    EXPECT_GT(held, 0.97 * all);
  }
}

TEST(GraphProjection, NoneWhereRowsDifferInAllDirections) {
  GraphProjection projection;
  ASSERT_TRUE(TrainProjection(LowRank(800, 40, 40, 1.0f), {8, 16}, 0.95, {}, &projection).ok());
  EXPECT_EQ(projection.dims, 0u);
  ASSERT_TRUE(TrainProjection(LowRank(10, 40, 4, 1.0f), {}, 0.95, {}, &projection).ok());
  EXPECT_EQ(projection.dims, 0u);
}

TEST(GraphProjection, RowsThatAreAllAlikeDoNotBreakIt) {
  GraphSample sample{.n = 100, .dim = 30, .values = std::vector<float>(3000, 0.0f)};
  GraphProjection projection;
  ASSERT_TRUE(TrainProjection(sample, {8}, 0.95, {}, &projection).ok());
  for (const float v : projection.basis) EXPECT_TRUE(std::isfinite(v));
}

}  // namespace
}  // namespace sagitta::index
