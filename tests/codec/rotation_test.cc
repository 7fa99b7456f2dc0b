#include "codec/rotation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sagitta::codec {
namespace {

double SquaredNorm(const std::vector<float>& v) {
  double sum = 0;
  for (const float x : v) sum += double{x} * x;
  return sum;
}

TEST(Rotation, KeepsLengthsAndProductsAtEveryDimension) {
  for (const size_t dim : {1, 2, 3, 5, 16, 17, 100, 784, 1024, 1536}) {
    const Rotation rotation(dim, 7);
    std::vector<float> a(dim), b(dim);
    double product = 0;
    for (size_t i = 0; i < dim; ++i) {
      a[i] = std::sin(static_cast<float>(i));
      b[i] = std::cos(3.0f * static_cast<float>(i));
      product += double{a[i]} * b[i];
    }
    const double length = SquaredNorm(a);
    rotation.Apply(a.data());
    rotation.Apply(b.data());
    EXPECT_NEAR(SquaredNorm(a), length, 1e-4 * length) << dim;
    double rotated = 0;
    for (size_t i = 0; i < dim; ++i) rotated += double{a[i]} * b[i];
    EXPECT_NEAR(rotated, product, 1e-3 * (1 + length)) << dim;
  }
}

// Of a unit vector no element stays large: that is what the codes count on.
TEST(Rotation, SpreadsASingleElement) {
  for (const size_t dim : {64, 100, 784}) {
    const Rotation rotation(dim, 1);
    for (const size_t at : {size_t{0}, dim / 2, dim - 1}) {
      std::vector<float> v(dim, 0.0f);
      v[at] = 1;
      rotation.Apply(v.data());
      for (const float x : v) EXPECT_LT(std::abs(x), 0.75f) << dim << " from " << at;
    }
  }
}

TEST(Rotation, IsTheSameForASeedOnly) {
  std::vector<float> a(50, 1.0f), b = a, c = a;
  Rotation(50, 1).Apply(a.data());
  Rotation(50, 1).Apply(b.data());
  Rotation(50, 2).Apply(c.data());
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}

}  // namespace
}  // namespace sagitta::codec
