#include "cli/hex.h"

#include <gtest/gtest.h>

namespace sagitta::cli {
namespace {

TEST(Hex, ComesBack) {
  const std::string bytes("\0\x7f\xff z", 5);
  EXPECT_EQ(ToHex(bytes), "007fff207a");
  EXPECT_EQ(FromHex(ToHex(bytes)), bytes);
  EXPECT_EQ(FromHex("aAbB"), "\xaa\xbb");
  EXPECT_EQ(FromHex(""), "");
  EXPECT_FALSE(FromHex("abc").has_value());
  EXPECT_FALSE(FromHex("zz").has_value());
}

}  // namespace
}  // namespace sagitta::cli
