#include "codec/transform.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace sagitta::codec {
namespace {

constexpr uint32_t kDim = 24;

// Correlated, away from the origin.
std::vector<float> Rows(size_t n, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> rows(n * kDim);
  for (size_t i = 0; i < n; ++i) {
    const float common = normal(random);
    for (uint32_t d = 0; d < kDim; ++d) {
      rows[i * kDim + d] = 3.0f + common + 0.1f * static_cast<float>(d) * normal(random);
    }
  }
  return rows;
}

void ExpectSame(const Transform& a, const Transform& b, const float* x) {
  std::vector<float> scratch, ya(a.out()), yb(b.out());
  ASSERT_EQ(a.out(), b.out());
  a.Apply(x, true, &scratch, ya.data());
  b.Apply(x, true, &scratch, yb.data());
  EXPECT_EQ(ya, yb);
}

TEST(Transform, InvertUndoesApplyAndSurvivesBytes) {
  const std::vector<float> rows = Rows(500, 1);
  const std::vector<float> mean = MeanOf(rows.data(), 500, kDim);
  auto matrix = PrincipalComponents(rows.data(), 500, kDim);
  ASSERT_TRUE(matrix.ok()) << matrix.status().ToString();
  for (const Transform& transform :
       {Transform::Identity(kDim, {}), Transform::Identity(kDim, mean),
        Transform::Rotated(kDim, mean, 7), Transform::Linear(kDim, mean, *matrix)}) {
    std::vector<float> scratch, y(transform.out()), back(kDim);
    for (size_t i = 0; i < 20; ++i) {
      const float* x = rows.data() + i * kDim;
      transform.Apply(x, true, &scratch, y.data());
      double squares = 0;
      for (const float v : y) squares += double{v} * v;
      EXPECT_NEAR(squares, transform.SquaredDistanceToMean(x), 1e-3 * (1 + squares));
      transform.Invert(y.data(), back.data());
      // A matrix is kept as f16: to a thousandth of the vector's length.
      const double most = 1e-3 * (1 + std::sqrt(squares));
      for (uint32_t d = 0; d < kDim; ++d) EXPECT_NEAR(back[d], x[d], most);
    }
    std::string bytes;
    transform.Serialize(&bytes);
    std::string_view in = bytes;
    Transform read;
    ASSERT_TRUE(Transform::Deserialize(in, kDim, &read));
    EXPECT_TRUE(in.empty());
    ExpectSame(transform, read, rows.data());
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      in = std::string_view(bytes).substr(0, cut);
      EXPECT_FALSE(Transform::Deserialize(in, kDim, &read)) << cut;
    }
    // Of another dimension, but where nothing in it has one.
    in = bytes;
    if (transform.MemoryBytes() > 0 && transform.DotWithMean(rows.data()) != 0.0f) {
      EXPECT_FALSE(Transform::Deserialize(in, kDim + 1, &read));
    }
  }
}

TEST(Transform, SparseProjectionsKeepProductsOnAverage) {
  const std::vector<float> rows = Rows(400, 3);
  const std::vector<float> mean = MeanOf(rows.data(), 400, kDim);
  for (const uint32_t out : {8u, kDim, 500u}) {
    const Transform transform = Transform::Sparse(kDim, mean, out, 11);
    ASSERT_EQ(transform.out(), out);
    std::vector<float> scratch, a(out), b(out), back(kDim);
    double lengths = 0, projected = 0, sum = 0, transposed = 0;
    for (size_t i = 0; i + 1 < 400; ++i) {
      const float* x = rows.data() + i * kDim;
      transform.Apply(x, true, &scratch, a.data());
      transform.Apply(x + kDim, true, &scratch, b.data());
      lengths += transform.SquaredDistanceToMean(x);
      for (uint32_t d = 0; d < out; ++d) {
        projected += double{a[d]} * a[d];
        sum += double{a[d]} * b[d];
      }
      // ⟨a, T·x⟩ is ⟨Tᵀ·a, x⟩.
      transform.Invert(a.data(), back.data());
      for (uint32_t d = 0; d < kDim; ++d) {
        transposed += double{back[d] - mean[d]} * (x[kDim + d] - mean[d]);
      }
    }
    EXPECT_NEAR(transposed, sum, 1e-3 * projected);
    EXPECT_NEAR(projected / lengths, 1.0, out == 500 ? 0.1 : 0.6);
    std::string bytes;
    transform.Serialize(&bytes);
    std::string_view in = bytes;
    Transform read;
    ASSERT_TRUE(Transform::Deserialize(in, kDim, &read));
    EXPECT_TRUE(in.empty());
    ExpectSame(transform, read, rows.data());
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      in = std::string_view(bytes).substr(0, cut);
      EXPECT_FALSE(Transform::Deserialize(in, kDim, &read)) << cut;
    }
    bytes[bytes.size() - 2] = '\x7F';  // a width out of bounds
    in = bytes;
    EXPECT_FALSE(Transform::Deserialize(in, kDim, &read));
  }
}

TEST(Transform, PrincipalComponentsGoByVariance) {
  const std::vector<float> rows = Rows(2000, 2);
  const auto matrix = PrincipalComponents(rows.data(), 2000, kDim);
  ASSERT_TRUE(matrix.ok());
  const Transform transform = Transform::Linear(kDim, MeanOf(rows.data(), 2000, kDim), *matrix);
  std::vector<float> scratch, y(kDim);
  std::vector<double> variance(kDim), product(kDim);
  for (size_t i = 0; i < 2000; ++i) {
    transform.Apply(rows.data() + i * kDim, true, &scratch, y.data());
    for (uint32_t d = 0; d < kDim; ++d) variance[d] += double{y[d]} * y[d];
    for (uint32_t d = 1; d < kDim; ++d) product[d] += double{y[d]} * y[d - 1];
  }
  for (uint32_t d = 1; d < kDim; ++d) {
    EXPECT_LE(variance[d], variance[d - 1] * (1 + 1e-4)) << d;
    EXPECT_NEAR(product[d], 0.0, 2e-3 * std::sqrt(variance[d] * variance[d - 1])) << d;
  }
  EXPECT_EQ(PrincipalComponents(rows.data(), kDim - 1, kDim).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace sagitta::codec
