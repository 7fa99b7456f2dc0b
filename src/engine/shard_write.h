// ShardWrite: one shard's part of a write request, checked and encoded, on its way to the shard's
// writer.
#pragma once

#include <cstdint>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sagitta/write.h"
#include "store/shard_store.h"

namespace sagitta::engine {

struct UpsertRow {
  std::string ext_key;
  std::vector<store::StoredVector> vectors;  // by ascending field, in storage dtype
  std::string payload;                       // encoded
  int64_t expires_at_ms = 0;
  bool only_if_absent = false;
  std::optional<uint64_t> only_if_version;
};

struct RowTarget {
  std::string ext_key;
  uint64_t internal_id = 0;  // only if the point still is this row; 0 = whichever it is
};

struct PayloadChange {
  PayloadOp op = PayloadOp::kMerge;
  Payload payload;
  std::vector<std::string> keys;
};

struct ShardWriteResult {
  uint64_t seq = 0;  // of the first time, when replayed
  uint64_t affected = 0;
  std::vector<std::string> skipped;  // ext_keys
  bool replayed = false;
};

// What is remembered of a request id. DATA_LOSS on malformed bytes.
std::string EncodeWriteResult(const ShardWriteResult& result);
Result<ShardWriteResult> DecodeWriteResult(std::string_view bytes);

struct ShardWrite {
  // One of the three. No ext_key twice.
  std::vector<UpsertRow> upserts;
  std::vector<RowTarget> deletes;
  std::vector<RowTarget> updates;
  std::shared_ptr<const PayloadChange> change;  // of `updates`
  Durability durability = Durability::kSync;
  std::string request_id;
  uint64_t seq = 0;  // of the whole request, the same in all shards

  size_t points() const { return upserts.size() + deletes.size() + updates.size(); }
  size_t Bytes() const;  // about

  // Filled in by the shard before `done` counts down.
  Status status;
  ShardWriteResult result;
  std::shared_ptr<std::latch> done;
};

}  // namespace sagitta::engine
