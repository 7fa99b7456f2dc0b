#include "codec/grid.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

namespace sagitta::codec {
namespace {

Grid RandomGrid(size_t dims, std::mt19937* random) {
  std::uniform_real_distribution<float> uniform(0.01f, 1.0f);
  Grid grid;
  for (size_t d = 0; d < dims; ++d) {
    grid.bits.push_back(static_cast<uint8_t>((*random)() % 9));
    grid.step.push_back(uniform(*random));
    grid.offset.push_back(uniform(*random) - 0.5f);
  }
  return grid;
}

TEST(Grid, PacksTheNearestIntegersOfAnyWidths) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (int round = 0; round < 200; ++round) {
    const size_t dims = 1 + random() % 40;
    const Grid grid = RandomGrid(dims, &random);
    const float scale = round % 2 == 0 ? 1.0f : 2.5f;
    std::vector<float> y(dims), value(dims), back(dims);
    for (float& v : y) v = 20 * normal(random);
    // A guard behind the code is not touched.
    std::vector<uint8_t> code(grid.bytes() + 1, 0xA5);
    grid.Quantize(y.data(), scale, code.data(), value.data());
    ASSERT_EQ(code.back(), 0xA5);
    grid.Values(code.data(), back.data());
    for (size_t d = 0; d < dims; ++d) {
      EXPECT_NEAR(back[d] * scale, value[d], 1e-4f * (1 + std::abs(value[d])));
      for (uint32_t c = 0; c < 1u << grid.bits[d]; ++c) {
        const float other = scale * (grid.offset[d] + grid.step[d] * static_cast<float>(c));
        EXPECT_LE(std::abs(y[d] - value[d]), std::abs(y[d] - other) + 1e-3f) << d << " " << c;
      }
    }
  }
}

TEST(Grid, TablesAddUpToTheProductWithItsValues) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  for (int round = 0; round < 100; ++round) {
    const size_t dims = 1 + random() % 50;
    const Grid grid = RandomGrid(dims, &random);
    std::vector<float> y(dims), value(dims), tables;
    for (float& v : y) v = normal(random);
    std::vector<uint8_t> code(grid.bytes());
    const size_t bits = std::accumulate(grid.bits.begin(), grid.bits.end(), size_t{0});
    for (size_t bit = 0; bit < bits; ++bit) {
      code[bit / 8] |= static_cast<uint8_t>((random() & 1) << bit % 8);
    }
    grid.Values(code.data(), value.data());
    float bias;
    grid.Tables(y.data(), &tables, &bias);
    double want = 0, sum = bias, magnitude = 1;
    for (size_t d = 0; d < dims; ++d) {
      want += double{y[d]} * value[d];
      magnitude += std::abs(double{y[d]} * value[d]);
    }
    for (size_t byte = 0; byte < code.size(); ++byte) {
      sum += tables[32 * byte + code[byte] % 16] + tables[32 * byte + 16 + code[byte] / 16];
    }
    EXPECT_NEAR(sum, want, 1e-4 * magnitude);
  }
}

TEST(Grid, TheStepsSuitANormalDistribution) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  constexpr size_t kValues = 50'000;
  for (uint8_t bits = 1; bits <= 8; ++bits) {
    const float half = static_cast<float>((1u << bits) - 1) / 2;
    const auto error_with = [&](float step, std::mt19937 draw) {
      const Grid grid{{bits}, {-half * step}, {step}};
      double error = 0;
      for (size_t i = 0; i < kValues; ++i) {
        const float y = normal(draw);
        float value;
        uint8_t code;
        grid.Quantize(&y, 1.0f, &code, &value);
        error += double{y - value} * (y - value);
      }
      return error / kValues;
    };
    const double best = error_with(NormalStep(bits), random);
    EXPECT_NEAR(best, NormalError(bits), 0.1 * NormalError(bits)) << int{bits};
    EXPECT_LT(best, error_with(1.2f * NormalStep(bits), random)) << int{bits};
    EXPECT_LT(best, error_with(0.8f * NormalStep(bits), random)) << int{bits};
  }
}

TEST(Grid, BitsGoWhereTheyLowerTheErrorMost) {
  std::mt19937 random(4);
  std::vector<float> variance(30);
  for (float& v : variance) v = std::exp(4.0f * static_cast<float>(random() % 1000) / 1000.0f);
  variance[7] = 0.0f;
  const auto error_of = [&](const std::vector<uint8_t>& bits) {
    double error = 0;
    for (size_t d = 0; d < bits.size(); ++d) error += variance[d] * NormalError(bits[d]);
    return error;
  };
  for (const size_t total : {0u, 1u, 29u, 60u, 200u}) {
    std::vector<uint8_t> bits = AllocateBits(variance, total);
    EXPECT_EQ(std::accumulate(bits.begin(), bits.end(), size_t{0}), total);
    EXPECT_EQ(bits[7], 0);
    const double best = error_of(bits);
    // No bit is better elsewhere.
    for (size_t from = 0; from < bits.size(); ++from) {
      for (size_t to = 0; to < bits.size(); ++to) {
        if (from == to || bits[from] == 0 || bits[to] == 8) continue;
        --bits[from], ++bits[to];
        EXPECT_GE(error_of(bits), best * (1 - 1e-6)) << from << " to " << to;
        ++bits[from], --bits[to];
      }
    }
  }
  const std::vector<uint8_t> all = AllocateBits(variance, 100'000);
  EXPECT_EQ(all[0], 8);
  EXPECT_EQ(all[7], 0) << "a dimension without variance needs none";
}

}  // namespace
}  // namespace sagitta::codec
