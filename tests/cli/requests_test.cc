// What command lines become on the wire: a server on the loopback that keeps the requests it gets.
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <sstream>

#include "cli/session.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/cli/test_files.h"

namespace sagitta::cli {
namespace {

class Collections : public v1::CollectionService::Service {
 public:
  grpc::Status GetCollection(grpc::ServerContext*, const v1::GetCollectionRequest* request,
                             v1::GetCollectionResponse* response) override {
    response->mutable_schema()->set_name(request->name());
    auto* field = response->mutable_schema()->add_fields();
    field->set_name("f");
    field->set_dim(2);
    return grpc::Status::OK;
  }
  grpc::Status CreateCollection(grpc::ServerContext* context,
                                const v1::CreateCollectionRequest* request,
                                v1::CreateCollectionResponse* response) override {
    const auto key = context->client_metadata().find("authorization");
    authorization = key == context->client_metadata().end()
                        ? ""
                        : std::string(key->second.data(), key->second.size());
    *response->mutable_schema() = request->schema();
    return grpc::Status::OK;
  }
  std::string authorization;
};

class Points : public v1::PointService::Service {
 public:
  grpc::Status Upsert(grpc::ServerContext*, const v1::UpsertRequest* request,
                      v1::UpsertResponse* response) override {
    upsert = *request;
    response->mutable_result()->set_affected(request->points_size());
    return grpc::Status::OK;
  }
  grpc::Status Delete(grpc::ServerContext*, const v1::DeleteRequest* request,
                      v1::DeleteResponse*) override {
    erase = *request;
    return grpc::Status::OK;
  }
  grpc::Status Scroll(grpc::ServerContext*, const v1::ScrollRequest* request,
                      v1::ScrollResponse* response) override {
    // Pages of two, ids from 1 to 5; the cursor is the last id.
    const int from = request->cursor().empty() ? 1 : request->cursor()[0] + 1;
    for (int id = from; id < from + 2 && id <= 5; ++id) {
      response->add_points()->mutable_id()->set_u64(id);
    }
    if (from + 1 < 5) response->set_next_cursor(std::string(1, static_cast<char>(from + 1)));
    return grpc::Status::OK;
  }
  grpc::Status Count(grpc::ServerContext*, const v1::CountRequest*,
                     v1::CountResponse* response) override {
    response->set_count(5);
    return grpc::Status::OK;
  }
  v1::UpsertRequest upsert;
  v1::DeleteRequest erase;
};

class Queries : public v1::QueryService::Service {
 public:
  grpc::Status Query(grpc::ServerContext*, const v1::QueryRequest* request,
                     v1::QueryResponse* response) override {
    query = request->query();
    if (query.k() == 0) {
      google::rpc::BadRequest bad;
      bad.add_field_violations()->set_field("query.k");
      bad.mutable_field_violations(0)->set_description("is 0, allowed are 1 to 10000");
      google::rpc::Status details;
      details.add_details()->PackFrom(bad);
      return {grpc::StatusCode::INVALID_ARGUMENT, "bad query", details.SerializeAsString()};
    }
    auto* hit = response->add_hits();
    hit->mutable_point()->mutable_id()->set_u64(7);
    hit->set_score(0.5f);
    return grpc::Status::OK;
  }
  grpc::Status QueryBatch(grpc::ServerContext*, const v1::QueryBatchRequest* request,
                          v1::QueryBatchResponse* response) override {
    ++batches;
    for (const auto& query : request->queries()) {
      all_exact = all_exact && query.params().exact() && !query.params().has_ef();
      auto* hit = response->add_outcomes()->mutable_response()->add_hits();
      hit->mutable_point()->mutable_id()->set_u64(7);
      hit->set_score(0.5f);
    }
    return grpc::Status::OK;
  }
  v1::Query query;
  std::atomic<int> batches{0};
  bool all_exact = true;
};

class RequestsTest : public TestFiles {
 protected:
  void SetUp() override {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&collections_);
    builder.RegisterService(&points_);
    builder.RegisterService(&queries_);
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
  }
  // Returns the exit code; out_ and err_ hold what was printed.
  int Tool(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"sagitta", "--address", address_});
    std::vector<const char*> argv;
    for (const auto& argument : arguments) argv.push_back(argument.c_str());
    std::ostringstream out, err;
    const int code = RunTool(static_cast<int>(argv.size()), argv.data(), out, err);
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  Collections collections_;
  Points points_;
  Queries queries_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_, out_, err_;
};

TEST_F(RequestsTest, UpsertTakesObjectsListsAndFiles) {
  const std::string file = Write("more.json", R"([{"id":"x","vector":[7,8]}])");
  ASSERT_EQ(Tool({"points", "upsert", "c", R"({"id":1,"vector":[1,2]})",
                  R"([{"id":2,"vector":[3,4]},{"id":3,"vectors":{"f":[5,6]}}])", "@" + file}),
            0)
      << err_;
  ASSERT_EQ(points_.upsert.points_size(), 4);
  EXPECT_EQ(points_.upsert.points(2).point().vectors().at("f").data(), Bytes<float>({5, 6}));
  EXPECT_EQ(points_.upsert.points(3).point().id().string(), "x");
  EXPECT_EQ(Tool({"points", "upsert", "c", R"({"id":1})"}), 65);
}

TEST_F(RequestsTest, RepeatedOptionsTakeOneValueEach) {
  ASSERT_EQ(Tool({"points", "delete", "--id", "5", "--id", "abc", "c"}), 0) << err_;
  EXPECT_EQ(points_.erase.collection(), "c");
  ASSERT_EQ(points_.erase.ids_size(), 2);
  EXPECT_EQ(points_.erase.ids(1).string(), "abc");
}

TEST_F(RequestsTest, QueryCarriesItsOptions) {
  ASSERT_EQ(
      Tool({"query", "c", "--vector", "[1, 0.5]", "-k", "3", "--ef", "77", "--exact", "--filter",
            R"({"eq":{"path":"l","value":3}})", "--payload", "--threshold", "-1.5", "-o", "json"}),
      0)
      << err_;
  EXPECT_EQ(queries_.query.vector().data(), Bytes<float>({1, 0.5}));
  EXPECT_EQ(queries_.query.k(), 3u);
  EXPECT_EQ(queries_.query.params().ef(), 77u);
  EXPECT_TRUE(queries_.query.params().exact());
  EXPECT_TRUE(queries_.query.select().payload());
  EXPECT_EQ(queries_.query.score_threshold(), -1.5f);
  const auto json = nlohmann::json::parse(out_);
  EXPECT_EQ(json["hits"][0]["id"], 7);
  EXPECT_EQ(json["hits"][0]["score"], 0.5);
}

TEST_F(RequestsTest, AGroupedQueryPrintsGroupsAlsoWhereThereAreNone) {
  ASSERT_EQ(Tool({"query", "c", "--id", "1", "--group-by", "a.b", "--group-size", "4", "-o",
                  "json"}),
            0)
      << err_;
  EXPECT_EQ(queries_.query.group_by().path(), "a.b");
  EXPECT_EQ(queries_.query.group_by().group_size(), 4u);
  const auto json = nlohmann::json::parse(out_);
  EXPECT_EQ(json["groups"], nlohmann::json::array());
  EXPECT_FALSE(json.contains("hits"));
}

TEST_F(RequestsTest, AFileRowAndAnIdAreTargets) {
  const std::string file = Write("q.npy", NpyOf("|u1", "(2, 2)", "\1\2\3\4"));
  ASSERT_EQ(Tool({"query", "c", "--vectors", file, "--row", "1"}), 0) << err_;
  EXPECT_EQ(queries_.query.vector().dtype(), v1::DTYPE_U8);
  EXPECT_EQ(queries_.query.vector().data(), "\3\4");
  ASSERT_EQ(Tool({"query", "c", "--id", "str:9"}), 0) << err_;
  EXPECT_EQ(queries_.query.point().string(), "9");
}

TEST_F(RequestsTest, ErrorsShowTheFieldViolations) {
  EXPECT_EQ(Tool({"query", "c", "--id", "1", "-k", "0"}), 1);
  EXPECT_EQ(err_,
            "sagitta: INVALID_ARGUMENT: bad query\n  query.k: is 0, allowed are 1 to 10000\n");
  EXPECT_EQ(out_, "");
}

TEST_F(RequestsTest, TheKeyOfAFileGoesWithTheCall) {
  const std::string file = Write("key", " sgk_abc \nsecond line\n");
  ASSERT_EQ(Tool({"--api-key-file", file, "collection", "create", "c", "--dim", "2", "-o", "json"}),
            0)
      << err_;
  EXPECT_EQ(collections_.authorization, "Bearer sgk_abc");
  EXPECT_EQ(nlohmann::json::parse(out_)["fields"][0]["dim"], 2);
}

TEST_F(RequestsTest, ScrollAndExportFollowTheCursor) {
  ASSERT_EQ(Tool({"points", "scroll", "c", "--limit", "3", "-o", "json"}), 0) << err_;
  EXPECT_NE(err_.find("more: --cursor 04"), std::string::npos) << err_;
  ASSERT_EQ(Tool({"points", "scroll", "c", "--cursor", "04", "-o", "json"}), 0) << err_;
  EXPECT_EQ(nlohmann::json::parse(out_).size(), 1u);
  ASSERT_EQ(Tool({"export", Path("out.jsonl"), "-c", "c"}), 0) << err_;
  const std::string lines = ReadAll(Path("out.jsonl"));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 5);
  EXPECT_FALSE(std::filesystem::exists(Path("out.jsonl.resume")));
}

TEST_F(RequestsTest, BenchMeasuresAndComparesWithExact) {
  const std::string file = Write("q.npy", NpyOf("|u1", "(3, 2)", "\1\2\3\4\5\6"));
  ASSERT_EQ(Tool({"bench", "query", "c", "--vectors", file, "--queries", "50", "--clients", "2",
                  "--ef", "40", "--warmup", "0", "-o", "json"}),
            0)
      << err_;
  const auto json = nlohmann::json::parse(out_);
  EXPECT_EQ(json["queries"], 50);
  EXPECT_EQ(json["recall"], 1.0);
  EXPECT_EQ(json["recall_queries"], 3);
  EXPECT_EQ(queries_.batches, 1);
  EXPECT_TRUE(queries_.all_exact);
  EXPECT_GT(json["latency_ms"]["p99"], 0.0);
}

}  // namespace
}  // namespace sagitta::cli
