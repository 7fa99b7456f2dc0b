#include <gtest/gtest.h>

#include "sagitta/admin.h"

namespace sagitta {
namespace {

TEST(SpaceUse, AddsEveryKind) {
  SpaceUse a{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const SpaceUse b{10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150};
  a += b;
  EXPECT_EQ(a.memory_vectors, 11u);
  EXPECT_EQ(a.memory_codes, 22u);
  EXPECT_EQ(a.memory_links, 33u);
  EXPECT_EQ(a.memory_ids, 44u);
  EXPECT_EQ(a.memory_payload_index, 55u);
  EXPECT_EQ(a.memory_filter_cache, 66u);
  EXPECT_EQ(a.mapped_vectors, 77u);
  EXPECT_EQ(a.mapped_codes, 88u);
  EXPECT_EQ(a.mapped_links, 99u);
  EXPECT_EQ(a.mapped_ids, 110u);
  EXPECT_EQ(a.resident_vectors, 121u);
  EXPECT_EQ(a.resident_index, 132u);
  EXPECT_EQ(a.disk_segments, 143u);
  EXPECT_EQ(a.disk_rocksdb, 154u);
  EXPECT_EQ(a.disk_wal, 165u);
  EXPECT_EQ(a.memory_total(), 231u);
  EXPECT_EQ(a.mapped_index(), 297u);
}

}  // namespace
}  // namespace sagitta
