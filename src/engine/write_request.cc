#include "engine/write_request.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "engine/context.h"
#include "engine/field_layout.h"
#include "filter/payload_codec.h"
#include "filter/payload_path.h"

namespace sagitta::engine {
namespace {

constexpr size_t kMaxRequestIdBytes = 128;

std::string At(std::string_view list, size_t i) {
  return std::string(list) + "[" + std::to_string(i) + "]";
}

Status CheckCount(std::string_view field, size_t count) {
  if (count >= 1 && count <= kMaxPointsPerRequest) return Status::Ok();
  return Status::InvalidArgument(std::string(field),
                                 "has " + std::to_string(count) + ", allowed are 1 to 10000");
}

ShardWrite& WriteOf(ShardWrites& writes, std::string_view ext_key) {
  auto& write = writes[RouteOf(ext_key, static_cast<uint32_t>(writes.size()))];
  if (write == nullptr) write = std::make_shared<ShardWrite>();
  return *write;
}

Result<std::vector<store::StoredVector>> ConvertVectors(const CollectionSchema& schema,
                                                        NamedVectors vectors) {
  if (vectors.empty()) {
    return Status::InvalidArgument("vectors", "is empty, a point has at least one vector");
  }
  std::vector<store::StoredVector> stored;
  for (uint16_t i = 0; i < schema.fields.size(); ++i) {
    const auto it = vectors.find(schema.fields[i].name);
    if (it == vectors.end()) continue;
    SAGITTA_ASSIGN_OR_RETURN(auto value, ToStorage(schema.fields[i], std::move(it->second)));
    stored.push_back({i, std::move(value)});
    vectors.erase(it);
  }
  if (!vectors.empty()) {
    std::string names;
    for (const VectorField& field : schema.fields)
      names += (names.empty() ? "" : ", ") + field.name;
    return Status::InvalidArgument("vectors." + vectors.begin()->first,
                                   "is no field of the collection, which has: " + names);
  }
  return stored;
}

Result<int64_t> ExpiryOf(const UpsertPoint& point, int64_t now_ms) {
  // Far enough: over a million years.
  constexpr int64_t kMaxTtlMs = int64_t{1} << 55;
  if (point.ttl_ms < 0 || point.ttl_ms > kMaxTtlMs) {
    return Status::InvalidArgument("ttl_ms", "is " + std::to_string(point.ttl_ms) +
                                                 ", allowed are 0 (none) to " +
                                                 std::to_string(kMaxTtlMs));
  }
  if (point.point.expires_at_ms < 0) {
    return Status::InvalidArgument("expires_at_ms",
                                   "is " + std::to_string(point.point.expires_at_ms) +
                                       ", allowed are 0 (never) and Unix times in ms");
  }
  return point.ttl_ms > 0 ? now_ms + point.ttl_ms : point.point.expires_at_ms;
}

Result<UpsertRow> ConvertPoint(const CollectionSchema& schema, UpsertPoint& point, int64_t now_ms) {
  UpsertRow row;
  const Status id = point.point.id.Validate();
  if (!id.ok()) return id.field().empty() ? Status::InvalidArgument("id", id.message()) : id;
  row.ext_key = point.point.id.Encode();
  if (point.only_if_absent && point.only_if_version.has_value()) {
    return Status::InvalidArgument(
        "only_if_absent", "is given together with only_if_version, allowed is one of them");
  }
  row.only_if_absent = point.only_if_absent;
  row.only_if_version = point.only_if_version;
  SAGITTA_ASSIGN_OR_RETURN(row.expires_at_ms, ExpiryOf(point, now_ms));
  SAGITTA_ASSIGN_OR_RETURN(row.vectors, ConvertVectors(schema, std::move(point.point.vectors)));
  if (!point.point.payload.empty()) {
    SAGITTA_ASSIGN_OR_RETURN(row.payload, filter::EncodePayload(point.point.payload));
  }
  return row;
}

}  // namespace

Status ValidateWriteOptions(const WriteOptions& options) {
  if (options.request_id.size() <= kMaxRequestIdBytes) return Status::Ok();
  return Status::InvalidArgument("request_id", "has " + std::to_string(options.request_id.size()) +
                                                   " bytes, allowed are at most 128");
}

Result<ShardWrites> SplitUpsert(const CollectionSchema& schema, std::vector<UpsertPoint> points,
                                int64_t now_ms) {
  SAGITTA_RETURN_IF_ERROR(CheckCount("points", points.size()));
  ShardWrites writes(schema.shards);
  std::unordered_map<std::string, size_t> seen;
  for (size_t i = 0; i < points.size(); ++i) {
    auto row = ConvertPoint(schema, points[i], now_ms);
    if (!row.ok()) return row.status().WithFieldPrefix(At("points", i) + ".");
    const auto [first, fresh] = seen.try_emplace(row->ext_key, i);
    if (!fresh) {
      return Status::InvalidArgument(At("points", i) + ".id",
                                     "is " + points[i].point.id.ToString() + ", as that of " +
                                         At("points", first->second) +
                                         ": ids of a request must differ");
    }
    ShardWrite& write = WriteOf(writes, row->ext_key);
    write.upserts.push_back(std::move(*row));
  }
  return writes;
}

Result<std::vector<std::string>> EncodeIds(std::span<const PointId> ids) {
  SAGITTA_RETURN_IF_ERROR(CheckCount("ids", ids.size()));
  std::vector<std::string> keys;
  std::unordered_set<std::string> seen;
  for (size_t i = 0; i < ids.size(); ++i) {
    const Status valid = ids[i].Validate();
    if (!valid.ok()) return Status::InvalidArgument(At("ids", i), valid.message());
    std::string key = ids[i].Encode();
    if (seen.insert(key).second) keys.push_back(std::move(key));
  }
  return keys;
}

Status ValidatePayloadUpdate(const PayloadUpdate& update) {
  if (update.filter.has_value() == !update.ids.empty()) {
    return Status::InvalidArgument("ids",
                                   update.filter.has_value()
                                       ? "is given together with filter, allowed is one of them"
                                       : "is empty and there is no filter: one of them is needed");
  }
  if (update.filter.has_value()) SAGITTA_RETURN_IF_ERROR(update.filter->Validate());
  if (update.op == PayloadOp::kDelete) {
    if (update.keys.empty() || update.keys.size() > 256) {
      return Status::InvalidArgument(
          "keys", "has " + std::to_string(update.keys.size()) + ", allowed are 1 to 256");
    }
    for (size_t i = 0; i < update.keys.size(); ++i) {
      if (!filter::PayloadPath(update.keys[i]).keys().empty() &&
          update.keys[i].size() <= filter::kMaxPathBytes) {
        continue;
      }
      return Status::InvalidArgument(
          At("keys", i), "is '" + update.keys[i].substr(0, 64) +
                             "', allowed are 1 to 32 keys joined by '.', at most 1024 bytes");
    }
    return Status::Ok();
  }
  return filter::EncodePayload(update.payload).status();
}

ShardWrites SplitTargets(uint32_t shards, std::vector<RowTarget> targets,
                         std::shared_ptr<const PayloadChange> change) {
  ShardWrites writes(shards);
  for (RowTarget& target : targets) {
    ShardWrite& write = WriteOf(writes, target.ext_key);
    write.change = change;
    (change == nullptr ? write.deletes : write.updates).push_back(std::move(target));
  }
  return writes;
}

}  // namespace sagitta::engine
