// Every level against sums in double precision: see distance_test.cc for the tolerance.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "tests/kernels/rows.h"

namespace sagitta::kernels {
namespace {

constexpr size_t kSizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 17};

TEST(Products, AreSumsInDoublesAddedToWhatIsThere) {
  std::mt19937 random(1);
  for (const Level level : AvailableLevels()) {
    for (const size_t dim : {1, 2, 7, 8, 15, 16, 17, 31, 33, 100, 384}) {
      // Vectors further apart than they are long, and sums too.
      const size_t stride = dim + 3, out_stride = 20;
      const std::vector<float> a = RandomFloats(random, Dtype::kF32, 17 * stride);
      const std::vector<float> b = RandomFloats(random, Dtype::kF32, 17 * stride);
      for (const size_t n : kSizes) {
        for (const size_t m : kSizes) {
          std::vector<float> out(17 * out_stride, 2.0f);
          TableAt(level).add_products({a.data(), stride, n}, {b.data(), stride, m}, dim, out.data(),
                                      out_stride);
          for (size_t i = 0; i < 17; ++i) {
            for (size_t j = 0; j < out_stride; ++j) {
              double want = 2, magnitudes = 2;
              for (size_t d = 0; i < n && j < m && d < dim; ++d) {
                const double term = double{a[i * stride + d]} * b[j * stride + d];
                want += term;
                magnitudes += std::abs(term);
              }
              ASSERT_NEAR(out[i * out_stride + j], want,
                          1e-6 * std::sqrt(static_cast<double>(dim)) * magnitudes)
                  << LevelName(level) << " " << n << " x " << m << ", dim " << dim;
            }
          }
        }
      }
    }
  }
}

TEST(Products, HaveTheSameBitsWhereverTheyStand) {
  std::mt19937 random(2);
  constexpr size_t kDim = 101, kN = 11;
  const std::vector<float> a = RandomFloats(random, Dtype::kF32, kN * kDim);
  const std::vector<float> b = RandomFloats(random, Dtype::kF32, kN * kDim);
  for (const Level level : AvailableLevels()) {
    std::vector<float> all(kN * kN, 0.0f);
    TableAt(level).add_products({a.data(), kDim, kN}, {b.data(), kDim, kN}, kDim, all.data(), kN);
    for (size_t i = 0; i < kN; ++i) {
      for (size_t j = 0; j < kN; ++j) {
        float one = 0;
        TableAt(level).add_products({a.data() + i * kDim, kDim, 1}, {b.data() + j * kDim, kDim, 1},
                                    kDim, &one, 1);
        EXPECT_EQ(std::memcmp(&one, &all[i * kN + j], sizeof(float)), 0) << LevelName(level);
      }
    }
  }
}

}  // namespace
}  // namespace sagitta::kernels
