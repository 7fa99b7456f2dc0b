// What the shards of a process share: one cache for blocks and blobs, charged with the memtables;
// one rate limiter for flushes and compactions; RocksDB's background threads. Thread-safe.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/write_buffer_manager.h>

#include <cstdint>
#include <memory>

#include "store/shard_store.h"

namespace sagitta::store {

class RocksResources : public StoreResources {
 public:
  RocksResources(uint64_t cache_bytes, uint32_t background_threads);

  uint64_t CacheBytesUsed() const override { return cache_->GetUsage(); }

  const std::shared_ptr<rocksdb::Cache>& cache() const { return cache_; }
  const std::shared_ptr<rocksdb::WriteBufferManager>& write_buffers() const {
    return write_buffers_;
  }
  const std::shared_ptr<rocksdb::RateLimiter>& rate_limiter() const { return rate_limiter_; }
  int background_jobs() const { return background_jobs_; }

 private:
  std::shared_ptr<rocksdb::Cache> cache_;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers_;
  std::shared_ptr<rocksdb::RateLimiter> rate_limiter_;
  int background_jobs_;
};

}  // namespace sagitta::store
