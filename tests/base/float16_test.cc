#include "base/float16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace sagitta::base {
namespace {

// The value of a half from its definition, in double.
double Reference(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int fraction = half & 1023;
  const double sign = (half & 0x8000) != 0 ? -1.0 : 1.0;
  if (exponent == 31) return fraction != 0 ? std::nan("") : sign * HUGE_VAL;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST(Half, AllValuesWidenAndComeBack) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const uint16_t half = static_cast<uint16_t>(bits);
    const float wide = HalfToFloat(half);
    const double expected = Reference(half);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(wide)) << bits;
      ASSERT_TRUE(std::isnan(HalfToFloat(FloatToHalf(wide)))) << bits;
      continue;
    }
    ASSERT_EQ(static_cast<double>(wide), expected) << bits;
    ASSERT_EQ(std::signbit(wide), (bits & 0x8000) != 0) << bits;
    ASSERT_EQ(FloatToHalf(wide), half) << bits;
  }
}

// Between every two neighbouring halves: below the middle rounds down, above up, the middle to
// even.
TEST(Half, RoundsToNearestEven) {
  for (uint16_t low = 0; low < 0x7BFF; ++low) {
    const uint16_t high = static_cast<uint16_t>(low + 1);
    const float middle =
        static_cast<float>((Reference(low) + Reference(high)) / 2);  // exact: 12 bits
    const uint16_t even = (low & 1) == 0 ? low : high;
    ASSERT_EQ(FloatToHalf(middle), even) << low;
    ASSERT_EQ(FloatToHalf(std::nextafterf(middle, 0)), low) << low;
    ASSERT_EQ(FloatToHalf(std::nextafterf(middle, HUGE_VALF)), high) << low;
    ASSERT_EQ(FloatToHalf(-middle), even | 0x8000) << low;
  }
}

TEST(Half, Extremes) {
  EXPECT_EQ(FloatToHalf(65504.0f), 0x7BFF);
  EXPECT_EQ(FloatToHalf(65519.996f), 0x7BFF);
  EXPECT_EQ(FloatToHalf(65520.0f), 0x7C00);
  EXPECT_EQ(FloatToHalf(std::numeric_limits<float>::max()), 0x7C00);
  EXPECT_EQ(FloatToHalf(-HUGE_VALF), 0xFC00);
  EXPECT_EQ(FloatToHalf(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(FloatToHalf(0x1p-25f), 0);  // half of the smallest: to even
  EXPECT_EQ(FloatToHalf(0x1.8p-25f), 1);
}

TEST(Bf16, AllValuesComeBack) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float wide = Bf16ToFloat(static_cast<uint16_t>(bits));
    if (std::isnan(wide)) {
      ASSERT_TRUE(std::isnan(Bf16ToFloat(FloatToBf16(wide))));
    } else {
      ASSERT_EQ(FloatToBf16(wide), bits);
    }
  }
}

TEST(Bf16, Extremes) {
  EXPECT_EQ(FloatToBf16(std::numeric_limits<float>::max()), 0x7F80);
  EXPECT_EQ(FloatToBf16(std::bit_cast<float>(0x7F7F7FFFu)), 0x7F7F);
  EXPECT_EQ(FloatToBf16(-HUGE_VALF), 0xFF80);
  EXPECT_EQ(FloatToBf16(std::numeric_limits<float>::denorm_min()), 0);
}

TEST(Bf16, NearestOfNeighbours) {
  std::mt19937 random(3);
  for (int i = 0; i < 100000; ++i) {
    const float value = std::bit_cast<float>(static_cast<uint32_t>(random()) & 0xFF7FFFFF);
    const uint16_t low = static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
    if ((low & 0x7FFF) == 0x7F7F) continue;  // the next is infinity, at no finite distance
    const double below = std::fabs(double{value} - double{Bf16ToFloat(low)});
    const double above =
        std::fabs(double{value} - double{Bf16ToFloat(static_cast<uint16_t>(low + 1))});
    const uint16_t got = FloatToBf16(value);
    if (below != above) {
      ASSERT_EQ(got, below < above ? low : low + 1) << value;
    } else {
      ASSERT_EQ(got & 1, 0) << value;
    }
  }
}

}  // namespace
}  // namespace sagitta::base
