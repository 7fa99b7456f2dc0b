#include "server/convert_query.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sagitta::server {
namespace {

v1::Query Wire() {
  v1::Query wire;
  wire.mutable_vector()->set_dtype(v1::DTYPE_F32);
  wire.mutable_vector()->set_data(std::string(16, '\0'));
  return wire;
}

TEST(ConvertQuery, AbsentMeansTheDefaultAndZeroDoesNot) {
  v1::Query wire = Wire();
  auto query = FromProto(wire, "query");
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(query->k, 10u);
  EXPECT_FALSE(query->params.ef.has_value());
  EXPECT_FALSE(query->score_threshold.has_value());
  EXPECT_FALSE(query->filter.has_value());
  wire = Wire();
  wire.set_k(0);
  wire.mutable_params()->set_ef(0);
  query = FromProto(wire, "query");
  ASSERT_TRUE(query.ok()) << "the engine refuses it, with the limits";
  EXPECT_EQ(query->k, 0u);
  EXPECT_EQ(query->params.ef, std::optional<uint32_t>(0));
}

TEST(ConvertQuery, AllPartsArrive) {
  v1::Query wire;
  wire.set_field("text");
  wire.mutable_point()->set_u64(3);
  wire.set_k(7);
  wire.set_offset(2);
  wire.mutable_filter()->mutable_exists()->set_path("a");
  wire.set_score_threshold(0.5f);
  wire.mutable_params()->set_nprobe(9);
  wire.mutable_params()->set_oversampling(3);
  wire.mutable_params()->set_exact(true);
  wire.mutable_select()->set_payload(true);
  wire.mutable_select()->add_payload_keys("a");
  wire.mutable_group_by()->set_path("g");
  wire.mutable_rerank()->set_field("image");
  wire.mutable_rerank()->set_candidates(70);
  wire.mutable_rerank()->mutable_vector()->set_dtype(v1::DTYPE_BITS);
  wire.mutable_rerank()->mutable_vector()->set_data("ab");
  wire.set_explain(true);
  auto query = FromProto(wire, "query");
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(query->field, "text");
  EXPECT_EQ(std::get<PointId>(query->target), PointId(uint64_t{3}));
  EXPECT_EQ(query->offset, 2u);
  EXPECT_EQ(query->filter->op, Filter::Op::kExists);
  EXPECT_EQ(query->score_threshold, std::optional<float>(0.5f));
  EXPECT_EQ(query->params.nprobe, std::optional<uint32_t>(9));
  EXPECT_TRUE(query->params.exact);
  EXPECT_EQ(query->select.payload_keys, std::vector<std::string>{"a"});
  EXPECT_EQ(query->group_by->path, "g");
  EXPECT_EQ(query->group_by->group_size, 1u);
  EXPECT_EQ(query->rerank->field, "image");
  EXPECT_EQ(query->rerank->candidates, 70u);
  EXPECT_EQ(query->rerank->vector, VectorValue(Dtype::kBits, "ab"));
  EXPECT_TRUE(query->explain);
}

TEST(ConvertQuery, HostilePartsAreNamed) {
  v1::Query none;
  EXPECT_EQ(FromProto(none, "query").status().field(), "query.vector");
  v1::Query ragged = Wire();
  ragged.mutable_vector()->mutable_data()->push_back('x');
  EXPECT_EQ(FromProto(ragged, "queries[4]").status().field(), "queries[4].vector.data");
  v1::Query threshold = Wire();
  threshold.set_score_threshold(NAN);
  EXPECT_EQ(FromProto(threshold, "query").status().field(), "query.score_threshold");
  v1::Query oversampling = Wire();
  oversampling.mutable_params()->set_oversampling(INFINITY);
  EXPECT_EQ(FromProto(oversampling, "query").status().field(), "query.params.oversampling");
  v1::Query rerank = Wire();
  rerank.mutable_rerank()->set_field("image");
  EXPECT_EQ(FromProto(rerank, "query").status().field(), "query.rerank.vector");
  rerank = Wire();
  rerank.mutable_rerank()->mutable_vector()->set_data("ab");
  EXPECT_EQ(FromProto(rerank, "query").status().field(), "query.rerank.vector.dtype");
  v1::Query filter = Wire();
  filter.mutable_filter()->mutable_all_of()->add_filters();
  EXPECT_EQ(FromProto(filter, "query").status().field(), "query.filter.all_of[0]");
}

TEST(ConvertQuery, ResultsArriveWhole) {
  QueryResult result;
  result.hits.resize(2);
  result.hits[1].score = 0.25f;
  result.hits[1].point.id = PointId(std::string("b"));
  result.hits[1].point.version = 12;
  result.groups.push_back({Value("g"), {result.hits[1]}});
  result.info.rows_live = 99;
  result.info.filter_matches = 0;
  result.info.unindexed_paths = {"a.b"};
  SegmentExplain segment;
  segment.shard = 1;
  segment.segment = "mutable-3";
  segment.index = IndexKind::kGraph;
  segment.strategy = SearchStrategy::kTwoHopWalk;
  segment.fell_back = true;
  segment.rows_live = 90;
  segment.rows_passing = 9;
  segment.estimated_selectivity = 0.125;
  segment.filter_scanned = true;
  segment.filter_cached = true;
  segment.distances = 55;
  segment.hops = 44;
  segment.filter_seconds = 0.25;
  segment.search_seconds = 0.75;
  result.info.explain = {.segments = {segment},
                         .plan_seconds = 1,
                         .search_seconds = 2,
                         .reranked = 4,
                         .rerank_seconds = 5,
                         .fetch_seconds = 3};
  v1::QueryResponse wire;
  ToProto(std::move(result), 0.5, &wire);
  ASSERT_EQ(wire.hits_size(), 2);
  EXPECT_EQ(wire.hits(1).score(), 0.25f);
  EXPECT_EQ(wire.hits(1).point().id().string(), "b");
  EXPECT_EQ(wire.hits(1).point().version(), 12u);
  EXPECT_EQ(wire.groups(0).key().string_value(), "g");
  EXPECT_EQ(wire.groups(0).hits_size(), 1);
  EXPECT_TRUE(wire.info().has_filter_matches());
  EXPECT_EQ(wire.info().unindexed_paths(0), "a.b");
  EXPECT_EQ(wire.info().engine_seconds(), 0.5);
  const auto& explain = wire.info().explain();
  EXPECT_EQ(explain.plan_seconds(), 1);
  EXPECT_EQ(explain.search_seconds(), 2);
  EXPECT_EQ(explain.fetch_seconds(), 3);
  EXPECT_EQ(explain.reranked(), 4u);
  EXPECT_EQ(explain.rerank_seconds(), 5);
  ASSERT_EQ(explain.segments_size(), 1);
  EXPECT_EQ(explain.segments(0).ShortDebugString(),
            "shard: 1 segment: \"mutable-3\" index: INDEX_KIND_GRAPH strategy: "
            "SEARCH_STRATEGY_TWO_HOP_WALK fell_back: true rows_live: 90 rows_passing: 9 "
            "estimated_selectivity: 0.125 filter_scanned: true filter_cached: true distances: 55 "
            "hops: 44 filter_seconds: 0.25 search_seconds: 0.75");
}

TEST(ConvertQuery, ScrollsKeepTheirCursorBytes) {
  v1::ScrollRequest wire;
  wire.set_cursor(std::string("\0\xff\x01", 3));
  auto request = FromProto(wire);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->cursor, std::string("\0\xff\x01", 3));
  EXPECT_EQ(request->limit, 100u);
  wire.set_limit(0);
  EXPECT_EQ(FromProto(wire)->limit, 0u);
}

}  // namespace
}  // namespace sagitta::server
