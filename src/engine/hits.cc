#include "engine/hits.h"

#include "engine/read_points.h"

namespace sagitta::engine {

Result<std::vector<Hit>> MakeHits(const CollectionSchema& schema, std::span<const ShardView> views,
                                  const SearchPlan& plan, std::span<const Found> rows) {
  std::vector<Hit> hits(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const Segment& segment = *plan.segments[rows[i].segment].segment->segment;
    SAGITTA_ASSIGN_OR_RETURN(hits[i].point.id, PointId::Decode(segment.ext_key(rows[i].row)));
    hits[i].point.version = segment.version(rows[i].row);
    if (segment.may_expire()) hits[i].point.expires_at_ms = segment.expires_at_ms(rows[i].row);
    hits[i].score = OrderToScore(plan.scored_field().metric, rows[i].order);
  }
  const Select& select = plan.query->select;
  if (!select.payload && !select.vectors) return hits;
  std::vector<uint32_t> shards;
  std::vector<uint64_t> internal_ids;
  std::vector<Point*> points;
  for (size_t i = 0; i < rows.size(); ++i) {
    const SegmentRef& ref = plan.segments[rows[i].segment];
    shards.push_back(ref.shard);
    internal_ids.push_back(ref.segment->segment->internal_id(rows[i].row));
    points.push_back(&hits[i].point);
  }
  SAGITTA_RETURN_IF_ERROR(FillPoints(schema, views, shards, internal_ids, select, points));
  return hits;
}

}  // namespace sagitta::engine
