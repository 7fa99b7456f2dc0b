#include "store/rocks_handle.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/file.h"
#include "store/rocks_status.h"
#include "store/shard_store_impl.h"
#include "store/value_codec.h"
#include "tests/base/temp_directory.h"
#include "tests/store/store_testing.h"

namespace sagitta::store {
namespace {

class RocksHandleTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(MustOpen(path_), nullptr); }

  // Opens the shard's database below ShardStore; version = the newest that it claims to read.
  std::unique_ptr<RocksHandle> OpenHandle(const std::string& extra_family = "") {
    RocksOpenSpec spec =
        ShardSpec(path_, *std::static_pointer_cast<RocksResources>(TestResources()), true);
    if (!extra_family.empty()) spec.families.emplace_back(extra_family, rocksdb::Options());
    auto handle = RocksHandle::Open(std::move(spec));
    EXPECT_TRUE(handle.ok()) << handle.status().ToString();
    return handle.ok() ? std::move(*handle) : nullptr;
  }

  void PutFormatValue(const std::string& value) {
    const auto handle = OpenHandle();
    ASSERT_NE(handle, nullptr);
    ASSERT_TRUE(handle->db()
                    ->Put(rocksdb::WriteOptions(), handle->family(FamilyIndex(Family::kMeta)),
                          ToSlice(kFormatKey), value)
                    .ok());
  }

  static std::string FormatValue(uint32_t version) {
    std::string body;
    base::PutLe(body, version);
    return EncodeValue(Family::kMeta, kFormatKey, body);
  }

  void ExpectRefused(StatusCode code, const std::string& names) {
    const auto store = ShardStore::Open(path_, TestResources());
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.status().code(), code) << store.status().ToString();
    EXPECT_NE(store.status().message().find(names), std::string::npos) << store.status().ToString();
  }

  testing::TempDirectory directory_;
  const std::string path_ = directory_ / "db";
};

TEST_F(RocksHandleTest, NewerFormatIsRefusedNamingVersions) {
  PutFormatValue(FormatValue(ShardStore::kFormatVersion + 1));
  ExpectRefused(StatusCode::kFailedPrecondition,
                "has format version 2; this build supports versions 1 to 1");
}

TEST_F(RocksHandleTest, FamilyOfANewerVersionIsRefusedByName) {
  ASSERT_NE(OpenHandle("sparse"), nullptr);
  ExpectRefused(StatusCode::kFailedPrecondition, "'sparse'");
}

TEST_F(RocksHandleTest, MalformedFormatVersionIsDamage) {
  PutFormatValue(FormatValue(0));
  ExpectRefused(StatusCode::kDataLoss, "malformed body");
}

TEST_F(RocksHandleTest, ChangedFormatVersionIsDamage) {
  std::string value = FormatValue(1);
  value.back() = 5;
  PutFormatValue(value);
  ExpectRefused(StatusCode::kDataLoss, "checksum mismatch");
}

TEST_F(RocksHandleTest, MissingFormatVersionIsDamage) {
  {
    const auto handle = OpenHandle();
    ASSERT_NE(handle, nullptr);
    ASSERT_TRUE(handle->db()
                    ->Delete(rocksdb::WriteOptions(), handle->family(FamilyIndex(Family::kMeta)),
                             ToSlice(kFormatKey))
                    .ok());
  }
  ExpectRefused(StatusCode::kDataLoss, "format version is missing");
}

TEST_F(RocksHandleTest, CleanCloseLeavesASeal) { EXPECT_TRUE(base::FileExists(path_ + "/CLOSED")); }

TEST_F(RocksHandleTest, DiskUseFollowsWhatIsWritten) {
  const auto handle = OpenHandle();
  ASSERT_NE(handle, nullptr);
  const DiskUse before = handle->CountDisk();
  rocksdb::WriteBatch batch;
  ASSERT_TRUE(batch.Put(handle->family(0), "k", std::string(100'000, 'v')).ok());
  ASSERT_OK(handle->Write(&batch, true));
  const DiskUse written = handle->CountDisk();
  EXPECT_GE(written.wal, before.wal + 100'000);
  EXPECT_LT(written.wal, before.wal + 1'000'000) << "nothing is reserved";
  EXPECT_EQ(written.tables, before.tables);
  ASSERT_OK(handle->Flush());
  const DiskUse flushed = handle->CountDisk();
  EXPECT_LT(flushed.wal, 10'000u);
  EXPECT_GE(flushed.tables, before.tables + 100'000);
}

}  // namespace
}  // namespace sagitta::store
