// A child writes with fsync and reports each acknowledged sequence number over a pipe; it is killed
// at a random moment; all that it reported must be there, and nothing by halves.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <string_view>
#include <thread>

#include "store/shard_store.h"
#include "tests/base/temp_directory.h"
#include "tests/store/store_testing.h"

namespace sagitta::store {
namespace {

constexpr uint64_t kPerBatch = 16;
constexpr char kChildArgument[] = "--write-until-killed";

// Number s writes rows (s−1)·16+1 … s·16; every third batch also deletes the one before it.
Status WriteBatch(ShardStore& store, uint64_t seq) {
  auto batch = store.NewBatch();
  std::vector<LogOp> ops;
  const uint64_t first = (seq - 1) * kPerBatch + 1;
  for (uint64_t row = first; row < first + kPerBatch; ++row) {
    const StoredVector vectors[] = {{0, VectorOf(row, 0, 300)}};
    batch->PutPoint(KeyOf(row), row, seq, 0, vectors, PayloadOf(row));
    ops.push_back({LogOp::Kind::kPut, row, 0});
  }
  if (seq % 3 == 0) {
    for (uint64_t row = first - kPerBatch; row < first; ++row) {
      batch->DeleteRow(KeyOf(row), {row, seq - 1, 0}, 1, true);
      ops.push_back({LogOp::Kind::kDelete, row, 0});
    }
  }
  batch->AppendLog(seq, ops);
  batch->SetApplied(seq, first + kPerBatch);
  return store.Commit(*batch, true);
}

// What the child does. A program of its own (see main): in a fork of this one RocksDB would believe
// in background threads that the fork did not copy, and never flush.
[[noreturn]] void RunChild(const std::string& path, int report_fd) {
  auto store = ShardStore::Open(path, StoreResources::Create(8u << 20, 2));
  if (!store.ok()) _exit(3);
  const auto applied = (*store)->ReadApplied();
  if (!applied.ok()) _exit(4);
  auto manifest = (*store)->ReadManifest();
  if (!manifest.ok()) _exit(5);
  for (uint64_t seq = applied->applied_seq + 1;; ++seq) {
    if (!WriteBatch(**store, seq).ok()) _exit(6);
    if (write(report_fd, &seq, sizeof(seq)) != sizeof(seq)) _exit(7);
    // A checkpoint flushes, so that some die among files that come and go.
    if (seq % 37 == 0 && !(*store)->Checkpoint(path + "-at-" + std::to_string(seq)).ok()) _exit(10);
    if (seq % 23 == 0 && !(*store)->Flush().ok()) _exit(11);
    if (seq % 50 == 0) {
      ++manifest->generation;
      manifest->sealed_upto = seq - 10;
      if (!(*store)->CommitManifest(*manifest).ok()) _exit(8);
    }
  }
}

// Kills a child `delay` after it reported `reports` numbers; returns the last that it reported, 0
// if none.
uint64_t RunAndKill(const std::string& path, int reports, std::chrono::milliseconds delay) {
  int fds[2];
  EXPECT_EQ(pipe(fds), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(fds[0]);
    execl("/proc/self/exe", "crash_test", kChildArgument, path.c_str(),
          std::to_string(fds[1]).c_str(), nullptr);
    _exit(9);
  }
  close(fds[1]);
  uint64_t last = 0;
  const auto read_one = [&] {
    uint64_t seq = 0;
    if (read(fds[0], &seq, sizeof(seq)) != sizeof(seq)) return false;
    last = seq;
    return true;
  };
  for (int i = 0; i < reports && read_one(); ++i) {
  }
  // The rest on the side, so that the child never waits for a full pipe.
  std::thread reader([&] {
    while (read_one()) {
    }
  });
  std::this_thread::sleep_for(delay);
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  reader.join();
  close(fds[0]);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the child failed by itself, code " << WEXITSTATUS(status);
  return last;
}

void CheckAll(const std::string& path, uint64_t acknowledged) {
  auto store = MustOpen(path);
  ASSERT_NE(store, nullptr);
  const auto applied = store->ReadApplied();
  ASSERT_TRUE(applied.ok());
  const uint64_t last = applied->applied_seq;
  ASSERT_GE(last, acknowledged);
  ASSERT_LE(last, acknowledged + 1) << "at most one batch was on its way";
  uint64_t rows = 0;
  ASSERT_OK(store->ScanVectors(
      0, ~uint64_t{0}, [&](uint64_t row, uint16_t, Dtype dtype, std::string_view bytes) {
        const uint64_t seq = (row - 1) / kPerBatch + 1;
        EXPECT_FALSE(seq % 3 == 2 && seq < last) << "deleted row " << row << " is back";
        EXPECT_EQ(VectorValue(dtype, std::string(bytes)), VectorOf(row, 0, 300));
        ++rows;
        return true;
      }));
  EXPECT_EQ(rows, (last - last / 3) * kPerBatch);
  uint64_t expected = store->ReadManifest()->sealed_upto + 1;
  ASSERT_OK(store->ReplayLog(0, [&](uint64_t seq, std::span<const LogOp>) {
    EXPECT_EQ(seq, expected++);
    return Status::Ok();
  }));
  EXPECT_EQ(expected, last + 1);
  uint64_t ids = 0;
  ASSERT_OK(store->ScanIds("", [&](std::string_view, const IdEntry&) { return ++ids > 0; }));
  EXPECT_EQ(ids, rows);
}

TEST(CrashTest, EverythingAcknowledgedSurvivesKill) {
  testing::TempDirectory directory;
  const std::string path = directory / "db";
  std::mt19937 random(11);
  uint64_t acknowledged = 0;
  for (int round = 0; round < 14; ++round) {
    // Every other time from the start, so that some die while they open.
    const int reports = round % 2 == 0 ? 0 : static_cast<int>(1 + random() % 150);
    const auto delay = std::chrono::milliseconds(random() % 200);
    const uint64_t reported = RunAndKill(path, reports, delay);
    if (HasFailure()) return;
    if (reported == 0) {
      // Killed before its first write: the last check's state stands, give or take nothing.
      auto store = MustOpen(path);
      ASSERT_NE(store, nullptr);
      ASSERT_GE(store->ReadApplied()->applied_seq, acknowledged);
      acknowledged = store->ReadApplied()->applied_seq;
      continue;
    }
    acknowledged = reported;
    CheckAll(path, acknowledged);
    if (HasFailure()) return;
    auto store = MustOpen(path);
    acknowledged = store->ReadApplied()->applied_seq;
  }
  EXPECT_GT(acknowledged, 7u);
}

// Several kills in a row leave several logs, each with a torn end.
TEST(CrashTest, KillsWithoutACleanOpenBetween) {
  testing::TempDirectory directory;
  const std::string path = directory / "db";
  uint64_t acknowledged = 0;
  for (int round = 0; round < 6; ++round) {
    acknowledged = RunAndKill(path, 30, std::chrono::milliseconds(round * 10));
    if (HasFailure()) return;
    ASSERT_GE(acknowledged, static_cast<uint64_t>(30 * (round + 1)));
  }
  auto store = MustOpen(path);
  ASSERT_NE(store, nullptr);
  EXPECT_GE(store->ReadApplied()->applied_seq, acknowledged);
  store.reset();
  const uint64_t last = MustOpen(path)->ReadApplied()->applied_seq;
  CheckAll(path, last);
}

}  // namespace
}  // namespace sagitta::store

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == sagitta::store::kChildArgument) {
    sagitta::store::RunChild(argv[2], std::atoi(argv[3]));
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
