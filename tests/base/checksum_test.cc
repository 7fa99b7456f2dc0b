#include "base/checksum.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/crc32c_table.h"

namespace sagitta::base {
namespace {

// RFC 3720, appendix B.4, and the customary check value.
TEST(Crc32c, KnownValues) {
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32cTable("123456789", 9, 0), 0xE3069283u);
}

TEST(Crc32c, SameAsTableAtAnyLengthAndAlignment) {
  std::mt19937_64 random(2);
  std::string data(5000, '\0');
  for (char& c : data) c = static_cast<char>(random());
  for (int i = 0; i < 20000; ++i) {
    const size_t offset = random() % 64;
    const size_t bytes = random() % (i % 100 == 0 ? data.size() - 64 : 200);
    const uint32_t seed = static_cast<uint32_t>(random());
    ASSERT_EQ(Crc32c(data.data() + offset, bytes, seed),
              Crc32cTable(data.data() + offset, bytes, seed))
        << offset << " " << bytes;
  }
}

TEST(Crc32c, SeedChains) {
  const std::string text = "a value in two or three pieces";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    const uint32_t first = Crc32c(text.data(), cut);
    EXPECT_EQ(Crc32c(text.data() + cut, text.size() - cut, first), Crc32c(text));
  }
}

TEST(Xxh3, KnownValueAndSensitivity) {
  EXPECT_EQ(Xxh3("", 0), 0x2D06800538D394C2u);  // from the specification of XXH3
  std::string data(1000, 'a');
  const uint64_t before = Xxh3(data.data(), data.size());
  data[999] ^= 1;
  EXPECT_NE(Xxh3(data.data(), data.size()), before);
}

}  // namespace
}  // namespace sagitta::base
