// Listening before the database is open, health, HTTP pages, draining.
#include <gtest/gtest.h>
#include <httplib.h>

#include <thread>

#include "base/file.h"
#include "server/health_probe.h"
#include "tests/server/test_server.h"

namespace sagitta::server {
namespace {

constexpr std::chrono::milliseconds kProbeTimeout{5000};

ServerConfig Address(TestServer& server) {
  ServerConfig config;
  config.listen = server.address();
  return config;
}

int HttpStatus(TestServer& server, const char* path, std::string* body = nullptr) {
  httplib::Client client("127.0.0.1", server.server().http_port());
  auto response = client.Get(path);
  if (!response) return 0;
  if (body != nullptr) *body = response->body;
  return response->status;
}

TEST(Lifecycle, ListensFirstAndIsReadyLater) {
  TestServer server({}, /*open=*/false);
  v1::GetVersionResponse version;
  const grpc::Status early =
      Invoke(&v1::AdminService::Stub::GetVersion, *server.admin, v1::GetVersionRequest(), &version);
  EXPECT_EQ(early.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Reason(early), "STARTING");
  EXPECT_EQ(ProbeHealth(Address(server), kProbeTimeout).code(), StatusCode::kUnavailable);
  EXPECT_EQ(HttpStatus(server, "/healthz"), 200);
  std::string reason;
  EXPECT_EQ(HttpStatus(server, "/readyz", &reason), 503);
  EXPECT_NE(reason.find("opening"), std::string::npos);
  EXPECT_EQ(HttpStatus(server, "/metrics"), 200);

  ASSERT_TRUE(server.server().OpenDatabase().ok());
  EXPECT_TRUE(ProbeHealth(Address(server), kProbeTimeout).ok());
  EXPECT_EQ(HttpStatus(server, "/readyz"), 200);
  EXPECT_TRUE(
      Invoke(&v1::AdminService::Stub::GetVersion, *server.admin, v1::GetVersionRequest(), &version)
          .ok());
}

TEST(Lifecycle, APortInUseIsAnError) {
  TestServer server;
  ServerConfig config;
  config.listen = server.address();
  config.http_listen = "";
  EXPECT_EQ(Server::Start(config).status().code(), StatusCode::kUnavailable);
  config.listen = "127.0.0.1:0";
  config.http_listen = "127.0.0.1:" + std::to_string(server.server().http_port());
  EXPECT_EQ(Server::Start(config).status().code(), StatusCode::kUnavailable);
}

TEST(Lifecycle, ThePortFileNamesThePorts) {
  ServerConfig config;
  config.port_file = ::testing::TempDir() + "/sagitta_ports_" + std::to_string(getpid());
  {
    TestServer server(config);
    auto text = base::ReadFile(config.port_file);
    ASSERT_TRUE(text.ok());
    auto json = Value::ParseJson(*text);
    ASSERT_TRUE(json.ok()) << *text;
    const ValueObject expected = {{"grpc", Value(int64_t{server.server().grpc_port()})},
                                  {"http", Value(int64_t{server.server().http_port()})},
                                  {"pid", Value(int64_t{getpid()})}};
    EXPECT_EQ(*json, Value(expected));
    ServerConfig probe;
    probe.listen = "127.0.0.1:0";
    probe.port_file = config.port_file;
    EXPECT_TRUE(ProbeHealth(probe, kProbeTimeout).ok());
  }
  EXPECT_FALSE(base::FileExists(config.port_file));
}

TEST(Lifecycle, MetricsShowWhatHappened) {
  TestServer server;
  server.CreateFilms();
  v1::UpsertResponse written;
  ASSERT_TRUE(Invoke(&v1::PointService::Stub::Upsert, *server.points, Films(1, 3), &written).ok());
  std::string page;
  ASSERT_EQ(HttpStatus(server, "/metrics", &page), 200);
  for (const char* expected :
       {"sagitta_build_info{", "sagitta_grpc_server_handled_total{code=\"OK\",method=\"Upsert\"",
        "sagitta_grpc_server_handling_seconds_bucket{", "sagitta_points{collection=\"films\"} 3",
        "sagitta_segments{collection=\"films\"}",
        "sagitta_memory_bytes{collection=\"films\",part=\"vectors\"}",
        "sagitta_disk_bytes{collection=\"films\",part=\"rocksdb\"}",
        "sagitta_disk_bytes{collection=\"films\",part=\"wal\"}",
        "sagitta_points_written_total 3", "sagitta_queue_depth{pool=\"query\"} 0",
        "sagitta_compaction_running", "process_resident_memory_bytes", "sagitta_ready 1"}) {
    EXPECT_NE(page.find(expected), std::string::npos) << expected << "\n" << page;
  }
}

TEST(Lifecycle, StoppingLetsRunningCallsEndAndRefusesNewOnes) {
  auto server = std::make_unique<TestServer>();
  server->CreateFilms();
  v1::CountRequest request;
  request.set_collection("films");
  request.mutable_options()->set_min_seq(1000);
  request.mutable_options()->set_timeout_ms(700);
  grpc::Status running;
  std::thread caller([&] {
    v1::CountResponse response;
    running = Invoke(&v1::PointService::Stub::Count, *server->points, request, &response);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  server->server().Stop(std::chrono::seconds(10));
  caller.join();
  EXPECT_EQ(running.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED) << "ended by its own time";
  EXPECT_EQ(Reason(running), "DEADLINE_EXCEEDED");
  v1::CountResponse response;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
  EXPECT_FALSE(server->points->Count(&context, request, &response).ok());
}

TEST(Lifecycle, StoppingCancelsWhatOutlastsTheGrace) {
  auto server = std::make_unique<TestServer>();
  server->CreateFilms();
  v1::CountRequest request;
  request.set_collection("films");
  request.mutable_options()->set_min_seq(1000);
  std::thread caller([&] {
    v1::CountResponse response;
    EXPECT_FALSE(Invoke(&v1::PointService::Stub::Count, *server->points, request, &response).ok());
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto start = std::chrono::steady_clock::now();
  server->server().Stop(std::chrono::milliseconds(200));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  caller.join();
}

TEST(Lifecycle, ASecondServerOnTheSameDataIsRefused) {
  TestServer server;
  ServerConfig config;
  config.data_dir = server.directory();
  config.listen = "127.0.0.1:0";
  config.http_listen = "";
  auto second = Server::Start(config);
  ASSERT_TRUE(second.ok());
  const Status status = (*second)->OpenDatabase();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status.ToString();
}

}  // namespace
}  // namespace sagitta::server
