#include "store/resources.h"

#include <gtest/gtest.h>

#include "tests/base/temp_directory.h"
#include "tests/store/store_testing.h"

namespace sagitta::store {
namespace {

TEST(ResourcesTest, BackgroundJobsStayWhereRocksDbIsSafe) {
  EXPECT_EQ(RocksResources(1 << 20, 0).background_jobs(), 2);
  EXPECT_EQ(RocksResources(1 << 20, 5).background_jobs(), 5);
  EXPECT_EQ(RocksResources(1 << 20, 64).background_jobs(), 7);
}

TEST(ResourcesTest, ManyStoresShareOneCacheWhichMemtablesAreChargedTo) {
  const testing::TempDirectory directory;
  const auto resources = StoreResources::Create(64 << 20, 2);
  const uint64_t empty = resources->CacheBytesUsed();
  std::vector<std::unique_ptr<ShardStore>> stores;
  for (int i = 0; i < 3; ++i) {
    auto store = ShardStore::Open(directory / ("db" + std::to_string(i)), resources);
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    stores.push_back(std::move(*store));
    for (uint64_t row = 1; row <= 2000; ++row) {
      ASSERT_OK(PutOne(*stores.back(), row, row, row, 0, false));
    }
  }
  EXPECT_GT(resources->CacheBytesUsed(), empty + 3u * 2000 * 640);
  stores.clear();
  EXPECT_LT(resources->CacheBytesUsed(), empty + 2000 * 640);
}

TEST(ResourcesTest, AStoreWithoutResourcesHasItsOwn) {
  const testing::TempDirectory directory;
  const auto store = ShardStore::Open(directory / "db", nullptr);
  ASSERT_TRUE(store.ok()) << store.status().ToString();
  EXPECT_OK(PutOne(**store, 1, 1, 1));
}

}  // namespace
}  // namespace sagitta::store
