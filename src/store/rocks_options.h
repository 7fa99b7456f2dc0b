// RocksDB's options: of the database, and of each column family. Thread-safe, pure.
#pragma once

#include <rocksdb/options.h>

#include <memory>

#include "store/family.h"
#include "store/resources.h"

namespace sagitta::store {

// What every database of ours has: checksums everywhere, a log that loses nothing acknowledged.
rocksdb::DBOptions BaseDbOptions();

rocksdb::DBOptions ShardDbOptions(const RocksResources& resources);
rocksdb::ColumnFamilyOptions ShardFamilyOptions(Family family, const RocksResources& resources);

// A memtable's size while the log is replayed: more than a log of kMaxWalBytes can fill. RocksDB
// flushes every family, and makes the open wait for it, once a single memtable is full.
inline constexpr size_t kRecoveryMemtableBytes = size_t{1} << 30;

}  // namespace sagitta::store
