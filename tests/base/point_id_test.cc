#include <gtest/gtest.h>

#include <random>

#include "sagitta/point.h"

namespace sagitta {
namespace {

PointId RandomId(std::mt19937_64& random) {
  switch (random() % 4) {
    case 0:
      return PointId(random() % 300);
    case 1:
      return PointId(uint64_t{random()});
    case 2: {
      Uuid uuid;
      for (uint8_t& byte : uuid.bytes) byte = static_cast<uint8_t>(random() % 3 * 127);
      return PointId(uuid);
    }
    default: {
      static const std::string kPieces[] = {"a", "b", "\x01", "\x7F", "\xC3\xA9", "\xEF\xBF\xBF"};
      std::string text;
      const size_t pieces = 1 + random() % 5;
      for (size_t i = 0; i < pieces; ++i) text += kPieces[random() % 6];
      return PointId(text);
    }
  }
}

TEST(PointId, EncodedOrderIsIdOrder) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 50000; ++i) {
    const PointId a = RandomId(random);
    const PointId b = RandomId(random);
    ASSERT_EQ(a < b, a.Encode() < b.Encode()) << a.ToString() << " " << b.ToString();
    ASSERT_EQ(a == b, a.Encode() == b.Encode());
    ASSERT_EQ(*PointId::Decode(a.Encode()), a);
    ASSERT_EQ(*PointId::Parse(a.ToString()), a) << a.ToString();
    ASSERT_LE(a.Encode().size(), 257u);
  }
}

TEST(PointId, Parse) {
  const Uuid uuid = *Uuid::Parse("01234567-89ab-cdef-0123-456789abcdef");
  EXPECT_EQ(*PointId::Parse("17"), PointId(uint64_t{17}));
  EXPECT_EQ(*PointId::Parse("18446744073709551615"), PointId(UINT64_MAX));
  EXPECT_EQ(*PointId::Parse("uuid:0123456789ABCDEF0123456789abcdef"), PointId(uuid));
  EXPECT_EQ(*PointId::Parse("str:17"), PointId(std::string("17")));
  EXPECT_EQ(*PointId::Parse("str:str:x"), PointId(std::string("str:x")));
  EXPECT_EQ(*PointId::Parse("-5"), PointId(std::string("-5")));
  EXPECT_EQ(*PointId::Parse("abc"), PointId(std::string("abc")));
}

TEST(PointId, BadText) {
  for (const std::string& text :
       {std::string(), std::string("str:"), std::string("uuid:12"),
        std::string("18446744073709551616"), std::string(257, 'x'), std::string("\xFF")}) {
    const Status status = PointId::Parse(text).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(status.field(), "id");
  }
}

TEST(PointId, Validate) {
  EXPECT_TRUE(PointId(uint64_t{0}).Validate().ok());
  EXPECT_TRUE(PointId(std::string(256, 'x')).Validate().ok());
  EXPECT_FALSE(PointId(std::string(257, 'x')).Validate().ok());
  EXPECT_FALSE(PointId(std::string()).Validate().ok());
  EXPECT_FALSE(PointId(std::string("\xED\xA0\x80")).Validate().ok());
}

TEST(PointId, BadKeys) {
  const std::vector<std::string> bad = {"",
                                        "\x01",
                                        std::string("\x01") + "1234567",
                                        std::string("\x01") + "123456789",
                                        "\x02"
                                        "abc",
                                        "\x03",
                                        "\x03\xFF",
                                        "\x04"
                                        "abc",
                                        std::string("\x03") + std::string(257, 'x')};
  for (const std::string& key : bad) {
    EXPECT_EQ(PointId::Decode(key).status().code(), StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace sagitta
