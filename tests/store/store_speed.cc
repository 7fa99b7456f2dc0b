// Measures the store alone, not part of the tests' run:
//   store_speed insert DIR ROWS DIM [BATCH]   durable inserts, then kills itself: as after a crash
//   store_speed recover DIR                   open, replay of the log, scan of all vectors
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "store/shard_store.h"

namespace sagitta::store {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double CpuSeconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

void Require(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

std::unique_ptr<ShardStore> MustOpen(const std::string& path) {
  auto store = ShardStore::Open(path, StoreResources::Create(1ull << 30, 2));
  Require(store.status());
  return std::move(*store);
}

int Insert(const std::string& path, uint64_t rows, size_t dim, uint64_t batch_rows) {
  auto store = MustOpen(path);
  std::mt19937_64 random(1);
  std::string pool((batch_rows + 1) * dim * 4, '\0');
  for (char& c : pool) c = static_cast<char>(random());
  std::vector<std::vector<StoredVector>> vectors(batch_rows);
  for (uint64_t i = 0; i < batch_rows; ++i) {
    vectors[i].push_back({0, VectorValue(Dtype::kF32, pool.substr(i * dim * 4, dim * 4))});
  }
  const std::string payload(60, 'p');
  std::vector<double> millis;
  const auto start = Clock::now();
  for (uint64_t done = 0, seq = 1; done < rows; done += batch_rows, ++seq) {
    const auto batch_start = Clock::now();
    std::vector<std::string> keys;
    for (uint64_t i = 0; i < batch_rows; ++i) {
      keys.push_back(PointId((done + i) * 0x9E3779B97F4A7C15ull).Encode());
    }
    std::vector<std::optional<IdEntry>> found;
    Require(store->FindIds(keys, &found));
    auto batch = store->NewBatch();
    std::vector<LogOp> ops;
    for (uint64_t i = 0; i < batch_rows; ++i) {
      const uint64_t row = done + i + 1;
      batch->PutPoint(keys[i], row, seq, 0, vectors[i], payload);
      ops.push_back({LogOp::Kind::kPut, row, 0});
    }
    batch->AppendLog(seq, ops);
    batch->SetApplied(seq, done + batch_rows + 1);
    Require(store->Commit(*batch, true));
    millis.push_back(SecondsSince(batch_start) * 1e3);
  }
  const double seconds = SecondsSince(start);
  std::sort(millis.begin(), millis.end());
  std::printf("insert: %llu x %zu-d in %.2f s: %.0f vec/s; batch p50 %.2f ms, p99 %.2f ms\n",
              static_cast<unsigned long long>(rows), dim, seconds, rows / seconds,
              millis[millis.size() / 2], millis[millis.size() * 99 / 100]);
  std::printf("cpu per vector: writer %.1f us, all threads %.1f us\n",
              CpuSeconds(CLOCK_THREAD_CPUTIME_ID) / rows * 1e6,
              CpuSeconds(CLOCK_PROCESS_CPUTIME_ID) / rows * 1e6);
  std::fflush(stdout);
  kill(getpid(), SIGKILL);
  return 0;
}

int Recover(const std::string& path) {
  auto start = Clock::now();
  auto store = MustOpen(path);
  std::printf("open: %.2f s\n", SecondsSince(start));
  start = Clock::now();
  uint64_t ops = 0;
  Require(store->ReplayLog(0, [&](uint64_t, std::span<const LogOp> batch) {
    ops += batch.size();
    return Status::Ok();
  }));
  std::printf("replay: %llu operations, %.2f s\n", static_cast<unsigned long long>(ops),
              SecondsSince(start));
  start = Clock::now();
  uint64_t rows = 0;
  uint64_t bytes = 0;
  Require(store->ScanVectors(0, ~uint64_t{0}, [&](uint64_t, uint16_t, Dtype, std::string_view v) {
    ++rows;
    bytes += v.size();
    return true;
  }));
  std::printf("scan: %llu vectors, %.0f MB, %.2f s\n", static_cast<unsigned long long>(rows),
              bytes / 1e6, SecondsSince(start));
  const DiskUse disk = store->CountDisk();
  std::printf("tables %.0f MB, logs %.0f MB, memtables %.0f MB\n", disk.tables / 1e6,
              disk.wal / 1e6, store->MemtableBytes() / 1e6);
  return 0;
}

}  // namespace
}  // namespace sagitta::store

int main(int argc, char** argv) {
  const std::string mode = argc > 2 ? argv[1] : "";
  if (mode == "recover") return sagitta::store::Recover(argv[2]);
  if (mode == "insert" && argc >= 5) {
    return sagitta::store::Insert(argv[2], std::strtoull(argv[3], nullptr, 10),
                                  std::strtoull(argv[4], nullptr, 10),
                                  argc > 5 ? std::strtoull(argv[5], nullptr, 10) : 256);
  }
  std::fprintf(stderr, "usage: store_speed insert DIR ROWS DIM [BATCH] | recover DIR\n");
  return 2;
}
