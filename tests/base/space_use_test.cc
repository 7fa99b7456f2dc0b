#include <gtest/gtest.h>

#include "sagitta/admin.h"

namespace sagitta {
namespace {

TEST(SpaceUse, AddsEveryKind) {
  SpaceUse a{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const SpaceUse b{10, 20, 30, 40, 50, 60, 70, 80, 90, 100};
  a += b;
  EXPECT_EQ(a.memory_vectors, 11u);
  EXPECT_EQ(a.memory_links, 22u);
  EXPECT_EQ(a.memory_ids, 33u);
  EXPECT_EQ(a.memory_payload_index, 44u);
  EXPECT_EQ(a.mapped_vectors, 55u);
  EXPECT_EQ(a.mapped_index, 66u);
  EXPECT_EQ(a.disk_segments, 77u);
  EXPECT_EQ(a.disk_rocksdb, 88u);
  EXPECT_EQ(a.disk_wal, 99u);
  EXPECT_EQ(a.memory_filter_cache, 110u);
  EXPECT_EQ(a.memory_total(), 220u);
}

}  // namespace
}  // namespace sagitta
