#include "cli/sparkline.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace sagitta::cli {
namespace {

TEST(Sparkline, GoesFromTheSmallestToTheLargest) {
  EXPECT_EQ(Sparkline({}), "");
  EXPECT_EQ(Sparkline(std::vector<float>{5}), "▁");
  EXPECT_EQ(Sparkline(std::vector<float>{7, 7}), "▁▁");
  EXPECT_EQ(Sparkline(std::vector<float>{8, 7, 6, 5, 4, 3, 2, 1}), "█▇▆▅▄▃▂▁");
}

TEST(Sparkline, ManyNumbersAreMeansOfFew) {
  std::vector<float> values(400);
  for (size_t i = 0; i < values.size(); ++i) values[i] = i < 200 ? 1.0f : 3.0f;
  std::string wanted;
  for (int i = 0; i < 40; ++i) wanted += i < 20 ? "▁" : "█";
  EXPECT_EQ(Sparkline(values), wanted);
}

TEST(Sparkline, WhatIsNotFiniteIsBlank) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(Sparkline(std::vector<float>{2, nan, 1}), "█ ▁");
  EXPECT_EQ(Sparkline(std::vector<float>{nan}), " ");
}

}  // namespace
}  // namespace sagitta::cli
