#include "store/keys.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace sagitta::store {
namespace {

TEST(KeysTest, RowKeysSortAsNumbers) {
  const std::vector<uint64_t> rows = {0, 1, 255, 256, 65'535, 1ull << 32, ~uint64_t{0}};
  for (size_t i = 1; i < rows.size(); ++i) {
    EXPECT_LT(RowKey(rows[i - 1]).view(), RowKey(rows[i]).view());
    EXPECT_EQ(ParseRowKey(RowKey(rows[i]).view()), rows[i]);
  }
  EXPECT_FALSE(ParseRowKey("1234567").has_value());
  EXPECT_FALSE(ParseRowKey("123456789").has_value());
}

TEST(KeysTest, VectorKeysAreBytesOfTheDocument) {
  const VectorKey key(0x0102030405060708, 0x090a);
  EXPECT_EQ(key.view(), "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a");
  const auto parts = ParseVectorKey(key.view());
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->internal_id, 0x0102030405060708u);
  EXPECT_EQ(parts->field, 0x090a);
  EXPECT_FALSE(ParseVectorKey("short").has_value());
}

TEST(KeysTest, ExpiryKeysSortByTimeThenRow) {
  const std::vector<std::pair<int64_t, uint64_t>> order = {
      {std::numeric_limits<int64_t>::min(), 9}, {-5, 1}, {0, 0}, {7, 1}, {7, 2},
      {std::numeric_limits<int64_t>::max(), 0}};
  for (size_t i = 0; i < order.size(); ++i) {
    const std::string key = ExpiryKey(order[i].first, order[i].second);
    const auto parts = ParseExpiryKey(key);
    ASSERT_TRUE(parts.has_value());
    EXPECT_EQ(parts->expires_at_ms, order[i].first);
    EXPECT_EQ(parts->internal_id, order[i].second);
    if (i > 0) {
      EXPECT_LT(ExpiryKey(order[i - 1].first, order[i - 1].second), key);
    }
  }
  EXPECT_FALSE(ParseExpiryKey("x123").has_value());
}

TEST(KeysTest, DedupTimeKeyKeepsTheRequestId) {
  const std::string key = DedupTimeKey(1234, "request");
  const auto parts = ParseDedupTimeKey(key);
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->time_ms, 1234);
  EXPECT_EQ(parts->request_id, "request");
  EXPECT_FALSE(ParseDedupTimeKey(DedupKey("request")).has_value());
}

TEST(KeysTest, PayloadIndexKeysDoNotRunIntoEachOther) {
  EXPECT_NE(PayloadIndexKey("ab", "c"), PayloadIndexKey("a", "bc"));
  const std::string key = PayloadIndexKey("uuid", "a.b");
  const auto parts = ParsePayloadIndexKey(key);
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->segment_uuid, "uuid");
  EXPECT_EQ(parts->path, "a.b");
  EXPECT_FALSE(ParsePayloadIndexKey("").has_value());
  EXPECT_FALSE(ParsePayloadIndexKey("\x05"
                                    "abc")
                   .has_value());
}

TEST(KeysTest, PrefixEndIsTheFirstKeyBeyond) {
  EXPECT_EQ(PrefixEnd("a"), "b");
  EXPECT_EQ(PrefixEnd(std::string("a\xff")), "b");
  EXPECT_EQ(PrefixEnd(std::string("\xff\xff")), "");
}

}  // namespace
}  // namespace sagitta::store
