#include "engine/write_plan.h"

#include "filter/payload_codec.h"

namespace sagitta::engine {

Result<std::string> ChangePayload(const PayloadChange& change, std::string_view encoded) {
  if (change.op == PayloadOp::kSet) return filter::EncodePayload(change.payload);
  SAGITTA_ASSIGN_OR_RETURN(Payload payload, filter::DecodePayload(encoded));
  if (change.op == PayloadOp::kMerge) {
    for (const auto& [key, value] : change.payload) payload[key] = value;
  } else {
    for (const std::string& key : change.keys) filter::ErasePath(payload, key);
  }
  return filter::EncodePayload(payload);
}

WritePlan::WritePlan(const store::ShardStore& store, size_t field_count, uint64_t next_internal_id,
                     int64_t now_ms)
    : store_(store),
      field_count_(field_count),
      now_ms_(now_ms),
      batch_(store.NewBatch()),
      next_internal_id_(next_internal_id) {}

Status WritePlan::Add(std::span<const std::shared_ptr<ShardWrite>> group) {
  SAGITTA_RETURN_IF_ERROR(LoadPresent(group));
  uint64_t applied = 0;
  for (const auto& write : group) {
    SAGITTA_ASSIGN_OR_RETURN(const bool replayed, Replay(*write));
    if (replayed) continue;
    changes_ = true;
    write->result.seq = write->seq;
    log_.clear();
    for (const UpsertRow& row : write->upserts) Upsert(*write, row);
    for (const RowTarget& target : write->deletes) Delete(*write, target);
    for (const RowTarget& target : write->updates) {
      SAGITTA_RETURN_IF_ERROR(Update(*write, target));
    }
    if (!log_.empty()) batch_->AppendLog(write->seq, log_);
    ops_ += log_.size();
    if (!write->request_id.empty()) {
      batch_->PutDedup(write->request_id, now_ms_, EncodeWriteResult(write->result));
    }
    applied = write->seq;
  }
  // Also without an operation: the number was given to a client, and must still be known after a
  // restart.
  if (changes_) batch_->SetApplied(applied, next_internal_id_);
  return Status::Ok();
}

Status WritePlan::LoadPresent(std::span<const std::shared_ptr<ShardWrite>> group) {
  std::vector<std::string> keys;
  std::vector<std::string_view> views;
  const auto add = [&](const std::string& key) {
    if (!present_.try_emplace(key).second) return;
    keys.push_back(key);
    views.push_back(key);
  };
  for (const auto& write : group) {
    for (const UpsertRow& row : write->upserts) add(row.ext_key);
    for (const RowTarget& target : write->deletes) add(target.ext_key);
    for (const RowTarget& target : write->updates) add(target.ext_key);
  }
  std::vector<Present> entries;
  SAGITTA_RETURN_IF_ERROR(store_.FindIds(keys, &entries));
  for (size_t i = 0; i < views.size(); ++i) present_[views[i]] = entries[i];
  return Status::Ok();
}

Result<bool> WritePlan::Replay(ShardWrite& write) {
  if (write.request_id.empty()) return false;
  const auto [it, first] = request_ids_.try_emplace(write.request_id, &write);
  if (!first) {
    write.result = it->second->result;
    write.result.replayed = true;
    return true;
  }
  SAGITTA_ASSIGN_OR_RETURN(const auto record, store_.FindDedup(write.request_id, now_ms_));
  if (!record.has_value()) return false;
  SAGITTA_ASSIGN_OR_RETURN(write.result, DecodeWriteResult(*record));
  return true;
}

void WritePlan::Upsert(ShardWrite& write, const UpsertRow& row) {
  Present& present = present_[row.ext_key];
  const bool there = present.has_value() && !Expired(present);
  const bool holds =
      !(row.only_if_absent && there) &&
      !(row.only_if_version.has_value() && (!there || present->version != *row.only_if_version));
  if (!holds) {
    write.result.skipped.push_back(row.ext_key);
    return;
  }
  Put(write, row, present);
}

void WritePlan::Put(ShardWrite& write, const UpsertRow& row, Present& present) {
  const uint64_t id = next_internal_id_++;
  batch_->PutPoint(row.ext_key, id, write.seq, row.expires_at_ms, row.vectors, row.payload);
  store::LogOp op{.kind = store::LogOp::Kind::kPut, .internal_id = id};
  if (present.has_value()) {
    batch_->DeleteRow(row.ext_key, *present, static_cast<uint16_t>(field_count_), false);
    op.replaced = present->internal_id;
    dead_.push_back(present->internal_id);
  }
  log_.push_back(op);
  rows_.push_back({.internal_id = id,
                   .version = write.seq,
                   .expires_at_ms = row.expires_at_ms,
                   .ext_key = row.ext_key,
                   .vectors = row.vectors,
                   .payload = row.payload});
  present = store::IdEntry{id, write.seq, row.expires_at_ms};
  ++write.result.affected;
}

void WritePlan::Delete(ShardWrite& write, const RowTarget& target) {
  Present& present = present_[target.ext_key];
  if (!present.has_value()) return;
  if (target.internal_id != 0 && present->internal_id != target.internal_id) return;
  batch_->DeleteRow(target.ext_key, *present, static_cast<uint16_t>(field_count_), true);
  log_.push_back({.kind = store::LogOp::Kind::kDelete, .internal_id = present->internal_id});
  dead_.push_back(present->internal_id);
  // A point that has expired was not there any more, except for the sweep that names its row.
  if (!Expired(present) || target.internal_id != 0) ++write.result.affected;
  present.reset();
}

Status WritePlan::Update(ShardWrite& write, const RowTarget& target) {
  Present& present = present_[target.ext_key];
  if (!present.has_value() || Expired(present) ||
      (target.internal_id != 0 && present->internal_id != target.internal_id)) {
    if (target.internal_id == 0) write.result.skipped.push_back(target.ext_key);
    return Status::Ok();
  }
  // Rows of this very group are not in the store yet; updates come in groups of their own.
  UpsertRow& row = updated_.emplace_back();
  row.ext_key = target.ext_key;
  row.expires_at_ms = present->expires_at_ms;
  for (uint16_t field = 0; field < field_count_; ++field) {
    SAGITTA_ASSIGN_OR_RETURN(auto vector, store_.ReadVector(present->internal_id, field));
    if (vector.has_value()) row.vectors.push_back({field, std::move(*vector)});
  }
  std::vector<std::string> payloads;
  const uint64_t id = present->internal_id;
  SAGITTA_RETURN_IF_ERROR(store_.ReadPayloads(std::span(&id, 1), &payloads));
  SAGITTA_ASSIGN_OR_RETURN(row.payload, ChangePayload(*write.change, payloads[0]));
  Put(write, row, present);
  return Status::Ok();
}

}  // namespace sagitta::engine
