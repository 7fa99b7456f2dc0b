// Conversions at every level: all 65,536 patterns of the 16-bit types, and rounding against
// arithmetic in double precision that shares nothing with the kernels.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "tests/kernels/rows.h"

namespace sagitta::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

size_t Place(Dtype dtype) { return static_cast<size_t>(dtype) - 1; }

std::vector<uint16_t> AllPatterns() {
  std::vector<uint16_t> patterns(65536);
  for (size_t i = 0; i < patterns.size(); ++i) patterns[i] = static_cast<uint16_t>(i);
  return patterns;
}

// The value of a 16-bit float with `exponent_bits` and `mantissa_bits`, by definition.
double ValueOf(uint16_t pattern, int exponent_bits, int mantissa_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const int exponent = pattern >> mantissa_bits & ((1 << exponent_bits) - 1);
  const int mantissa = pattern & ((1 << mantissa_bits) - 1);
  const double sign = pattern & 0x8000 ? -1 : 1;
  if (exponent == (1 << exponent_bits) - 1) {
    return mantissa != 0 ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  }
  if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias - mantissa_bits);
  return sign * std::ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits);
}

struct HalfType {
  Dtype dtype;
  int exponent_bits, mantissa_bits;
};
constexpr HalfType kHalfTypes[] = {{Dtype::kF16, 5, 10}, {Dtype::kBf16, 8, 7}};

TEST(Convert, EveryPatternOfTheHalfTypesHasItsValueAndComesBack) {
  const std::vector<uint16_t> patterns = AllPatterns();
  for (const Level level : AvailableLevels()) {
    for (const HalfType& type : kHalfTypes) {
      SCOPED_TRACE(LevelName(level));
      std::vector<float> floats(patterns.size());
      std::vector<uint16_t> back(patterns.size());
      TableAt(level).to_float[Place(type.dtype)](patterns.data(), floats.data(), patterns.size());
      TableAt(level).from_float[Place(type.dtype)](floats.data(), back.data(), patterns.size());
      for (size_t i = 0; i < patterns.size(); ++i) {
        const double want = ValueOf(patterns[i], type.exponent_bits, type.mantissa_bits);
        if (std::isnan(want)) {
          ASSERT_TRUE(std::isnan(floats[i])) << i;
          ASSERT_EQ(back[i], patterns[i] | 1 << (type.mantissa_bits - 1)) << "a quiet NaN";
        } else {
          ASSERT_EQ(floats[i], want) << i;
          ASSERT_EQ(std::signbit(floats[i]), std::signbit(want)) << i;
          ASSERT_EQ(back[i], patterns[i]);
        }
      }
    }
  }
}

// For each pair of neighbours: the floats just below, at and just above their middle.
TEST(Convert, HalfTypesRoundToNearestEven) {
  for (const Level level : AvailableLevels()) {
    for (const HalfType& type : kHalfTypes) {
      SCOPED_TRACE(LevelName(level));
      const int largest = ((1 << type.exponent_bits) - 1) << type.mantissa_bits;  // infinity
      std::vector<float> floats;
      std::vector<uint16_t> want;
      for (int pattern = 0; pattern + 1 < largest; ++pattern) {
        const double low = ValueOf(pattern, type.exponent_bits, type.mantissa_bits);
        const double high = ValueOf(pattern + 1, type.exponent_bits, type.mantissa_bits);
        const auto middle = static_cast<float>((low + high) / 2);
        ASSERT_EQ(middle, (low + high) / 2);
        const auto even = static_cast<uint16_t>(pattern + (pattern & 1));
        for (const float sign : {1.0f, -1.0f}) {
          const auto sign_bit = static_cast<uint16_t>(sign < 0 ? 0x8000 : 0);
          floats.push_back(sign * std::nextafter(middle, 0.0f));
          want.push_back(static_cast<uint16_t>(pattern | sign_bit));
          floats.push_back(sign * middle);
          want.push_back(static_cast<uint16_t>(even | sign_bit));
          floats.push_back(sign * std::nextafter(middle, kInfinity));
          want.push_back(static_cast<uint16_t>((pattern + 1) | sign_bit));
        }
      }
      std::vector<uint16_t> got(floats.size());
      TableAt(level).from_float[Place(type.dtype)](floats.data(), got.data(), floats.size());
      for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], want[i]) << floats[i];
    }
  }
}

TEST(Convert, TooLargeForF16IsInfinite) {
  const float from[] = {65504.0f, 65519.996f, 65520.0f, -65520.0f, 1e30f, kInfinity, -kInfinity};
  const uint16_t want[] = {0x7bff, 0x7bff, 0x7c00, 0xfc00, 0x7c00, 0x7c00, 0xfc00};
  for (const Level level : AvailableLevels()) {
    for (size_t i = 0; i < std::size(from); ++i) {
      const std::vector<float> floats(21, from[i]);
      std::vector<uint16_t> got(21);
      TableAt(level).from_float[Place(Dtype::kF16)](floats.data(), got.data(), 21);
      EXPECT_EQ(got, std::vector<uint16_t>(21, want[i])) << LevelName(level) << " " << from[i];
    }
  }
}

TEST(Convert, IntegersRoundToNearestEvenAndSaturate) {
  std::vector<float> from = {0.5f,    1.5f,   2.5f,       -0.5f,     -1.5f,      126.5f,
                             127.49f, 127.5f, -128.5f,    -129.0f,   254.5f,     255.5f,
                             3e9f,    -3e9f,  1e38f,      kInfinity, -kInfinity, std::nanf(""),
                             -0.0f,   1e-40f, 0.49999997f};
  for (int i = -3000; i <= 3000; ++i) from.push_back(static_cast<float>(i) / 8);
  std::vector<int8_t> want_i8, got_i8(from.size());
  std::vector<uint8_t> want_u8, got_u8(from.size());
  for (const float v : from) {
    const double rounded = std::isnan(v) ? 0 : std::nearbyint(static_cast<double>(v));
    want_i8.push_back(static_cast<int8_t>(std::clamp(rounded, -128.0, 127.0)));
    want_u8.push_back(static_cast<uint8_t>(std::clamp(rounded, 0.0, 255.0)));
  }
  for (const Level level : AvailableLevels()) {
    SCOPED_TRACE(LevelName(level));
    TableAt(level).from_float[Place(Dtype::kI8)](from.data(), got_i8.data(), from.size());
    TableAt(level).from_float[Place(Dtype::kU8)](from.data(), got_u8.data(), from.size());
    EXPECT_EQ(got_i8, want_i8);
    EXPECT_EQ(got_u8, want_u8);
  }
}

TEST(Convert, EveryByteHasItsValue) {
  std::vector<uint8_t> bytes(256);
  for (size_t i = 0; i < 256; ++i) bytes[i] = static_cast<uint8_t>(i);
  std::vector<float> floats(256);
  for (const Level level : AvailableLevels()) {
    TableAt(level).to_float[Place(Dtype::kU8)](bytes.data(), floats.data(), 256);
    for (size_t i = 0; i < 256; ++i) EXPECT_EQ(floats[i], static_cast<float>(i));
    TableAt(level).to_float[Place(Dtype::kI8)](bytes.data(), floats.data(), 256);
    for (size_t i = 0; i < 256; ++i)
      EXPECT_EQ(floats[i], static_cast<float>(static_cast<int8_t>(i)));
  }
}

// Random bit patterns, among them NaNs and denormals: all levels agree with the scalar one in every
// bit, at every length, and write nothing past the end.
TEST(Convert, EveryLevelGivesTheScalarBitsAtEveryLength) {
  std::mt19937 random(5);
  for (const Dtype dtype : kAllDtypes) {
    for (size_t n = 0; n < 70; ++n) {
      std::vector<float> from(n);
      for (float& v : from) {
        const auto bits = static_cast<uint32_t>(random());
        v = std::bit_cast<float>(random() % 2 ? bits : (bits & 0x8fffffff) | 0x38000000);
      }
      const size_t bytes = n * DtypeBytes(dtype);
      std::vector<uint8_t> want(bytes + 1, 0xa5);
      std::vector<float> floats(n + 1, 7.5f), want_floats(n + 1, 7.5f);
      const LevelTable& scalar = TableAt(Level::kScalar);
      scalar.from_float[Place(dtype)](from.data(), want.data(), n);
      scalar.to_float[Place(dtype)](want.data(), want_floats.data(), n);
      for (const Level level : AvailableLevels()) {
        std::vector<uint8_t> got(bytes + 1, 0xa5);
        TableAt(level).from_float[Place(dtype)](from.data(), got.data(), n);
        EXPECT_EQ(got, want) << LevelName(level) << " n " << n;
        TableAt(level).to_float[Place(dtype)](want.data(), floats.data(), n);
        EXPECT_EQ(std::memcmp(floats.data(), want_floats.data(), (n + 1) * 4), 0);
      }
    }
  }
}

}  // namespace
}  // namespace sagitta::kernels
