// What a store holds in memory and on the disk beside its points: bounded while they are written,
// next to nothing once it has been flushed.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <thread>

#include "base/fault.h"
#include "tests/base/temp_directory.h"
#include "tests/store/store_testing.h"

namespace sagitta::store {
namespace {

constexpr uint64_t kMiB = 1 << 20;

// As du counts it.
uint64_t BlocksOf(const std::string& directory) {
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    struct stat info {};
    if (::stat(entry.path().c_str(), &info) == 0) bytes += static_cast<uint64_t>(info.st_blocks);
  }
  return bytes * 512;
}

class ShardSpaceTest : public ::testing::Test {
 protected:
  ShardSpaceTest() : store_(MustOpen(path_)) {}
  void TearDown() override { base::ClearFaults(); }

  // `rows` rows of `dim` elements in one batch that is not fsynced.
  void Write(uint64_t rows, size_t dim) {
    auto batch = store_->NewBatch();
    std::vector<LogOp> ops;
    ++seq_;
    for (uint64_t i = 0; i < rows; ++i, ++row_) {
      const StoredVector vectors[] = {{0, VectorOf(row_, 0, dim)}};
      batch->PutPoint(KeyOf(row_), row_, seq_, 0, vectors, PayloadOf(row_));
      ops.push_back({LogOp::Kind::kPut, row_, 0});
    }
    batch->AppendLog(seq_, ops);
    batch->SetApplied(seq_, row_);
    ASSERT_OK(store_->Commit(*batch, false));
    bytes_ += rows * dim * sizeof(float);
  }
  void ExpectRows() {
    for (uint64_t row = 1; row < row_; row += 97) {
      const auto vector = store_->ReadVector(row, 0);
      ASSERT_TRUE(vector.ok() && vector->has_value()) << row;
    }
    EXPECT_EQ(store_->ReadApplied()->applied_seq, seq_);
  }

  testing::TempDirectory directory_;
  const std::string path_ = directory_ / "db";
  std::unique_ptr<ShardStore> store_;
  uint64_t seq_ = 0;
  uint64_t row_ = 1;
  uint64_t bytes_ = 0;  // of vectors
};

TEST_F(ShardSpaceTest, AFlushLeavesNothingInMemoryAndNoLog) {
  for (int i = 0; i < 20; ++i) Write(100, 256);
  EXPECT_GT(store_->MemtableBytes(), bytes_);
  EXPECT_GT(store_->CountDisk().wal, bytes_);
  ASSERT_OK(store_->Flush());
  EXPECT_LT(store_->MemtableBytes(), 64u << 10);
  const DiskUse disk = store_->CountDisk();
  EXPECT_LT(disk.wal, 64u << 10);
  EXPECT_GT(disk.tables, bytes_);
  EXPECT_LT(disk.tables, bytes_ * 5 / 4);
  ExpectRows();
  Write(100, 256);
  ExpectRows();
}

TEST_F(ShardSpaceTest, AFlushOfNothingIsFree) {
  ASSERT_OK(store_->Flush());
  const uint64_t tables = store_->CountDisk().tables;
  for (int i = 0; i < 10; ++i) ASSERT_OK(store_->Flush());
  EXPECT_LT(store_->CountDisk().wal, 64u << 10);
  EXPECT_LT(store_->CountDisk().tables, tables + (128u << 10));
  EXPECT_OK(store_->health());
}

// A log guards rows of every family: those of small ones must not keep it for ever.
TEST_F(ShardSpaceTest, TheLogIsBoundedWhileRowsAreWritten) {
  uint64_t most_log = 0;
  uint64_t most_memory = 0;
  for (int i = 0; i < 450; ++i) {
    Write(256, 1024);
    most_log = std::max(most_log, store_->CountDisk().wal);
    most_memory = std::max(most_memory, store_->MemtableBytes());
  }
  ASSERT_GT(bytes_, 400 * kMiB);
  // max_write_buffer_number memtables of vectors at the worst, where the flush that kMaxWalBytes
  // asks for is slower than the writes; without that bound the log would hold all that was written.
  EXPECT_LT(most_memory, 300 * kMiB);
  EXPECT_LT(most_log, 350 * kMiB);
  EXPECT_LT(BlocksOf(path_), bytes_ + bytes_ / 8 + 350 * kMiB);
  ASSERT_OK(store_->Flush());
  // Files that are no longer needed go in the background, and so do compactions' inputs.
  const auto settled = [&] {
    const DiskUse disk = store_->CountDisk();
    const uint64_t blocks = BlocksOf(path_);
    return blocks < bytes_ + bytes_ / 8 &&
           std::abs(static_cast<double>(disk.wal + disk.tables) - static_cast<double>(blocks)) <
               static_cast<double>(kMiB);
  };
  for (int i = 0; i < 200 && !settled(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_LT(BlocksOf(path_), bytes_ + bytes_ / 8);
  const DiskUse disk = store_->CountDisk();
  EXPECT_NEAR(static_cast<double>(disk.wal + disk.tables), static_cast<double>(BlocksOf(path_)),
              static_cast<double>(kMiB));
  ExpectRows();
}

TEST_F(ShardSpaceTest, AnOpenStoreReservesNoRoom) {
  store_.reset();
  store_ = MustOpen(path_);
  ASSERT_OK(PutOne(*store_, 1, 1, 1));
  EXPECT_LT(BlocksOf(path_), 1 * kMiB);
}

TEST_F(ShardSpaceTest, WhatAnOpenReplayedIsFlushedToo) {
  for (int i = 0; i < 20; ++i) Write(100, 256);
  store_.reset();
  store_ = MustOpen(path_);
  EXPECT_GT(store_->MemtableBytes(), bytes_) << "the log was replayed, not flushed";
  ASSERT_OK(store_->Flush());
  EXPECT_LT(store_->MemtableBytes(), 64u << 10);
  store_.reset();
  store_ = MustOpen(path_);
  ExpectRows();
}

TEST_F(ShardSpaceTest, AFlushThatCannotBeMadeChangesNothing) {
  Write(100, 256);
  base::ArmFault("store.flush", base::FaultAction::kNoSpace);
  EXPECT_EQ(store_->Flush().code(), StatusCode::kResourceExhausted);
  base::ClearFaults();
  EXPECT_OK(store_->health());
  EXPECT_GT(store_->MemtableBytes(), bytes_);
  Write(100, 256);
  ASSERT_OK(store_->Flush());
  ExpectRows();
}

}  // namespace
}  // namespace sagitta::store
