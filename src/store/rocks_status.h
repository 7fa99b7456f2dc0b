// From RocksDB's status to ours. Thread-safe, pure.
#pragma once

#include <rocksdb/slice.h>
#include <rocksdb/status.h>

#include <string_view>

#include "sagitta/status.h"

namespace sagitta::store {

inline rocksdb::Slice ToSlice(std::string_view view) { return {view.data(), view.size()}; }
inline std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// Corruption and missing files → DATA_LOSS, a full disk → RESOURCE_EXHAUSTED, a taken lock →
// FAILED_PRECONDITION, other I/O errors → UNAVAILABLE. `what` opens the message ("shard /d/db").
Status FromRocks(const rocksdb::Status& status, std::string_view what);

}  // namespace sagitta::store
