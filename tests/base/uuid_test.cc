#include <gtest/gtest.h>

#include <set>

#include "sagitta/point.h"

namespace sagitta {
namespace {

TEST(Uuid, TextForms) {
  const std::string text = "01234567-89ab-cdef-0123-456789abcdef";
  for (const char* form :
       {"01234567-89ab-cdef-0123-456789abcdef", "01234567-89AB-CDEF-0123-456789ABCDEF",
        "0123456789abcdef0123456789abcdef"}) {
    auto uuid = Uuid::Parse(form);
    ASSERT_TRUE(uuid.ok()) << form;
    EXPECT_EQ(uuid->ToString(), text);
    EXPECT_EQ(uuid->bytes[0], 0x01);
    EXPECT_EQ(uuid->bytes[15], 0xEF);
  }
}

TEST(Uuid, BadText) {
  for (const char* text :
       {"", "0123", "0123456789abcdef0123456789abcdeg", "01234567-89ab-cdef-0123-456789abcde",
        "0123456-789ab-cdef-0123-456789abcdef", "01234567889ab8cdef801238456789abcdef",
        "{1234567-89ab-cdef-0123-456789abcde}", "0123456789abcdef0123456789abcdef0"}) {
    EXPECT_EQ(Uuid::Parse(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

TEST(Uuid, RandomIsVersion4AndDistinct) {
  std::set<Uuid> seen;
  for (int i = 0; i < 1000; ++i) {
    const Uuid uuid = Uuid::Random();
    EXPECT_EQ(uuid.bytes[6] >> 4, 4);
    EXPECT_EQ(uuid.bytes[8] >> 6, 2);
    EXPECT_TRUE(seen.insert(uuid).second);
    EXPECT_EQ(*Uuid::Parse(uuid.ToString()), uuid);
  }
}

}  // namespace
}  // namespace sagitta
