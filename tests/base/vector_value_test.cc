#include <gtest/gtest.h>

#include "sagitta/point.h"

namespace sagitta {
namespace {

TEST(VectorValue, FloatsRoundTrip) {
  const std::vector<float> values = {0.0f, -1.5f, 3.25e30f};
  const VectorValue vector{std::span<const float>(values)};
  EXPECT_EQ(vector.dtype, Dtype::kF32);
  EXPECT_EQ(vector.dim(), 3u);
  EXPECT_EQ(vector.ToFloats(), values);
  EXPECT_TRUE(VectorValue().ToFloats().empty());
}

TEST(VectorValue, EveryDtype) {
  using Floats = std::vector<float>;
  const VectorValue f16(Dtype::kF16, std::string("\x00\x3C\x00\xC0\x01\x00", 6));
  EXPECT_EQ(f16.ToFloats(), (Floats{1.0f, -2.0f, 0x1p-24f}));
  const VectorValue bf16(Dtype::kBf16, std::string("\x80\x3F\x00\xC0", 4));
  EXPECT_EQ(bf16.ToFloats(), (Floats{1.0f, -2.0f}));
  const VectorValue i8(Dtype::kI8, std::string("\x01\xFF\x80", 3));
  EXPECT_EQ(i8.ToFloats(), (Floats{1.0f, -1.0f, -128.0f}));
  const VectorValue u8(Dtype::kU8, std::string("\x01\xFF", 2));
  EXPECT_EQ(u8.ToFloats(), (Floats{1.0f, 255.0f}));
  const VectorValue bits(Dtype::kBits, std::string("\x05\x80", 2));
  EXPECT_EQ(bits.ToFloats(), (Floats{1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
  EXPECT_EQ(VectorBytes(Dtype::kBits, 1), 1u);
  EXPECT_EQ(VectorBytes(Dtype::kBits, 9), 2u);
  EXPECT_EQ(VectorBytes(Dtype::kF16, 9), 18u);
}

TEST(VectorValue, ACutElementIsNotRead) {
  EXPECT_EQ(VectorValue(Dtype::kF32, "abcdefg").ToFloats().size(), 1u);
}

}  // namespace
}  // namespace sagitta
