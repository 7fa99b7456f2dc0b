// IdleFlush: gives back what a burst of writes leaves behind in a shard's store. Rows in RocksDB's
// memtables are in memory twice, or three times while they grow, and their log is on the disk until
// they are flushed; RocksDB flushes a memtable when it is full, and never because writes have
// ended. For one thread at a time.
//
// Every flush makes a table and a blob file: a shard is flushed once it has been left alone for a
// while, the longer the less there is.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "engine/collection_core.h"

namespace sagitta::compactor {

struct IdleFlushRule {
  // At rest for `after` with as many bytes in memtables or logs; or for `small_after` with at least
  // `small_bytes` in memtables.
  std::chrono::milliseconds after{5'000};
  uint64_t memtable_bytes = 8u << 20;
  uint64_t wal_bytes = 16u << 20;
  std::chrono::milliseconds small_after{300'000};
  uint64_t small_bytes = 1u << 20;
};

class IdleFlush {
 public:
  explicit IdleFlush(IdleFlushRule rule = {}) : rule_(rule) {}
  // Flushes the shards that are due; `name` is the collection's. True when one was. Errors are
  // logged, and tried again later.
  bool Run(const engine::CollectionCore& collection, const std::string& name,
           const CancelToken& cancel);

 private:
  using Clock = std::chrono::steady_clock;

  bool Due(const engine::ShardState& shard) const;

  const IdleFlushRule rule_;
  Clock::time_point next_{};
};

}  // namespace sagitta::compactor
