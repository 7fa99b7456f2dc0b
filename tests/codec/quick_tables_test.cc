#include "codec/quick_tables.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace sagitta::codec {
namespace {

// What bytes find in the quick tables, in units of the floats.
double Found(const QuickTables& quick, const std::vector<uint8_t>& code) {
  uint32_t sum = 0;
  for (size_t i = 0; i < quick.columns.size(); ++i) {
    const uint8_t byte = code[quick.columns[i]];
    sum += quick.tables[32 * i + byte % 16] + uint32_t{quick.tables[32 * i + 16 + byte / 16]};
  }
  return quick.base + double{quick.step} * sum;
}

double Exact(const std::vector<float>& tables, const std::vector<uint8_t>& code) {
  double sum = 0;
  for (size_t i = 0; i < code.size(); ++i) {
    sum += double{tables[32 * i + code[i] % 16]} + tables[32 * i + 16 + code[i] / 16];
  }
  return sum;
}

std::vector<uint8_t> RandomCode(size_t bytes, std::mt19937* random) {
  std::vector<uint8_t> code(bytes);
  for (uint8_t& v : code) v = static_cast<uint8_t>((*random)());
  return code;
}

TEST(QuickTables, AreWrongByNoMoreThanTheyTell) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (const float decay : {0.0f, 0.01f, 0.1f}) {
    for (const size_t bytes : {1u, 5u, 100u}) {
      std::vector<float> tables(32 * bytes);
      for (size_t i = 0; i < tables.size(); ++i) {
        tables[i] = normal(random) * std::exp(-decay * static_cast<float>(i / 32));
      }
      const QuickTables quick = QuickTables::Of(tables);
      EXPECT_LE(quick.columns.size(), bytes + bytes / 2);
      EXPECT_EQ(quick.tables.size(), 32 * quick.columns.size());
      for (const uint8_t v : quick.tables) EXPECT_LE(v, 127);
      double squares = 0;
      constexpr int kCodes = 500;
      for (int i = 0; i < kCodes; ++i) {
        const std::vector<uint8_t> code = RandomCode(bytes, &random);
        squares += std::pow(Found(quick, code) - Exact(tables, code), 2) / kCodes;
      }
      EXPECT_LE(std::sqrt(squares), 1.4 * quick.error) << bytes << " bytes, decay " << decay;
      EXPECT_GE(std::sqrt(squares), 0.5 * quick.error) << bytes << " bytes, decay " << decay;
    }
  }
}

// Of 100 bytes, the first ten have most of what there is to find.
TEST(QuickTables, FewLargeNumbersDoNotMakeAllOthersCoarse) {
  std::mt19937 random(6);
  std::normal_distribution<float> normal;
  std::vector<float> tables(3200);
  for (size_t i = 0; i < tables.size(); ++i) tables[i] = normal(random) * (i < 320 ? 10.0f : 1.0f);
  const QuickTables quick = QuickTables::Of(tables);
  float largest = 0;
  for (size_t i = 0; i < 20; ++i) {
    const auto [low, high] =
        std::minmax_element(tables.begin() + 16 * i, tables.begin() + 16 * i + 16);
    largest = std::max(largest, *high - *low);
  }
  EXPECT_LE(quick.step, 0.45f * largest / 127);
}

TEST(QuickTables, HalfOfTheLookUpsThatDecideMoreComeFirst) {
  std::mt19937 random(9);
  std::normal_distribution<float> normal;
  std::vector<float> tables(32 * 60);
  for (size_t i = 0; i < tables.size(); ++i) {
    // Every sixth byte decides a lot.
    tables[i] = normal(random) * (i / 32 % 6 == 1 ? 1.0f : 0.1f);
  }
  EXPECT_EQ(QuickTables::Of(tables).first, 0u);
  const QuickTables quick = QuickTables::Of(tables, true);
  EXPECT_GE(2 * quick.first, quick.columns.size());
  EXPECT_LE(2 * quick.first, quick.columns.size() + 8);
  for (uint32_t byte = 1; byte < 60; byte += 6) {
    const auto end = quick.columns.begin() + static_cast<ptrdiff_t>(quick.first);
    EXPECT_NE(std::find(quick.columns.begin(), end, byte), end) << byte;
    EXPECT_EQ(std::find(end, quick.columns.end(), byte), quick.columns.end()) << byte;
  }
  EXPECT_EQ(QuickTables::Of(std::vector<float>(32 * 7, 1.0f), true).first, 0u) << "too few bytes";
}

TEST(QuickTables, IntegersAreExactWhereLookUpsSuffice) {
  std::mt19937 random(7);
  for (const int range : {100, 127, 300}) {
    std::vector<float> tables(32 * 20);
    for (size_t i = 0; i < tables.size(); ++i) {
      // One of twenty is large.
      const int most = i < 32 ? range : 100;
      tables[i] = static_cast<float>(static_cast<int>(random() % (most + 1)) - most / 2);
    }
    const QuickTables quick = QuickTables::Of(tables);
    EXPECT_EQ(quick.error, 0.0f) << range;
    for (int i = 0; i < 100; ++i) {
      const std::vector<uint8_t> code = RandomCode(20, &random);
      EXPECT_EQ(Found(quick, code), Exact(tables, code)) << range;
    }
  }
}

TEST(QuickTables, WhatIsNoNumberEndsInTablesAllTheSame) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float odd : {kInfinity, -kInfinity, std::nanf(""), 3e38f}) {
    std::vector<float> tables(32 * 4, 1.0f);
    tables[7] = odd;
    tables[40] = -odd;
    const QuickTables quick = QuickTables::Of(tables);
    EXPECT_LE(quick.columns.size(), 6u);
    for (const uint8_t v : quick.tables) EXPECT_LE(v, 127);
  }
  EXPECT_TRUE(QuickTables::Of({}).columns.empty());
}

}  // namespace
}  // namespace sagitta::codec
