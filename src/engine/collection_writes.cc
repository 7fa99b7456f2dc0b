// The writes of CollectionCore.
#include <algorithm>

#include "engine/collection_core.h"
#include "engine/read_points.h"
#include "filter/bind_text.h"

namespace sagitta::engine {
namespace {

constexpr size_t kDeletePiece = 10'000;
// A payload update rewrites whole points, all of a piece in one batch.
constexpr size_t kUpdatePieceBytes = 16 << 20;

size_t UpdatePiece(const CollectionSchema& schema) {
  size_t row_bytes = 1024;
  for (const VectorField& field : schema.fields) row_bytes += LayoutOf(field).row_bytes();
  return std::clamp<size_t>(kUpdatePieceBytes / row_bytes, 64, kMaxPointsPerRequest);
}

std::vector<RowTarget> ToTargets(std::vector<std::string> keys) {
  std::vector<RowTarget> targets;
  targets.reserve(keys.size());
  for (std::string& key : keys) targets.push_back({std::move(key)});
  return targets;
}

Result<WriteResult> Combine(const ShardWrites& writes) {
  WriteResult result;
  result.replayed = true;
  for (const auto& write : writes) {
    if (write == nullptr) continue;
    SAGITTA_RETURN_IF_ERROR(write->status);
    result.seq = std::max(result.seq, write->result.seq);
    result.affected += write->result.affected;
    result.replayed = result.replayed && write->result.replayed;
    for (const std::string& key : write->result.skipped) {
      SAGITTA_ASSIGN_OR_RETURN(auto id, PointId::Decode(key));
      result.skipped.push_back(std::move(id));
    }
  }
  return result;
}

}  // namespace

Result<WriteResult> CollectionCore::Apply(ShardWrites writes, const std::string& request_id,
                                          Durability durability) {
  ptrdiff_t parts = 0;
  for (size_t i = 0; i < writes.size(); ++i) {
    if (writes[i] == nullptr) continue;
    SAGITTA_RETURN_IF_ERROR(shards_[i]->Admit(writes[i]->Bytes()));
    writes[i]->request_id = request_id;
    writes[i]->durability = durability;
    ++parts;
  }
  auto done = std::make_shared<std::latch>(parts);
  uint64_t seq = 0;
  {
    base::MutexLock lock(submit_mu_);
    seq = sequencer_->Begin();
    for (size_t i = 0; i < writes.size(); ++i) {
      if (writes[i] == nullptr) continue;
      writes[i]->seq = seq;
      writes[i]->done = done;
      shards_[i]->Enqueue(writes[i]);
    }
  }
  done->wait();
  sequencer_->End(seq);
  return Combine(writes);
}

Result<std::optional<WriteResult>> CollectionCore::FindDone(const std::string& request_id) const {
  if (request_id.empty()) return std::optional<WriteResult>();
  ShardWrites parts;
  for (const auto& shard : shards_) {
    SAGITTA_ASSIGN_OR_RETURN(const auto record,
                             shard->state().store().FindDedup(request_id, NowMs()));
    if (!record.has_value()) return std::optional<WriteResult>();
    parts.push_back(std::make_shared<ShardWrite>());
    SAGITTA_ASSIGN_OR_RETURN(parts.back()->result, DecodeWriteResult(*record));
  }
  SAGITTA_ASSIGN_OR_RETURN(auto result, Combine(parts));
  return std::optional<WriteResult>(std::move(result));
}

Result<WriteResult> CollectionCore::ApplyInPieces(std::vector<RowTarget> targets, size_t piece,
                                                  std::shared_ptr<const PayloadChange> change,
                                                  const WriteOptions& options) {
  const auto shards = static_cast<uint32_t>(shards_.size());
  auto sums = std::make_shared<ShardWrite>();
  size_t begin = 0;
  // Pieces before the last may be repeated without harm, so that only the last is remembered.
  for (; targets.size() - begin > piece; begin += piece) {
    std::vector<RowTarget> part(std::make_move_iterator(targets.begin() + begin),
                                std::make_move_iterator(targets.begin() + begin + piece));
    ShardWrites writes = SplitTargets(shards, std::move(part), change);
    SAGITTA_RETURN_IF_ERROR(Apply(writes, "", options.durability).status());
    for (const auto& write : writes) {
      if (write == nullptr) continue;
      sums->result.affected += write->result.affected;
      std::move(write->result.skipped.begin(), write->result.skipped.end(),
                std::back_inserter(sums->result.skipped));
    }
  }
  targets.erase(targets.begin(), targets.begin() + static_cast<ptrdiff_t>(begin));
  ShardWrites last = SplitTargets(shards, std::move(targets), change);
  // Every shard remembers the request, with its part of the result: a retry, for which the filter
  // matches other points, must find it in all. Without a request id one part is enough, for the
  // number to return.
  for (auto& write : last) {
    if (write == nullptr && (!options.request_id.empty() || &write == &last[0])) {
      write = std::make_shared<ShardWrite>();
    }
  }
  last[0]->result = std::move(sums->result);
  return Apply(std::move(last), options.request_id, options.durability);
}

Result<std::vector<RowTarget>> CollectionCore::FindTargets(const Filter& filter) const {
  SAGITTA_RETURN_IF_ERROR(filter.Validate());
  const std::optional<Filter> completed = filter::BindText(filter, schema()->indexes);
  SAGITTA_ASSIGN_OR_RETURN(const auto views, Views({}));
  std::vector<RowTarget> targets;
  for (const ShardView& view : views) {
    SAGITTA_ASSIGN_OR_RETURN(auto rows, MatchRows(view, completed.value_or(filter), CancelToken()));
    for (MatchedRow& row : rows) targets.push_back({std::move(row.ext_key), row.internal_id});
  }
  return targets;
}

Result<WriteResult> CollectionCore::Upsert(std::vector<UpsertPoint> points,
                                           const WriteOptions& options) {
  SAGITTA_RETURN_IF_ERROR(ValidateWriteOptions(options));
  SAGITTA_ASSIGN_OR_RETURN(auto writes, SplitUpsert(*schema(), std::move(points), NowMs()));
  return Apply(std::move(writes), options.request_id, options.durability);
}

Result<WriteResult> CollectionCore::Delete(std::span<const PointId> ids,
                                           const WriteOptions& options) {
  SAGITTA_RETURN_IF_ERROR(ValidateWriteOptions(options));
  SAGITTA_ASSIGN_OR_RETURN(auto keys, EncodeIds(ids));
  return Apply(
      SplitTargets(static_cast<uint32_t>(shards_.size()), ToTargets(std::move(keys)), nullptr),
      options.request_id, options.durability);
}

Result<WriteResult> CollectionCore::DeleteByFilter(const Filter& filter,
                                                   const WriteOptions& options) {
  SAGITTA_RETURN_IF_ERROR(ValidateWriteOptions(options));
  SAGITTA_ASSIGN_OR_RETURN(auto done, FindDone(options.request_id));
  if (done.has_value()) return std::move(*done);
  SAGITTA_ASSIGN_OR_RETURN(auto targets, FindTargets(filter));
  return ApplyInPieces(std::move(targets), kDeletePiece, nullptr, options);
}

Result<WriteResult> CollectionCore::UpdatePayload(const PayloadUpdate& update,
                                                  const WriteOptions& options) {
  SAGITTA_RETURN_IF_ERROR(ValidateWriteOptions(options));
  SAGITTA_RETURN_IF_ERROR(ValidatePayloadUpdate(update));
  auto change = std::make_shared<PayloadChange>(
      PayloadChange{.op = update.op, .payload = update.payload, .keys = update.keys});
  const size_t piece = UpdatePiece(*schema());
  if (update.filter.has_value()) {
    SAGITTA_ASSIGN_OR_RETURN(auto done, FindDone(options.request_id));
    if (done.has_value()) return std::move(*done);
    SAGITTA_ASSIGN_OR_RETURN(auto targets, FindTargets(*update.filter));
    return ApplyInPieces(std::move(targets), piece, std::move(change), options);
  }
  SAGITTA_ASSIGN_OR_RETURN(auto keys, EncodeIds(update.ids));
  if (keys.size() > piece) {
    SAGITTA_ASSIGN_OR_RETURN(auto done, FindDone(options.request_id));
    if (done.has_value()) return std::move(*done);
    return ApplyInPieces(ToTargets(std::move(keys)), piece, std::move(change), options);
  }
  return Apply(SplitTargets(static_cast<uint32_t>(shards_.size()), ToTargets(std::move(keys)),
                            std::move(change)),
               options.request_id, options.durability);
}

Result<uint64_t> CollectionCore::SweepExpired(uint64_t limit) {
  uint64_t swept = 0;
  for (size_t i = 0; i < shards_.size(); ++i) {
    SAGITTA_ASSIGN_OR_RETURN(auto targets, shards_[i]->ExpiredRows(limit));
    if (targets.empty()) continue;
    ShardWrites writes(shards_.size());
    writes[i] = std::make_shared<ShardWrite>();
    writes[i]->deletes = std::move(targets);
    // They are not there for any reader already: nothing would be lost with the record of it.
    SAGITTA_ASSIGN_OR_RETURN(const auto result, Apply(std::move(writes), "", Durability::kOs));
    swept += result.affected;
  }
  return swept;
}

}  // namespace sagitta::engine
