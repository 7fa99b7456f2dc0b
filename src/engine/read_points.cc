#include "engine/read_points.h"

#include <algorithm>
#include <numeric>

#include "engine/context.h"
#include "engine/expiry.h"
#include "engine/row_source.h"
#include "filter/payload_codec.h"

namespace sagitta::engine {
namespace {

// Payloads held in stored form at once: each may have up to 1 MiB.
constexpr size_t kPayloadBlock = 256;
// Vectors looked up at once: each may have up to 32 KiB.
constexpr size_t kVectorBlock = 256;

// Positions of points, those of one shard after another.
std::vector<uint32_t> ByShard(std::span<const uint32_t> shards) {
  std::vector<uint32_t> order(shards.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return shards[a] < shards[b]; });
  return order;
}

// Calls visit(shard, positions) for runs of one shard, of at most `most` points.
template <typename Visit>
Status ForEachShard(std::span<const uint32_t> shards, size_t most, const Visit& visit) {
  const std::vector<uint32_t> order = ByShard(shards);
  for (size_t first = 0; first < order.size();) {
    const uint32_t shard = shards[order[first]];
    size_t end = first + 1;
    while (end < order.size() && end - first < most && shards[order[end]] == shard) ++end;
    SAGITTA_RETURN_IF_ERROR(
        visit(shard, std::span<const uint32_t>(order).subspan(first, end - first)));
    first = end;
  }
  return Status::Ok();
}

Status FillPayloads(const ShardView& view, std::span<const uint32_t> positions,
                    std::span<const uint64_t> internal_ids, const Select& select,
                    std::span<Point*> points) {
  std::vector<uint64_t> ids;
  for (const uint32_t i : positions) ids.push_back(internal_ids[i]);
  std::vector<std::string> payloads;
  SAGITTA_RETURN_IF_ERROR(view.store->ReadPayloads(ids, &payloads, view.at.get()));
  for (size_t i = 0; i < positions.size(); ++i) {
    SAGITTA_ASSIGN_OR_RETURN(points[positions[i]]->payload,
                             select.payload_keys.empty()
                                 ? filter::DecodePayload(payloads[i])
                                 : filter::ProjectPayload(payloads[i], select.payload_keys));
  }
  return Status::Ok();
}

// Positions in the schema of the fields that are selected.
std::vector<uint16_t> SelectedFields(const CollectionSchema& schema, const Select& select) {
  std::vector<uint16_t> fields;
  for (uint16_t i = 0; i < schema.fields.size(); ++i) {
    const auto& wanted = select.vector_fields;
    if (wanted.empty() ||
        std::find(wanted.begin(), wanted.end(), schema.fields[i].name) != wanted.end()) {
      fields.push_back(i);
    }
  }
  return fields;
}

Status FillVectors(const CollectionSchema& schema, const ShardView& view,
                   std::span<const uint32_t> positions, std::span<const uint64_t> internal_ids,
                   std::span<const uint16_t> fields, std::span<Point*> points) {
  std::vector<uint64_t> ids;
  for (const uint32_t i : positions) ids.push_back(internal_ids[i]);
  std::vector<std::optional<VectorValue>> vectors;
  for (const uint16_t field : fields) {
    SAGITTA_RETURN_IF_ERROR(view.store->ReadVectors(ids, field, &vectors, view.at.get()));
    for (size_t i = 0; i < positions.size(); ++i) {
      if (!vectors[i].has_value()) continue;
      points[positions[i]]->vectors[schema.fields[field].name] = std::move(*vectors[i]);
    }
  }
  return Status::Ok();
}

}  // namespace

Status FillPoints(const CollectionSchema& schema, std::span<const ShardView> views,
                  std::span<const uint32_t> shards, std::span<const uint64_t> internal_ids,
                  const Select& select, std::span<Point*> points) {
  if (select.payload) {
    SAGITTA_RETURN_IF_ERROR(ForEachShard(
        shards, kPayloadBlock, [&](uint32_t shard, std::span<const uint32_t> positions) {
          return FillPayloads(views[shard], positions, internal_ids, select, points);
        }));
  }
  if (!select.vectors) return Status::Ok();
  const std::vector<uint16_t> fields = SelectedFields(schema, select);
  return ForEachShard(shards, kVectorBlock,
                      [&](uint32_t shard, std::span<const uint32_t> positions) {
                        return FillVectors(schema, views[shard], positions, internal_ids, fields,
                                           points);
                      });
}

Result<std::vector<Point>> GetPoints(const CollectionSchema& schema,
                                     std::span<const ShardView> views, std::span<const PointId> ids,
                                     const Select& select) {
  std::vector<uint32_t> shards;
  std::vector<std::string> keys;
  for (const PointId& id : ids) {
    keys.push_back(id.Encode());
    shards.push_back(RouteOf(keys.back(), static_cast<uint32_t>(views.size())));
  }
  std::vector<std::optional<store::IdEntry>> entries(ids.size());
  SAGITTA_RETURN_IF_ERROR(
      ForEachShard(shards, ids.size(), [&](uint32_t shard, std::span<const uint32_t> positions) {
        std::vector<std::string> wanted;
        for (const uint32_t i : positions) wanted.push_back(keys[i]);
        std::vector<std::optional<store::IdEntry>> found;
        const ShardView& view = views[shard];
        SAGITTA_RETURN_IF_ERROR(view.store->FindIds(wanted, &found, view.at.get()));
        for (size_t i = 0; i < positions.size(); ++i) {
          if (found[i].has_value() && !HasExpired(found[i]->expires_at_ms, view.now_ms))
            entries[positions[i]] = found[i];
        }
        return Status::Ok();
      }));
  std::vector<Point> points;
  std::vector<uint32_t> found_shards;
  std::vector<uint64_t> internal_ids;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (!entries[i].has_value()) continue;
    points.push_back({.id = ids[i],
                      .vectors = {},
                      .payload = {},
                      .expires_at_ms = entries[i]->expires_at_ms,
                      .version = entries[i]->version});
    found_shards.push_back(shards[i]);
    internal_ids.push_back(entries[i]->internal_id);
  }
  std::vector<Point*> pointers;
  for (Point& point : points) pointers.push_back(&point);
  SAGITTA_RETURN_IF_ERROR(FillPoints(schema, views, found_shards, internal_ids, select, pointers));
  return points;
}

Result<CountResult> CountPoints(std::span<const ShardView> views,
                                const std::optional<Filter>& filter, base::ThreadPool* pool,
                                const CancelToken& cancel) {
  if (filter.has_value()) SAGITTA_RETURN_IF_ERROR(filter->Validate());
  const std::vector<SegmentRef> segments = AllSegments(views);
  filter::EvaluateInfo info;
  SAGITTA_ASSIGN_OR_RETURN(const auto rows,
                           FindLiveRowsOfAll(segments, filter, pool, cancel, &info));
  CountResult result;
  for (const LiveRowsResult& live : rows) result.count += live.count;
  result.filter_scanned = info.scanned;
  return result;
}

Result<std::vector<MatchedRow>> MatchRows(const ShardView& view, const Filter& filter,
                                          const CancelToken& cancel) {
  const std::optional<Filter> wanted = filter;
  ResolvedIds ids;
  filter::EvaluateInfo info;
  std::vector<MatchedRow> matched;
  for (const SegmentView& segment : view.segments) {
    SAGITTA_ASSIGN_OR_RETURN(const LiveRowsResult live,
                             FindLiveRows(view, segment, wanted, cancel, &info, &ids));
    if (live.count == 0) continue;
    SAGITTA_RETURN_IF_ERROR(ForEachRow(live.rows.get(), segment.rows, [&](uint32_t row) {
      matched.push_back(
          {std::string(segment.segment->ext_key(row)), segment.segment->internal_id(row)});
      return Status::Ok();
    }));
  }
  return matched;
}

}  // namespace sagitta::engine
