// A store on a small file system that fills up: with the reserve that stops writes before it is
// full, and without it, as when others fill the disk. Skipped where this process may not mount one.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "store/shard_store_impl.h"
#include "tests/base/temp_directory.h"
#include "tests/store/store_testing.h"

namespace sagitta::store {
namespace {

class DiskFullTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string point = directory_ / "small";
    std::filesystem::create_directory(point);
    if (mount("tmpfs", point.c_str(), "tmpfs", 0, "size=96m") != 0) {
      GTEST_SKIP() << "no right to mount a small file system here";
    }
    mounted_ = point;
  }
  void TearDown() override {
    store_.reset();
    if (!mounted_.empty()) umount2(mounted_.c_str(), MNT_DETACH);
  }
  static std::unique_ptr<ShardStore> OpenWithoutReserve(const std::string& path) {
    auto resources = std::static_pointer_cast<RocksResources>(TestResources());
    RocksOpenSpec spec = ShardSpec(path, *resources, true);
    spec.reserve_bytes = 0;
    auto handle = RocksHandle::Open(std::move(spec));
    EXPECT_TRUE(handle.ok()) << handle.status().ToString();
    if (!handle.ok()) return nullptr;
    return std::make_unique<RocksShardStore>(std::move(*handle), std::move(resources));
  }
  // Takes all the room but `leave` bytes.
  void Fill(uint64_t leave) {
    const uint64_t free = std::filesystem::space(mounted_).available;
    ASSERT_GT(free, leave);
    std::ofstream(mounted_ + "/ballast", std::ios::binary) << std::string(free - leave, 'b');
  }
  void CheckRows(uint64_t last, std::initializer_list<uint64_t> absent) {
    for (uint64_t row = 1; row <= last; ++row) {
      const auto vector = store_->ReadVector(row, 0);
      ASSERT_TRUE(vector.ok()) << vector.status().ToString();
      const bool gone = std::find(absent.begin(), absent.end(), row) != absent.end();
      ASSERT_EQ(vector->has_value(), !gone) << row;
      if (!gone) {
        ASSERT_EQ(**vector, VectorOf(row));
      }
    }
  }

  testing::TempDirectory directory_;
  std::string mounted_;
  std::unique_ptr<ShardStore> store_;
};

TEST_F(DiskFullTest, WritesAreRefusedReadsGoOnAndWritesComeBack) {
  store_ = OpenWithoutReserve(mounted_ + "/db");
  ASSERT_NE(store_, nullptr);
  ASSERT_OK(PutOne(*store_, 1, 1, 1));
  Fill(1 << 20);
  uint64_t last = 1;
  Status status;
  while ((status = PutOne(*store_, last + 1, last + 1, last + 1)).ok()) {
    ++last;
    ASSERT_LT(last, 100'000u) << "the disk never filled up";
  }
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status.ToString();
  EXPECT_EQ(store_->health().code(), StatusCode::kResourceExhausted);
  CheckRows(last, {});
  EXPECT_EQ(PutOne(*store_, last + 1, last + 1, last + 1).code(), StatusCode::kResourceExhausted)
      << "still full";

  std::filesystem::remove(mounted_ + "/ballast");
  // The number of the failed write is used again, for another point: the failed one must not come
  // back.
  const uint64_t other = last + 1;
  ASSERT_OK(PutOne(*store_, 777'777, other, other));
  EXPECT_OK(store_->health());
  for (uint64_t i = 1; i <= 50; ++i) ASSERT_OK(PutOne(*store_, other + i, other + i, other + i));
  for (int round = 0; round < 2; ++round) {
    CheckRows(other + 50, {});
    const std::string keys[] = {KeyOf(777'777), KeyOf(other)};
    std::vector<std::optional<IdEntry>> entries;
    ASSERT_OK(store_->FindIds(keys, &entries));
    ASSERT_TRUE(entries[0].has_value());
    EXPECT_EQ(entries[0]->internal_id, other);
    EXPECT_FALSE(entries[1].has_value()) << "a write that was refused has come back";
    store_.reset();
    store_ = OpenWithoutReserve(mounted_ + "/db");
    ASSERT_NE(store_, nullptr);
  }
  EXPECT_OK(store_->VerifyChecksums());
}

TEST_F(DiskFullTest, NothingAcknowledgedIsLostByACloseWhileFull) {
  store_ = OpenWithoutReserve(mounted_ + "/db");
  ASSERT_NE(store_, nullptr);
  Fill(1 << 20);
  uint64_t last = 0;
  while (PutOne(*store_, last + 1, last + 1, last + 1).ok()) ++last;
  ASSERT_GT(last, 0u);
  store_.reset();
  std::filesystem::remove(mounted_ + "/ballast");
  store_ = OpenWithoutReserve(mounted_ + "/db");
  ASSERT_NE(store_, nullptr);
  CheckRows(last, {});
  ASSERT_OK(PutOne(*store_, last + 1, last + 1, last + 1));
}

// With nothing in memory there is nothing that going on could flush, and so nothing that begins a
// new log.
TEST_F(DiskFullTest, FirstWriteAfterAFlushThatFailsNeedsANewOpen) {
  store_ = OpenWithoutReserve(mounted_ + "/db");
  ASSERT_NE(store_, nullptr);
  ASSERT_OK(PutOne(*store_, 1, 1, 1));
  ASSERT_OK(store_->Checkpoint(mounted_ + "/flushes"));
  Fill(0);
  EXPECT_EQ(PutOne(*store_, 3, 3, 3).code(), StatusCode::kResourceExhausted);
  std::filesystem::remove(mounted_ + "/ballast");
  EXPECT_EQ(PutOne(*store_, 2, 2, 2).code(), StatusCode::kUnavailable);
  EXPECT_EQ(store_->health().code(), StatusCode::kUnavailable);
  CheckRows(1, {});
  store_.reset();
  store_ = OpenWithoutReserve(mounted_ + "/db");
  ASSERT_NE(store_, nullptr);
  ASSERT_OK(PutOne(*store_, 2, 2, 2));
  CheckRows(3, {3});
}

// Unlike a checkpoint's flush: a shard at rest is flushed many times in its life.
TEST_F(DiskFullTest, FirstWriteAfterAFlushAtRestThatFailsPasses) {
  store_ = OpenWithoutReserve(mounted_ + "/db");
  ASSERT_NE(store_, nullptr);
  ASSERT_OK(PutOne(*store_, 1, 1, 1));
  ASSERT_OK(store_->Flush());
  Fill(0);
  auto large = store_->NewBatch();
  large->PutPoint(KeyOf(3), 3, 3, 0, {}, std::string(8 << 20, 'L'));
  EXPECT_EQ(store_->Commit(*large, true).code(), StatusCode::kResourceExhausted);
  std::filesystem::remove(mounted_ + "/ballast");
  ASSERT_OK(PutOne(*store_, 2, 2, 2));
  for (int round = 0; round < 2; ++round) {
    CheckRows(3, {3});
    store_.reset();
    store_ = OpenWithoutReserve(mounted_ + "/db");
    ASSERT_NE(store_, nullptr);
  }
}

TEST_F(DiskFullTest, AFlushAtRestWaitsForRoom) {
  store_ = MustOpen(mounted_ + "/db");
  ASSERT_NE(store_, nullptr);
  for (uint64_t i = 1; i <= 200; ++i) ASSERT_OK(PutOne(*store_, i, i, i, 0, false));
  Fill(20 << 20);
  EXPECT_EQ(store_->Flush().code(), StatusCode::kResourceExhausted);
  EXPECT_OK(store_->health());
  std::filesystem::remove(mounted_ + "/ballast");
  EXPECT_OK(store_->Flush());
  CheckRows(200, {});
}

// The write that makes the store go on is itself too large for what room there is.
TEST_F(DiskFullTest, GoingOnMayFailAgainAtOnce) {
  store_ = OpenWithoutReserve(mounted_ + "/db");
  ASSERT_NE(store_, nullptr);
  ASSERT_OK(PutOne(*store_, 1, 1, 1));
  ASSERT_OK(
      store_->Checkpoint(mounted_ + "/flushes"));  // begins a new log, without space set aside
  Fill(4 << 20);
  ASSERT_OK(PutOne(*store_, 2, 2, 2));
  for (int round = 0; round < 3; ++round) {
    auto large = store_->NewBatch();
    large->PutPoint(KeyOf(3), 3, 3, 0, {}, std::string(24 << 20, 'L'));
    const Status refused = store_->Commit(*large, true);
    EXPECT_TRUE(refused.code() == StatusCode::kResourceExhausted ||
                (round > 0 && refused.code() == StatusCode::kUnavailable))
        << round << ": " << refused.ToString();
    large.reset();
    std::filesystem::remove(mounted_ + "/ballast");
    if (store_->health().code() == StatusCode::kUnavailable) break;
    if (round < 2) Fill(4 << 20);
  }
  Status status = PutOne(*store_, 4, 4, 4);
  if (status.code() == StatusCode::kUnavailable) {
    // A background flush came before the failing write: the case of the test above.
    store_.reset();
    store_ = OpenWithoutReserve(mounted_ + "/db");
    ASSERT_NE(store_, nullptr);
    status = PutOne(*store_, 4, 4, 4);
  }
  ASSERT_OK(status);
  for (int round = 0; round < 2; ++round) {
    CheckRows(4, {3});
    store_.reset();
    store_ = OpenWithoutReserve(mounted_ + "/db");
    ASSERT_NE(store_, nullptr);
  }
}

TEST_F(DiskFullTest, WritesStopBeforeTheDiskIsFullAndComeBack) {
  store_ = MustOpen(mounted_ + "/db");
  ASSERT_NE(store_, nullptr);
  ASSERT_OK(PutOne(*store_, 1, 1, 1));
  ASSERT_OK(store_->CommitManifest({1, 0, {{"old", 1, ""}}}));
  ASSERT_OK(store_->PutPayloadIndex("old", "color", "c"));
  Fill(20 << 20);
  const Status refused = PutOne(*store_, 2, 2, 2);
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_NE(refused.message().find("bytes are free; writes need 335"), std::string::npos)
      << refused.ToString();
  EXPECT_EQ(store_->health().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(store_->PutPayloadIndex("old", "size", "s").code(), StatusCode::kResourceExhausted);
  CheckRows(2, {2});
  ASSERT_OK(store_->CommitManifest({2, 1, {{"new", 1, ""}}}));  // it is what makes room
  EXPECT_EQ(PutOne(*store_, 2, 2, 2).code(), StatusCode::kResourceExhausted);
  std::filesystem::remove(mounted_ + "/ballast");
  ASSERT_OK(PutOne(*store_, 2, 2, 2));
  EXPECT_OK(store_->health());
  CheckRows(2, {});
}

TEST_F(DiskFullTest, CheckpointOnAFullDiskFailsCleanly) {
  store_ = OpenWithoutReserve(mounted_ + "/db");
  ASSERT_NE(store_, nullptr);
  for (uint64_t i = 1; i <= 200; ++i) ASSERT_OK(PutOne(*store_, i, i, i, 0, false));
  Fill(16 << 10);
  EXPECT_FALSE(store_->Checkpoint(mounted_ + "/copy").ok());
  std::filesystem::remove(mounted_ + "/ballast");
  ASSERT_OK(PutOne(*store_, 201, 201, 201));
  EXPECT_OK(store_->Checkpoint(mounted_ + "/copy2"));
  CheckRows(201, {});
}

}  // namespace
}  // namespace sagitta::store
