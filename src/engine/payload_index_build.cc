#include "engine/payload_index_build.h"

#include <algorithm>

#include "base/fault.h"
#include "base/log.h"
#include "engine/payload_reads.h"

namespace sagitta::engine {
namespace {

using filter::PayloadIndexData;
using Visit = std::function<Status(uint32_t row, std::string_view payload)>;

constexpr uint32_t kBlockRows = 4096;

Status ReadRange(const Segment& segment, uint32_t begin, uint32_t rows,
                 const store::ShardStore& store, const store::StoreSnapshot* at,
                 const CancelToken& cancel, const Visit& visit) {
  std::vector<uint64_t> ids;
  while (begin < rows) {
    SAGITTA_RETURN_IF_ERROR(cancel.Check());
    const uint32_t end = std::min(rows, begin + kBlockRows);
    ids.clear();
    for (uint32_t row = begin; row < end; ++row) ids.push_back(segment.internal_id(row));
    SAGITTA_RETURN_IF_ERROR(VisitPayloads(store, at, ids, [&](size_t i, std::string_view payload) {
      return visit(begin + static_cast<uint32_t>(i), payload);
    }));
    begin = end;
  }
  return Status::Ok();
}

// The stored form of an index, opened; null where there is none that can be used.
Result<std::unique_ptr<PayloadIndexData>> LoadStored(const PayloadIndex& definition,
                                                     const Segment& segment,
                                                     const store::ShardStore& store) {
  const auto stored = store.ReadPayloadIndex(segment.id(), definition.path);
  Status status = stored.status();
  if (status.ok()) {
    if (!stored->has_value()) return std::unique_ptr<PayloadIndexData>();
    auto data = PayloadIndexData::Deserialize(definition, **stored);
    if (data.ok()) return data;
    status = data.status();
  }
  if (status.code() != StatusCode::kDataLoss) return status;
  base::LogWarn("segment {}: {}; it is built anew", segment.id(), status.ToString());
  return std::unique_ptr<PayloadIndexData>();
}

Status EnsureOne(ShardState& shard, SealedSegment& segment, const PayloadIndex& definition,
                 const CancelToken& cancel) {
  SAGITTA_ASSIGN_OR_RETURN(auto data, LoadStored(definition, segment, shard.store()));
  if (data == nullptr) {
    // As of a view: a row that dies while this reads stays in the index, so that no view misses it.
    const ShardView view = shard.View();
    SAGITTA_ASSIGN_OR_RETURN(data, BuildPayloadIndex(definition, segment, segment.rows(),
                                                     shard.store(), cancel, view.at.get()));
    data->Freeze();
    SAGITTA_FAULT("payload_index.before_store");
    const Status stored =
        shard.store().PutPayloadIndex(segment.id(), definition.path, data->Serialize());
    if (!stored.ok()) {
      base::LogWarn("segment {}: index of {} is not stored: {}", segment.id(), definition.path,
                    stored.ToString());
    }
  }
  segment.SetPayloadIndex(definition.path, std::move(data));
  return Status::Ok();
}

// Most rows are read while writes go on; those that have come meanwhile, and the change itself,
// hold writes back.
Status AddToMutable(ShardState& shard, Segment& segment, const PayloadIndex& definition,
                    const CancelToken& cancel) {
  const uint32_t before = segment.rows();
  SAGITTA_ASSIGN_OR_RETURN(auto data,
                           BuildPayloadIndex(definition, segment, before, shard.store(), cancel));
  base::MutexLock lock(shard.apply_mu);
  SAGITTA_RETURN_IF_ERROR(ReadRange(segment, before, segment.rows(), shard.store(), nullptr, cancel,
                                    [&](uint32_t row, std::string_view payload) {
                                      data->Add(row, payload);
                                      return Status::Ok();
                                    }));
  if (&segment != &shard.growing()) data->Freeze();
  segment.SetPayloadIndex(definition.path, std::move(data));
  return Status::Ok();
}

std::shared_ptr<Segment> FirstWithout(const ShardState& shard, const PayloadIndex& definition) {
  for (const auto& segment : shard.Segments()) {
    if (!HasPayloadIndex(*segment, definition)) return segment;
  }
  return nullptr;
}

}  // namespace

Status ReadPayloadsOf(const Segment& segment, uint32_t rows, const store::ShardStore& store,
                      const store::StoreSnapshot* at, const CancelToken& cancel,
                      const Visit& visit) {
  return ReadRange(segment, 0, rows, store, at, cancel, visit);
}

Result<std::unique_ptr<PayloadIndexData>> BuildPayloadIndex(const PayloadIndex& definition,
                                                            const Segment& segment, uint32_t rows,
                                                            const store::ShardStore& store,
                                                            const CancelToken& cancel,
                                                            const store::StoreSnapshot* at) {
  auto data = PayloadIndexData::Create(definition);
  SAGITTA_RETURN_IF_ERROR(
      ReadRange(segment, 0, rows, store, at, cancel, [&](uint32_t row, std::string_view payload) {
        data->Add(row, payload);
        return Status::Ok();
      }));
  return data;
}

bool HasPayloadIndex(const Segment& segment, const PayloadIndex& definition) {
  const auto indexes = segment.payload_indexes();
  const auto it = indexes->find(definition.path);
  return it != indexes->end() && it->second->definition() == definition;
}

Status EnsurePayloadIndexes(ShardState& shard, SealedSegment& segment,
                            const std::vector<PayloadIndex>& definitions,
                            const CancelToken& cancel) {
  for (const PayloadIndex& definition : definitions) {
    if (HasPayloadIndex(segment, definition)) continue;
    SAGITTA_RETURN_IF_ERROR(EnsureOne(shard, segment, definition, cancel));
  }
  return Status::Ok();
}

Status AddPayloadIndex(ShardState& shard, const PayloadIndex& definition,
                       const CancelToken& cancel) {
  while (true) {
    std::shared_ptr<Segment> segment = FirstWithout(shard, definition);
    if (segment == nullptr) {
      // A segment made just before the schema changed comes in under this lock, if at all.
      base::MutexLock lock(shard.apply_mu);
      segment = FirstWithout(shard, definition);
      if (segment == nullptr) return Status::Ok();
    }
    if (segment->sealed()) {
      SAGITTA_RETURN_IF_ERROR(
          EnsurePayloadIndexes(shard, static_cast<SealedSegment&>(*segment), {definition}, cancel));
    } else {
      SAGITTA_RETURN_IF_ERROR(AddToMutable(shard, *segment, definition, cancel));
    }
  }
}

Status RemovePayloadIndex(ShardState& shard, std::string_view path) {
  base::MutexLock lock(shard.apply_mu);
  for (const auto& segment : shard.Segments()) segment->DropPayloadIndex(path);
  return shard.store().RemovePayloadIndex(path);
}

}  // namespace sagitta::engine
