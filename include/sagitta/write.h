// Write requests and what they return. Thread-compatible value types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sagitta/filter.h"
#include "sagitta/point.h"

namespace sagitta {

enum class Durability : uint8_t {
  kSync = 0,  // fsynced before it is acknowledged: survives power loss
  kOs = 1,    // handed to the operating system: survives a crash of the process only
};

struct WriteOptions {
  Durability durability = Durability::kSync;
  // A retry with the same id (1–128 bytes) within 24 hours changes nothing and returns the first
  // result.
  std::string request_id;
};

struct UpsertPoint {
  Point point;  // point.version is ignored
  // At most one condition. A point whose condition does not hold is skipped and listed in
  // `skipped`.
  bool only_if_absent = false;
  std::optional<uint64_t> only_if_version;
  int64_t ttl_ms = 0;  // > 0: expires that long after it is written; beats point.expires_at_ms
};

enum class PayloadOp : uint8_t {
  kSet,     // the whole payload is replaced
  kMerge,   // the keys given are replaced at top level, the others stay
  kDelete,  // the keys given (paths into nested objects allowed) are removed
};

struct PayloadUpdate {
  PayloadOp op = PayloadOp::kMerge;
  std::vector<PointId> ids;       // these points, or
  std::optional<Filter> filter;   // those that match; exactly one of the two
  Payload payload;                // kSet, kMerge
  std::vector<std::string> keys;  // kDelete
};

struct WriteResult {
  uint64_t seq = 0;       // the write's sequence number in its collection; use as min_seq of a read
  uint64_t affected = 0;  // points written or deleted
  std::vector<PointId>
      skipped;            // condition not held (upsert), or not found (payload update by ids)
  bool replayed = false;  // a request_id seen before: this is the first result again
};

}  // namespace sagitta
