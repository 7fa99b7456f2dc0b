// WritePlan: what a group of writes does to a shard, worked out against the present state before
// anything is changed: one batch for the store, and the rows to append and to kill in the segments.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/expiry.h"
#include "engine/shard_write.h"
#include "sagitta/schema.h"
#include "store/shard_store.h"

namespace sagitta::engine {

struct NewRow {
  uint64_t internal_id = 0;
  uint64_t version = 0;
  int64_t expires_at_ms = 0;
  std::string_view ext_key;
  std::span<const store::StoredVector> vectors;
  std::string_view payload;
};

class WritePlan {
 public:
  WritePlan(const store::ShardStore& store, size_t field_count, uint64_t next_internal_id,
            int64_t now_ms);

  // Plans the group's writes in order and fills in their results. On an error nothing may be
  // committed. REQUIRES: called once; the writes outlive the plan.
  Status Add(std::span<const std::shared_ptr<ShardWrite>> group);

  store::ShardBatch& batch() { return *batch_; }
  const std::vector<NewRow>& rows() const { return rows_; }    // by ascending internal id
  const std::vector<uint64_t>& dead() const { return dead_; }  // internal ids
  uint64_t ops() const { return ops_; }
  uint64_t next_internal_id() const { return next_internal_id_; }
  bool empty() const { return !changes_; }  // nothing to commit: only writes seen before

 private:
  // The state of an id after the writes planned so far. Null: absent.
  using Present = std::optional<store::IdEntry>;

  Status LoadPresent(std::span<const std::shared_ptr<ShardWrite>> group);
  // Whether `write` was done before; then its result is filled in.
  Result<bool> Replay(ShardWrite& write);
  void Upsert(ShardWrite& write, const UpsertRow& row);
  void Delete(ShardWrite& write, const RowTarget& target);
  Status Update(ShardWrite& write, const RowTarget& target);
  void Put(ShardWrite& write, const UpsertRow& row, Present& present);
  bool Expired(const Present& present) const {
    return present.has_value() && HasExpired(present->expires_at_ms, now_ms_);
  }

  const store::ShardStore& store_;
  const size_t field_count_;
  const int64_t now_ms_;
  std::unique_ptr<store::ShardBatch> batch_;
  uint64_t next_internal_id_;
  uint64_t ops_ = 0;
  bool changes_ = false;
  std::unordered_map<std::string_view, Present> present_;
  std::map<std::string_view, const ShardWrite*> request_ids_;
  std::vector<store::LogOp> log_;  // of the write being planned
  std::vector<NewRow> rows_;
  std::vector<uint64_t> dead_;
  std::deque<UpsertRow> updated_;  // rows that payload updates made
};

// The encoded payload after a change. INVALID_ARGUMENT "payload" when it would be too large or too
// deep.
Result<std::string> ChangePayload(const PayloadChange& change, std::string_view encoded);

}  // namespace sagitta::engine
