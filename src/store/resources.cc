#include "store/resources.h"

#include <algorithm>

#include "base/log.h"
#include "store/rocks_crc32c.h"

namespace sagitta::store {
namespace {

// Bounds what flushes and compactions of all shards write together, so that they cannot fill the
// device's queue before the log's fsyncs. Above the rate at which one writer can fill memtables (≈
// 250 MB/s), so that flushes keep up with it.
constexpr int64_t kBackgroundBytesPerSecond = 512ll << 20;

// Memtables get this share of the cache: a flush starts when all shards' memtables together pass
// it. Not less than kMinWriteBuffers, or each commit would flush.
constexpr uint64_t kWriteBufferShare = 3;
constexpr uint64_t kMinWriteBuffers = 32ull << 20;

// RocksDB before 7.9 may order a retried flush wrongly when 8 or more jobs run.
constexpr uint32_t kMaxBackgroundJobs = 7;

}  // namespace

RocksResources::RocksResources(uint64_t cache_bytes, uint32_t background_threads) {
  base::LogDebug("RocksDB's checksums are {}", RocksUsesOurCrc32c() ? "ours" : "its own");

  rocksdb::LRUCacheOptions cache;
  cache.capacity = std::max<uint64_t>(cache_bytes, 1u << 20);
  cache.strict_capacity_limit = false;  // a full cache must never fail a read
  cache.high_pri_pool_ratio = 0.5;      // index and filter blocks stay when a scan passes
  cache_ = rocksdb::NewLRUCache(cache);

  // allow_stall stays off: a writer that waits for a flush which a full disk keeps from ending
  // would never come back. What bounds memtables then is max_write_buffer_number of each family.
  write_buffers_ = std::make_shared<rocksdb::WriteBufferManager>(
      std::max(cache_bytes / kWriteBufferShare, kMinWriteBuffers), cache_, false);
  rate_limiter_.reset(rocksdb::NewGenericRateLimiter(kBackgroundBytesPerSecond));

  background_jobs_ =
      static_cast<int>(std::clamp<uint32_t>(background_threads, 2, kMaxBackgroundJobs));
  rocksdb::Env* env = rocksdb::Env::Default();
  env->IncBackgroundThreadsIfNeeded(background_jobs_, rocksdb::Env::LOW);
  env->IncBackgroundThreadsIfNeeded(2, rocksdb::Env::HIGH);
  // Compactions give way to searches. Flushes do not: writers wait for them. An environment that
  // cannot lower a thread's priority works as well, only less smoothly.
  env->LowerThreadPoolCPUPriority(rocksdb::Env::LOW, rocksdb::CpuPriority::kLow)
      .PermitUncheckedError();
}

std::shared_ptr<StoreResources> StoreResources::Create(uint64_t cache_bytes,
                                                       uint32_t background_threads) {
  return std::make_shared<RocksResources>(cache_bytes, background_threads);
}

}  // namespace sagitta::store
