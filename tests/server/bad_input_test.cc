// What a caller may get wrong: each mistake is INVALID_ARGUMENT with the field that is wrong, and
// nothing breaks.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "tests/server/test_server.h"

namespace sagitta::server {
namespace {

class BadInputTest : public ::testing::Test {
 protected:
  void SetUp() override { server_.CreateFilms(4, v1::METRIC_COSINE); }

  void ExpectViolation(const grpc::Status& status, const std::string& field,
                       const std::string& what) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
        << what << ": " << status.error_message();
    EXPECT_EQ(ViolatedField(status), field) << what << ": " << status.error_message();
    EXPECT_EQ(Reason(status), "INVALID_ARGUMENT") << what;
  }

  TestServer server_;
};

TEST_F(BadInputTest, Queries) {
  struct Case {
    const char* name;
    std::function<void(v1::Query&)> change;
    const char* field;
  };
  const Case cases[] = {
      {"k of 0", [](v1::Query& q) { q.set_k(0); }, "query.k"},
      {"k of a billion", [](v1::Query& q) { q.set_k(1000000000); }, "query.k"},
      {"offset", [](v1::Query& q) { q.set_offset(10001); }, "query.offset"},
      {"dims",
       [](v1::Query& q) {
         SetVector({1, 2, 3}, q.mutable_vector());
       },
       "query.vector"},
      {"NaN",
       [](v1::Query& q) {
         SetVector({1, NAN, 3, 4}, q.mutable_vector());
       },
       "query.vector[1]"},
      {"infinity",
       [](v1::Query& q) {
         SetVector({1, 2, INFINITY, 4}, q.mutable_vector());
       },
       "query.vector[2]"},
      {"zero vector",
       [](v1::Query& q) {
         SetVector({0, 0, 0, 0}, q.mutable_vector());
       },
       "query.vector"},
      {"ragged", [](v1::Query& q) { q.mutable_vector()->mutable_data()->pop_back(); },
       "query.vector.data"},
      {"no target", [](v1::Query& q) { q.clear_target(); }, "query.vector"},
      {"no such field", [](v1::Query& q) { q.set_field("sound"); }, "query.field"},
      {"ef", [](v1::Query& q) { q.mutable_params()->set_ef(70000); }, "query.params.ef"},
      {"nprobe", [](v1::Query& q) { q.mutable_params()->set_nprobe(0); }, "query.params.nprobe"},
      {"oversampling", [](v1::Query& q) { q.mutable_params()->set_oversampling(0.5f); },
       "query.params.oversampling"},
      {"group size",
       [](v1::Query& q) {
         q.mutable_group_by()->set_path("n");
         q.mutable_group_by()->set_group_size(1001);
       },
       "query.group_by.group_size"},
      {"empty filter node", [](v1::Query& q) { q.mutable_filter(); }, "query.filter"},
  };
  for (const Case& c : cases) {
    v1::QueryRequest request;
    request.set_collection("films");
    SetVector({1, 2, 3, 4}, request.mutable_query()->mutable_vector());
    c.change(*request.mutable_query());
    v1::QueryResponse response;
    ExpectViolation(Invoke(&v1::QueryService::Stub::Query, *server_.queries, request, &response),
                    c.field, c.name);
  }
}

TEST_F(BadInputTest, FiltersTooDeepOrTooLarge) {
  for (int depth : {33, 60, 500}) {
    v1::CountRequest request;
    request.set_collection("films");
    v1::Filter* inner = request.mutable_filter();
    for (int i = 1; i < depth; ++i) inner = inner->mutable_all_of()->add_filters();
    inner->mutable_exists()->set_path("a");
    v1::CountResponse response;
    const grpc::Status status =
        Invoke(&v1::PointService::Stub::Count, *server_.points, request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
        << depth << ": " << status.error_message();
    EXPECT_NE(status.error_message().find("deep"), std::string::npos) << status.error_message();
  }
  v1::CountRequest wide;
  wide.set_collection("films");
  for (int i = 0; i < 1024; ++i) {
    wide.mutable_filter()->mutable_all_of()->add_filters()->mutable_exists()->set_path("a");
  }
  v1::CountResponse response;
  const grpc::Status status =
      Invoke(&v1::PointService::Stub::Count, *server_.points, wide, &response);
  ExpectViolation(status, "filter.all_of[1023]", "1,025 nodes");
}

TEST_F(BadInputTest, Points) {
  struct Case {
    const char* name;
    std::function<void(v1::UpsertRequest&)> change;
    const char* field;
  };
  auto vector = [](v1::UpsertRequest& r) -> v1::Vector& {
    return (*r.mutable_points(1)->mutable_point()->mutable_vectors())["text"];
  };
  const Case cases[] = {
      {"no points", [](v1::UpsertRequest& r) { r.clear_points(); }, "points"},
      {"dims", [&](v1::UpsertRequest& r) { SetVector({1}, &vector(r)); }, "points[1].vectors.text"},
      {"NaN",
       [&](v1::UpsertRequest& r) {
         SetVector({NAN, 1, 1, 1}, &vector(r));
       },
       "points[1].vectors.text[0]"},
      {"zero vector",
       [&](v1::UpsertRequest& r) {
         SetVector({0, 0, 0, 0}, &vector(r));
       },
       "points[1].vectors.text"},
      {"no vector",
       [](v1::UpsertRequest& r) { r.mutable_points(1)->mutable_point()->clear_vectors(); },
       "points[1].vectors"},
      {"no id", [](v1::UpsertRequest& r) { r.mutable_points(1)->mutable_point()->clear_id(); },
       "points[1].id"},
      {"request id",
       [](v1::UpsertRequest& r) { r.mutable_options()->set_request_id(std::string(200, 'x')); },
       "options.request_id"},
  };
  for (const Case& c : cases) {
    v1::UpsertRequest request = Films(1, 3);
    c.change(request);
    v1::UpsertResponse response;
    ExpectViolation(Invoke(&v1::PointService::Stub::Upsert, *server_.points, request, &response),
                    c.field, c.name);
  }
  v1::CountRequest count;
  count.set_collection("films");
  v1::CountResponse counted;
  ASSERT_TRUE(Invoke(&v1::PointService::Stub::Count, *server_.points, count, &counted).ok());
  EXPECT_EQ(counted.count(), 0u) << "a refused batch writes nothing";
}

TEST_F(BadInputTest, Schemas) {
  struct Case {
    const char* name;
    std::function<void(v1::CollectionSchema&)> change;
    const char* field;
  };
  const Case cases[] = {
      {"name", [](v1::CollectionSchema& s) { s.set_name("Films"); }, "schema.name"},
      {"path in name", [](v1::CollectionSchema& s) { s.set_name("../films"); }, "schema.name"},
      {"shards", [](v1::CollectionSchema& s) { s.set_shards(65); }, "schema.shards"},
      {"no fields", [](v1::CollectionSchema& s) { s.clear_fields(); }, "schema.fields"},
      {"dim 0", [](v1::CollectionSchema& s) { s.mutable_fields(0)->set_dim(0); },
       "schema.fields[0].dim"},
      {"dim", [](v1::CollectionSchema& s) { s.mutable_fields(0)->set_dim(8193); },
       "schema.fields[0].dim"},
      {"metric", [](v1::CollectionSchema& s) { s.mutable_fields(0)->clear_metric(); },
       "schema.fields[0].metric"},
      {"reserved kind",
       [](v1::CollectionSchema& s) {
         s.mutable_fields(0)->mutable_index()->set_kind(v1::INDEX_KIND_BINARY);
       },
       "schema.fields[0].index.kind"},
      {"hnsw m",
       [](v1::CollectionSchema& s) {
         s.mutable_fields(0)->mutable_index()->mutable_hnsw()->set_m(1);
       },
       "schema.fields[0].index.hnsw.m"},
  };
  for (const Case& c : cases) {
    v1::CreateCollectionRequest request;
    auto* schema = request.mutable_schema();
    schema->set_name("books");
    auto* field = schema->add_fields();
    field->set_name("text");
    field->set_dim(4);
    field->set_metric(v1::METRIC_L2);
    c.change(*schema);
    v1::CreateCollectionResponse response;
    ExpectViolation(Invoke(&v1::CollectionService::Stub::CreateCollection, *server_.collections,
                           request, &response),
                    c.field, c.name);
  }
}

TEST_F(BadInputTest, CollectionsThatAreNotThere) {
  v1::CountRequest request;
  v1::CountResponse response;
  request.set_collection("books");
  EXPECT_EQ(
      Invoke(&v1::PointService::Stub::Count, *server_.points, request, &response).error_code(),
      grpc::StatusCode::NOT_FOUND);
  for (const char* name : {"", "../x", "Films", "a b"}) {
    request.set_collection(name);
    ExpectViolation(Invoke(&v1::PointService::Stub::Count, *server_.points, request, &response),
                    "collection", name);
  }
}

}  // namespace
}  // namespace sagitta::server
