// Every RPC once, against a real server.
#include <gtest/gtest.h>

#include "tests/server/test_server.h"

namespace sagitta::server {
namespace {

#define EXPECT_GRPC_OK(expression)                                    \
  do {                                                                \
    const grpc::Status grpc_status = (expression);                    \
    EXPECT_TRUE(grpc_status.ok()) << grpc_status.error_code() << ": " \
                                  << grpc_status.error_message();     \
  } while (0)

class ServiceTest : public ::testing::Test {
 protected:
  using Collections = v1::CollectionService::Stub;
  using Points = v1::PointService::Stub;
  using Queries = v1::QueryService::Stub;
  using Admin = v1::AdminService::Stub;

  v1::WriteResult Insert(uint64_t first, int count) {
    v1::UpsertResponse response;
    EXPECT_GRPC_OK(Invoke(&Points::Upsert, *server_.points, Films(first, count), &response));
    return response.result();
  }

  v1::QueryResponse Nearest(float to, uint32_t k, const v1::Filter* filter = nullptr) {
    v1::QueryRequest request;
    request.set_collection("films");
    SetVector({to, 0, 0, 0}, request.mutable_query()->mutable_vector());
    request.mutable_query()->set_k(k);
    request.mutable_query()->mutable_select()->set_payload(true);
    if (filter != nullptr) *request.mutable_query()->mutable_filter() = *filter;
    v1::QueryResponse response;
    EXPECT_GRPC_OK(Invoke(&Queries::Query, *server_.queries, request, &response));
    return response;
  }

  uint64_t CountAll() {
    v1::CountRequest request;
    request.set_collection("films");
    v1::CountResponse response;
    EXPECT_GRPC_OK(Invoke(&Points::Count, *server_.points, request, &response));
    return response.count();
  }

  TestServer server_;
};

TEST_F(ServiceTest, CollectionsAreMadeListedUpdatedAndDropped) {
  server_.CreateFilms();
  v1::GetCollectionRequest get;
  get.set_name("films");
  v1::GetCollectionResponse got;
  EXPECT_GRPC_OK(Invoke(&Collections::GetCollection, *server_.collections, get, &got));
  EXPECT_EQ(got.schema().fields(0).dim(), 4u);
  EXPECT_EQ(got.schema().fields(0).index().hnsw().m(), 16u) << "defaults are filled in";

  v1::ListCollectionsResponse listed;
  EXPECT_GRPC_OK(Invoke(&Collections::ListCollections, *server_.collections,
                        v1::ListCollectionsRequest(), &listed));
  ASSERT_EQ(listed.schemas_size(), 1);

  v1::UpdateCollectionRequest update;
  update.set_name("films");
  update.add_fields()->set_name("text");
  update.mutable_fields(0)->mutable_index()->set_kind(v1::INDEX_KIND_FLAT);
  v1::UpdateCollectionResponse updated;
  EXPECT_GRPC_OK(Invoke(&Collections::UpdateCollection, *server_.collections, update, &updated));
  EXPECT_EQ(updated.schema().fields(0).index().kind(), v1::INDEX_KIND_FLAT);

  v1::DropCollectionRequest drop;
  drop.set_name("films");
  v1::DropCollectionResponse dropped;
  EXPECT_GRPC_OK(Invoke(&Collections::DropCollection, *server_.collections, drop, &dropped));
  const grpc::Status again =
      Invoke(&Collections::DropCollection, *server_.collections, drop, &dropped);
  EXPECT_EQ(again.error_code(), grpc::StatusCode::NOT_FOUND);
  google::rpc::ResourceInfo resource;
  ASSERT_TRUE(FindDetail(again, &resource));
  EXPECT_EQ(resource.resource_name(), "films");
}

TEST_F(ServiceTest, AliasesLeadToTheirCollection) {
  server_.CreateFilms();
  Insert(1, 3);
  v1::SetAliasRequest set;
  set.set_alias("movies");
  set.set_collection("films");
  v1::SetAliasResponse was_set;
  EXPECT_GRPC_OK(Invoke(&Collections::SetAlias, *server_.collections, set, &was_set));
  v1::ListAliasesResponse listed;
  EXPECT_GRPC_OK(
      Invoke(&Collections::ListAliases, *server_.collections, v1::ListAliasesRequest(), &listed));
  ASSERT_EQ(listed.aliases_size(), 1);
  EXPECT_EQ(listed.aliases(0).collection(), "films");
  v1::CountRequest count;
  count.set_collection("movies");
  v1::CountResponse counted;
  EXPECT_GRPC_OK(Invoke(&Points::Count, *server_.points, count, &counted));
  EXPECT_EQ(counted.count(), 3u);
  v1::DropAliasRequest drop;
  drop.set_alias("movies");
  v1::DropAliasResponse dropped;
  EXPECT_GRPC_OK(Invoke(&Collections::DropAlias, *server_.collections, drop, &dropped));
  EXPECT_EQ(Invoke(&Points::Count, *server_.points, count, &counted).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(ServiceTest, PointsAreWrittenReadAndDeleted) {
  server_.CreateFilms();
  const v1::WriteResult written = Insert(10, 5);
  EXPECT_EQ(written.affected(), 5u);
  EXPECT_GT(written.seq(), 0u);

  v1::GetRequest get;
  get.set_collection("films");
  get.add_ids()->set_u64(12);
  get.add_ids()->set_u64(99);
  get.mutable_select()->set_payload(true);
  get.mutable_select()->set_vectors(true);
  get.mutable_options()->set_min_seq(written.seq());
  v1::GetResponse got;
  EXPECT_GRPC_OK(Invoke(&Points::Get, *server_.points, get, &got));
  ASSERT_EQ(got.points_size(), 1);
  EXPECT_EQ(got.points(0).payload().at("n").int64_value(), 12);
  EXPECT_EQ(got.points(0).vectors().at("text").data(), Floats({12, 0, 0, 0}));
  EXPECT_EQ(got.points(0).version(), written.seq());

  v1::DeleteRequest by_id;
  by_id.set_collection("films");
  by_id.add_ids()->set_u64(12);
  v1::DeleteResponse deleted;
  EXPECT_GRPC_OK(Invoke(&Points::Delete, *server_.points, by_id, &deleted));
  EXPECT_EQ(deleted.result().affected(), 1u);

  v1::DeleteRequest by_filter;
  by_filter.set_collection("films");
  auto* equals = by_filter.mutable_filter()->mutable_equals();
  equals->set_path("even");
  equals->mutable_value()->set_bool_value(true);
  EXPECT_GRPC_OK(Invoke(&Points::Delete, *server_.points, by_filter, &deleted));
  EXPECT_EQ(deleted.result().affected(), 2u);  // 10 and 14
  EXPECT_EQ(CountAll(), 2u);
}

TEST_F(ServiceTest, ColumnsWriteTheSamePoints) {
  server_.CreateFilms();
  v1::UpsertRequest request;
  request.set_collection("films");
  auto* columns = request.mutable_columns();
  std::string data;
  for (uint64_t id = 1; id <= 100; ++id) {
    columns->add_ids(id);
    data += Floats({static_cast<float>(id), 0, 0, 0});
    columns->add_payloads_json("{\"n\": " + std::to_string(id) + "}");
  }
  columns->add_vectors()->set_dtype(v1::DTYPE_F32);
  columns->mutable_vectors(0)->set_data(data);
  v1::UpsertResponse response;
  EXPECT_GRPC_OK(Invoke(&Points::Upsert, *server_.points, request, &response));
  EXPECT_EQ(response.result().affected(), 100u);
  const v1::QueryResponse nearest = Nearest(42.2f, 1);
  ASSERT_EQ(nearest.hits_size(), 1);
  EXPECT_EQ(nearest.hits(0).point().id().u64(), 42u);
  EXPECT_EQ(nearest.hits(0).point().payload().at("n").int64_value(), 42);
}

TEST_F(ServiceTest, ConditionsAndRequestIdsHold) {
  server_.CreateFilms();
  const uint64_t version = Insert(1, 1).seq();
  v1::UpsertRequest conditional = Films(1, 2);
  conditional.mutable_points(0)->set_only_if_absent(true);
  conditional.mutable_points(1)->set_only_if_absent(true);
  conditional.mutable_options()->set_request_id("once");
  v1::UpsertResponse first, retry;
  EXPECT_GRPC_OK(Invoke(&Points::Upsert, *server_.points, conditional, &first));
  EXPECT_EQ(first.result().affected(), 1u);
  ASSERT_EQ(first.result().skipped_size(), 1);
  EXPECT_EQ(first.result().skipped(0).u64(), 1u);
  EXPECT_GRPC_OK(Invoke(&Points::Upsert, *server_.points, conditional, &retry));
  EXPECT_TRUE(retry.result().replayed());
  EXPECT_EQ(retry.result().seq(), first.result().seq());

  v1::UpsertRequest versioned = Films(1, 1);
  versioned.mutable_points(0)->set_only_if_version(version);
  v1::UpsertResponse response;
  EXPECT_GRPC_OK(Invoke(&Points::Upsert, *server_.points, versioned, &response));
  EXPECT_EQ(response.result().affected(), 1u);
  EXPECT_GRPC_OK(Invoke(&Points::Upsert, *server_.points, versioned, &response));
  EXPECT_EQ(response.result().affected(), 0u) << "the version has moved on";
}

TEST_F(ServiceTest, PayloadsAreMergedSetAndDeleted) {
  server_.CreateFilms();
  Insert(1, 2);
  v1::UpdatePayloadRequest update;
  update.set_collection("films");
  update.add_ids()->set_u64(1);
  (*update.mutable_payload())["title"].set_string_value("Sagitta");
  v1::UpdatePayloadResponse updated;
  EXPECT_GRPC_OK(Invoke(&Points::UpdatePayload, *server_.points, update, &updated));
  EXPECT_EQ(updated.result().affected(), 1u);
  EXPECT_EQ(Nearest(1, 1).hits(0).point().payload_size(), 3);
  update.set_op(v1::PAYLOAD_OP_DELETE);
  update.clear_payload();
  update.add_keys("n");
  EXPECT_GRPC_OK(Invoke(&Points::UpdatePayload, *server_.points, update, &updated));
  EXPECT_EQ(Nearest(1, 1).hits(0).point().payload().count("n"), 0u);
  update.set_op(v1::PAYLOAD_OP_SET);
  update.clear_keys();
  EXPECT_GRPC_OK(Invoke(&Points::UpdatePayload, *server_.points, update, &updated));
  EXPECT_EQ(Nearest(1, 1).hits(0).point().payload_size(), 0);
}

TEST_F(ServiceTest, ScrollReturnsEveryPointOnce) {
  server_.CreateFilms();
  Insert(1, 25);
  v1::ScrollRequest request;
  request.set_collection("films");
  request.set_limit(10);
  std::vector<uint64_t> ids;
  int pages = 0;
  do {
    v1::ScrollResponse page;
    EXPECT_GRPC_OK(Invoke(&Points::Scroll, *server_.points, request, &page));
    for (const auto& point : page.points()) ids.push_back(point.id().u64());
    request.set_cursor(page.next_cursor());
  } while (!request.cursor().empty() && ++pages < 10);
  ASSERT_EQ(ids.size(), 25u);
  for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(ids[i], i + 1);
}

TEST_F(ServiceTest, QueriesFilterGroupAndExplain) {
  server_.CreateFilms();
  Insert(1, 20);
  v1::Filter filter;
  filter.mutable_range()->set_path("n");
  filter.mutable_range()->mutable_lower()->set_int64_value(10);
  const v1::QueryResponse filtered = Nearest(1, 3, &filter);
  ASSERT_EQ(filtered.hits_size(), 3);
  EXPECT_EQ(filtered.hits(0).point().id().u64(), 10u);
  EXPECT_NEAR(filtered.hits(0).score(), 9, 1e-4);
  EXPECT_TRUE(filtered.info().filter_scanned());
  ASSERT_EQ(filtered.info().unindexed_paths_size(), 1);
  EXPECT_EQ(filtered.info().unindexed_paths(0), "n");

  v1::CreatePayloadIndexRequest index;
  index.set_collection("films");
  index.mutable_index()->set_path("n");
  index.mutable_index()->set_kind(v1::PAYLOAD_INDEX_KIND_INT64);
  v1::CreatePayloadIndexResponse indexed;
  EXPECT_GRPC_OK(Invoke(&Collections::CreatePayloadIndex, *server_.collections, index, &indexed));
  EXPECT_FALSE(Nearest(1, 3, &filter).info().filter_scanned());
  v1::DropPayloadIndexRequest drop;
  drop.set_collection("films");
  drop.set_path("n");
  v1::DropPayloadIndexResponse dropped;
  EXPECT_GRPC_OK(Invoke(&Collections::DropPayloadIndex, *server_.collections, drop, &dropped));
  EXPECT_TRUE(Nearest(1, 3, &filter).info().filter_scanned());

  v1::QueryRequest grouped;
  grouped.set_collection("films");
  grouped.mutable_query()->mutable_point()->set_u64(5);
  grouped.mutable_query()->set_k(2);
  grouped.mutable_query()->mutable_group_by()->set_path("even");
  v1::QueryResponse groups;
  EXPECT_GRPC_OK(Invoke(&Queries::Query, *server_.queries, grouped, &groups));
  ASSERT_EQ(groups.groups_size(), 2);
  EXPECT_TRUE(groups.groups(0).key().bool_value()) << "4 and 6 are nearest to 5";
}

TEST_F(ServiceTest, OneBadQueryOfABatchFailsAlone) {
  server_.CreateFilms();
  Insert(1, 5);
  v1::QueryBatchRequest request;
  request.set_collection("films");
  for (int i = 0; i < 4; ++i) {
    auto* query = request.add_queries();
    SetVector({static_cast<float>(i), 0, 0, 0}, query->mutable_vector());
    query->set_k(1);
  }
  request.mutable_queries(1)->mutable_vector()->mutable_data()->pop_back();
  request.mutable_queries(2)->set_k(0);
  v1::QueryBatchResponse response;
  EXPECT_GRPC_OK(Invoke(&Queries::QueryBatch, *server_.queries, request, &response));
  ASSERT_EQ(response.outcomes_size(), 4);
  EXPECT_TRUE(response.outcomes(0).has_response());
  EXPECT_EQ(response.outcomes(1).error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(response.outcomes(2).error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  ASSERT_EQ(response.outcomes(3).response().hits_size(), 1);
  EXPECT_EQ(response.outcomes(3).response().hits(0).point().id().u64(), 3u);
}

TEST_F(ServiceTest, OperatorsSeeAndSteer) {
  server_.CreateFilms();
  Insert(1, 10);
  v1::GetStatsRequest all;
  v1::GetStatsResponse stats;
  EXPECT_GRPC_OK(Invoke(&Admin::GetStats, *server_.admin, all, &stats));
  ASSERT_EQ(stats.collections_size(), 1);
  EXPECT_EQ(stats.collections(0).points(), 10u);

  v1::PauseCompactionRequest pause;
  pause.set_paused(true);
  v1::PauseCompactionResponse paused;
  EXPECT_GRPC_OK(Invoke(&Admin::PauseCompaction, *server_.admin, pause, &paused));
  v1::GetCompactionResponse compaction;
  EXPECT_GRPC_OK(
      Invoke(&Admin::GetCompaction, *server_.admin, v1::GetCompactionRequest(), &compaction));
  EXPECT_TRUE(compaction.paused());
  pause.set_paused(false);
  EXPECT_GRPC_OK(Invoke(&Admin::PauseCompaction, *server_.admin, pause, &paused));

  v1::CompactRequest compact;
  compact.set_collection("films");
  v1::CompactResponse compacting;
  EXPECT_GRPC_OK(Invoke(&Admin::Compact, *server_.admin, compact, &compacting));
  v1::WaitIndexedRequest wait;
  wait.set_collection("films");
  grpc::ClientContext context;
  auto progress = server_.admin->WaitIndexed(&context, wait);
  v1::WaitIndexedResponse message;
  bool done = false;
  while (progress->Read(&message)) done = message.done();
  EXPECT_GRPC_OK(progress->Finish());
  EXPECT_TRUE(done);
  EXPECT_EQ(CountAll(), 10u);

  v1::SetLogLevelRequest set;
  v1::SetLogLevelResponse was_set;
  v1::GetLogLevelResponse level;
  EXPECT_GRPC_OK(Invoke(&Admin::GetLogLevel, *server_.admin, v1::GetLogLevelRequest(), &level));
  set.set_level("error");
  EXPECT_GRPC_OK(Invoke(&Admin::SetLogLevel, *server_.admin, set, &was_set));
  v1::GetLogLevelResponse changed;
  EXPECT_GRPC_OK(Invoke(&Admin::GetLogLevel, *server_.admin, v1::GetLogLevelRequest(), &changed));
  EXPECT_EQ(changed.level(), "error");
  set.set_level(level.level());
  EXPECT_GRPC_OK(Invoke(&Admin::SetLogLevel, *server_.admin, set, &was_set));
  v1::GetVersionResponse version;
  EXPECT_GRPC_OK(Invoke(&Admin::GetVersion, *server_.admin, v1::GetVersionRequest(), &version));
  EXPECT_FALSE(version.version().empty());
}

TEST_F(ServiceTest, SnapshotsAreTakenRestoredAndDeleted) {
  server_.CreateFilms();
  Insert(1, 10);
  v1::CreateSnapshotRequest create;
  create.set_collection("films");
  v1::CreateSnapshotResponse created;
  EXPECT_GRPC_OK(Invoke(&Admin::CreateSnapshot, *server_.admin, create, &created));
  EXPECT_EQ(created.snapshot().points(), 10u);
  v1::ListSnapshotsResponse listed;
  EXPECT_GRPC_OK(
      Invoke(&Admin::ListSnapshots, *server_.admin, v1::ListSnapshotsRequest(), &listed));
  ASSERT_EQ(listed.snapshots_size(), 1);
  v1::RestoreSnapshotRequest restore;
  restore.set_snapshot_id(created.snapshot().id());
  restore.set_collection("films-2");
  v1::RestoreSnapshotResponse restored;
  EXPECT_GRPC_OK(Invoke(&Admin::RestoreSnapshot, *server_.admin, restore, &restored));
  v1::CountRequest count;
  count.set_collection("films-2");
  v1::CountResponse counted;
  EXPECT_GRPC_OK(Invoke(&Points::Count, *server_.points, count, &counted));
  EXPECT_EQ(counted.count(), 10u);
  v1::DeleteSnapshotRequest remove;
  remove.set_snapshot_id(created.snapshot().id());
  v1::DeleteSnapshotResponse removed;
  EXPECT_GRPC_OK(Invoke(&Admin::DeleteSnapshot, *server_.admin, remove, &removed));
  remove.set_snapshot_id("../../etc");
  EXPECT_EQ(ViolatedField(Invoke(&Admin::DeleteSnapshot, *server_.admin, remove, &removed)),
            "snapshot_id");
}

}  // namespace
}  // namespace sagitta::server
