#include "server/convert_query.h"

#include <cmath>

#include "server/convert_filter.h"
#include "server/convert_value.h"

namespace sagitta::server {
namespace {

Status CheckFinite(std::string_view field, float value) {
  if (std::isfinite(value)) return Status::Ok();
  return Status::InvalidArgument(std::string(field), "must be a finite number");
}

Status ConvertParams(const v1::SearchParams& in, std::string_view field, SearchParams* out) {
  if (in.has_ef()) out->ef = in.ef();
  if (in.has_nprobe()) out->nprobe = in.nprobe();
  if (in.has_oversampling()) {
    SAGITTA_RETURN_IF_ERROR(CheckFinite(Joined(field, "params.oversampling"), in.oversampling()));
    out->oversampling = in.oversampling();
  }
  out->exact = in.exact();
  return Status::Ok();
}

Status ConvertTarget(v1::Query& in, std::string_view field, Query* out) {
  switch (in.target_case()) {
    case v1::Query::kVector: {
      SAGITTA_ASSIGN_OR_RETURN(auto vector,
                               FromProto(*in.mutable_vector(), Joined(field, "vector")));
      out->target = std::move(vector);
      return Status::Ok();
    }
    case v1::Query::kPoint: {
      SAGITTA_ASSIGN_OR_RETURN(auto id, FromProto(in.point(), Joined(field, "point")));
      out->target = std::move(id);
      return Status::Ok();
    }
    case v1::Query::TARGET_NOT_SET:
      break;
  }
  return Status::InvalidArgument(Joined(field, "vector"), "a query needs vector or point");
}

Result<Rerank> ConvertRerank(v1::Rerank& in, std::string_view field) {
  Rerank out;
  out.field = in.field();
  out.candidates = in.candidates();
  if (!in.has_vector()) {
    return Status::InvalidArgument(Joined(field, "vector"), "is needed");
  }
  SAGITTA_ASSIGN_OR_RETURN(out.vector, FromProto(*in.mutable_vector(), Joined(field, "vector")));
  return out;
}

void HitToProto(Hit in, v1::Hit* out) {
  out->set_score(in.score);
  ToProto(std::move(in.point), out->mutable_point());
}

void ExplainToProto(const SegmentExplain& in, v1::SegmentExplain* out) {
  out->set_shard(in.shard);
  out->set_segment(in.segment);
  out->set_index(static_cast<v1::IndexKind>(in.index));
  out->set_strategy(static_cast<v1::SearchStrategy>(in.strategy));
  out->set_fell_back(in.fell_back);
  out->set_rows_live(in.rows_live);
  out->set_rows_passing(in.rows_passing);
  out->set_estimated_selectivity(in.estimated_selectivity);
  out->set_filter_scanned(in.filter_scanned);
  out->set_filter_cached(in.filter_cached);
  out->set_distances(in.distances);
  out->set_hops(in.hops);
  out->set_filter_seconds(in.filter_seconds);
  out->set_search_seconds(in.search_seconds);
}

void ExplainToProto(const QueryExplain& in, v1::QueryExplain* out) {
  for (const SegmentExplain& segment : in.segments) ExplainToProto(segment, out->add_segments());
  out->set_plan_seconds(in.plan_seconds);
  out->set_search_seconds(in.search_seconds);
  out->set_fetch_seconds(in.fetch_seconds);
  out->set_reranked(in.reranked);
  out->set_rerank_seconds(in.rerank_seconds);
}

void InfoToProto(const QueryInfo& in, v1::QueryInfo* out) {
  out->set_segments(in.segments);
  out->set_rows_live(in.rows_live);
  out->set_distances(in.distances);
  out->set_filter_scanned(in.filter_scanned);
  for (const std::string& path : in.unindexed_paths) out->add_unindexed_paths(path);
  if (in.filter_matches) out->set_filter_matches(*in.filter_matches);
  out->set_segments_degraded(in.segments_degraded);
  if (in.explain) ExplainToProto(*in.explain, out->mutable_explain());
}

}  // namespace

Result<Query> FromProto(v1::Query& in, std::string_view field) {
  Query out;
  out.field = in.field();
  SAGITTA_RETURN_IF_ERROR(ConvertTarget(in, field, &out));
  if (in.has_k()) out.k = in.k();
  out.offset = in.offset();
  if (in.has_filter()) {
    SAGITTA_ASSIGN_OR_RETURN(out.filter, FromProto(in.filter(), Joined(field, "filter")));
  }
  if (in.has_score_threshold()) {
    SAGITTA_RETURN_IF_ERROR(CheckFinite(Joined(field, "score_threshold"), in.score_threshold()));
    out.score_threshold = in.score_threshold();
  }
  SAGITTA_RETURN_IF_ERROR(ConvertParams(in.params(), field, &out.params));
  out.select = FromProto(in.select());
  if (in.has_group_by()) {
    GroupBy group_by;
    group_by.path = in.group_by().path();
    if (in.group_by().has_group_size()) group_by.group_size = in.group_by().group_size();
    out.group_by = std::move(group_by);
  }
  if (in.has_rerank()) {
    SAGITTA_ASSIGN_OR_RETURN(out.rerank,
                             ConvertRerank(*in.mutable_rerank(), Joined(field, "rerank")));
  }
  out.explain = in.explain();
  return out;
}

void ToProto(QueryResult in, double engine_seconds, v1::QueryResponse* out) {
  out->mutable_hits()->Reserve(static_cast<int>(in.hits.size()));
  for (Hit& hit : in.hits) HitToProto(std::move(hit), out->add_hits());
  for (Group& group : in.groups) {
    auto* added = out->add_groups();
    ToProto(group.key, added->mutable_key());
    for (Hit& hit : group.hits) HitToProto(std::move(hit), added->add_hits());
  }
  InfoToProto(in.info, out->mutable_info());
  out->mutable_info()->set_engine_seconds(engine_seconds);
}

Result<ScrollRequest> FromProto(const v1::ScrollRequest& in) {
  ScrollRequest out;
  out.cursor = in.cursor();
  if (in.has_limit()) out.limit = in.limit();
  if (in.has_filter()) {
    SAGITTA_ASSIGN_OR_RETURN(out.filter, FromProto(in.filter(), "filter"));
  }
  out.select = FromProto(in.select());
  return out;
}

void ToProto(ScrollPage in, v1::ScrollResponse* out) {
  out->mutable_points()->Reserve(static_cast<int>(in.points.size()));
  for (Point& point : in.points) ToProto(std::move(point), out->add_points());
  out->set_next_cursor(std::move(in.next_cursor));
  out->set_filter_scanned(in.filter_scanned);
}

}  // namespace sagitta::server
