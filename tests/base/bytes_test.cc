#include "base/bytes.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

namespace sagitta::base {
namespace {

TEST(Bytes, FixedWidthRoundTrip) {
  std::string out;
  PutLe(out, uint32_t{0x01020304});
  PutBe64(out, 0x0102030405060708);
  PutBe32(out, 0x0A0B0C0D);
  EXPECT_EQ(out, std::string("\x04\x03\x02\x01\x01\x02\x03\x04\x05\x06\x07\x08\x0A\x0B\x0C\x0D"));
  std::string_view in = out;
  uint32_t le = 0;
  uint64_t be64 = 0;
  uint32_t be32 = 0;
  EXPECT_TRUE(GetLe(in, &le) && GetBe64(in, &be64) && GetBe32(in, &be32));
  EXPECT_EQ(le, 0x01020304u);
  EXPECT_EQ(be64, 0x0102030405060708u);
  EXPECT_EQ(be32, 0x0A0B0C0Du);
  EXPECT_TRUE(in.empty());
}

TEST(Bytes, TooShortLeavesInputAlone) {
  const std::string seven(7, 'x');
  std::string_view in = seven;
  uint64_t value = 42;
  EXPECT_FALSE(GetLe(in, &value));
  EXPECT_FALSE(GetBe64(in, &value));
  EXPECT_EQ(in.size(), 7u);
  EXPECT_EQ(value, 42u);
}

TEST(Bytes, VarintRoundTrip) {
  std::mt19937_64 random(1);
  std::vector<uint64_t> values = {
      0, 1, 127, 128, 16383, 16384, std::numeric_limits<uint64_t>::max()};
  for (int i = 0; i < 1000; ++i) values.push_back(random() >> (random() % 64));
  std::string out;
  for (const uint64_t value : values) PutVarint(out, value);
  std::string_view in = out;
  for (const uint64_t value : values) {
    uint64_t got = ~value;
    ASSERT_TRUE(GetVarint(in, &got));
    ASSERT_EQ(got, value);
  }
  EXPECT_TRUE(in.empty());
}

TEST(Bytes, MalformedVarints) {
  const std::vector<std::string> bad = {"", "\x80", std::string(9, '\x80'),
                                        std::string(9, '\xFF') + "\x02",
                                        std::string(10, '\x80') + std::string(1, '\x01')};
  for (const std::string& text : bad) {
    std::string_view in = text;
    uint64_t value = 7;
    EXPECT_FALSE(GetVarint(in, &value)) << text.size();
    EXPECT_EQ(in.size(), text.size());
  }
}

TEST(Bytes, LengthPrefix) {
  std::string out;
  PutBytes(out, "abc");
  PutBytes(out, "");
  std::string_view in = out;
  std::string_view first, second;
  EXPECT_TRUE(GetBytes(in, &first) && GetBytes(in, &second));
  EXPECT_EQ(first, "abc");
  EXPECT_EQ(second, "");
  const std::string lying =
      "\x05"
      "abcd";
  in = lying;
  EXPECT_FALSE(GetBytes(in, &first));
  EXPECT_EQ(in.size(), lying.size());
  std::string huge;
  PutVarint(huge, std::numeric_limits<uint64_t>::max());
  in = huge;
  EXPECT_FALSE(GetBytes(in, &first));
}

TEST(Utf8, AcceptsWellFormed) {
  const std::vector<std::string> good = {"",
                                         "plain ascii of more than eight bytes",
                                         "\xC2\x80",
                                         "\xDF\xBF",
                                         "\xE0\xA0\x80",
                                         "\xED\x9F\xBF",
                                         "\xEE\x80\x80",
                                         "\xEF\xBF\xBF",
                                         "\xF0\x90\x80\x80",
                                         "\xF4\x8F\xBF\xBF",
                                         std::string("a\0b", 3)};
  for (const std::string& text : good) EXPECT_TRUE(IsValidUtf8(text)) << text;
}

TEST(Utf8, RefusesMalformed) {
  const std::vector<std::string> bad = {"\x80",
                                        "\xC0\x80",
                                        "\xC1\xBF",
                                        "\xC2",
                                        "\xE0\x9F\xBF",
                                        "\xED\xA0\x80",
                                        "\xED\xBF\xBF",
                                        "\xE1\x80",
                                        "\xF0\x8F\xBF\xBF",
                                        "\xF4\x90\x80\x80",
                                        "\xF5\x80\x80\x80",
                                        "\xFF",
                                        "12345678\xFF",
                                        "1234567\xC2",
                                        "\xE1\x80\x41"};
  for (const std::string& text : bad) EXPECT_FALSE(IsValidUtf8(text)) << text;
}

// Every code point encodes to something valid; every cut of it is invalid.
TEST(Utf8, AllCodePoints) {
  for (uint32_t c = 0x80; c <= 0x10FFFF; c += 7) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    if (c < 0x800) {
      text = {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
    } else if (c < 0x10000) {
      text = {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
              static_cast<char>(0x80 | (c & 63))};
    } else {
      text = {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 63)),
              static_cast<char>(0x80 | (c >> 6 & 63)), static_cast<char>(0x80 | (c & 63))};
    }
    ASSERT_TRUE(IsValidUtf8(text)) << c;
    ASSERT_FALSE(IsValidUtf8(text.substr(0, text.size() - 1))) << c;
    ASSERT_FALSE(IsValidUtf8(text.substr(1))) << c;
  }
}

}  // namespace
}  // namespace sagitta::base
