// A real server with a fresh data directory on free loopback ports, and stubs that talk to it.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "sagitta/v1/admin.grpc.pb.h"
#include "sagitta/v1/collections.grpc.pb.h"
#include "sagitta/v1/points.grpc.pb.h"
#include "sagitta/v1/query.grpc.pb.h"
#include "server/server.h"

namespace sagitta::server {

// Removes the data directory at its end.
class TestServer {
 public:
  explicit TestServer(ServerConfig config = {}, bool open = true) {
    static int count = 0;
    directory_ = ::testing::TempDir() + "/sagitta_server_" + std::to_string(getpid()) + "_" +
                 std::to_string(count++);
    config.data_dir = directory_;
    config.listen = "127.0.0.1:0";
    config.http_listen = "127.0.0.1:0";
    auto server = Server::Start(config);
    if (!server.ok()) {
      ADD_FAILURE() << server.status().ToString();
      return;
    }
    server_ = std::move(*server);
    if (open) {
      const Status status = server_->OpenDatabase();
      EXPECT_TRUE(status.ok()) << status.ToString();
    }
    Connect();
  }
  ~TestServer() {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  Server& server() { return *server_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(server_->grpc_port()); }
  const std::string& directory() const { return directory_; }

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::CollectionService::Stub> collections;
  std::unique_ptr<v1::PointService::Stub> points;
  std::unique_ptr<v1::QueryService::Stub> queries;
  std::unique_ptr<v1::AdminService::Stub> admin;

  // A collection "films" with one L2 field "text" of `dim`.
  void CreateFilms(uint32_t dim = 4, v1::Metric metric = v1::METRIC_L2) {
    v1::CreateCollectionRequest request;
    request.mutable_schema()->set_name("films");
    auto* field = request.mutable_schema()->add_fields();
    field->set_name("text");
    field->set_dim(dim);
    field->set_metric(metric);
    v1::CreateCollectionResponse response;
    grpc::ClientContext context;
    const grpc::Status status = collections->CreateCollection(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

 private:
  void Connect() {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(-1);
    arguments.SetMaxSendMessageSize(-1);
    channel = grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), arguments);
    collections = v1::CollectionService::NewStub(channel);
    points = v1::PointService::NewStub(channel);
    queries = v1::QueryService::NewStub(channel);
    admin = v1::AdminService::NewStub(channel);
  }

  std::string directory_;
  std::unique_ptr<Server> server_;
};

inline std::string Floats(const std::vector<float>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

inline void SetVector(const std::vector<float>& values, v1::Vector* out) {
  out->set_dtype(v1::DTYPE_F32);
  out->set_data(Floats(values));
}

// Points first, first + 1, … of "films": vector {id, 0, …}, payload {"n": id, "even": bool}.
inline v1::UpsertRequest Films(uint64_t first, int count, uint32_t dim = 4) {
  v1::UpsertRequest request;
  request.set_collection("films");
  for (int i = 0; i < count; ++i) {
    auto* point = request.add_points()->mutable_point();
    const uint64_t id = first + i;
    point->mutable_id()->set_u64(id);
    std::vector<float> values(dim);
    values[0] = static_cast<float>(id);
    SetVector(values, &(*point->mutable_vectors())["text"]);
    (*point->mutable_payload())["n"].set_int64_value(static_cast<int64_t>(id));
    (*point->mutable_payload())["even"].set_bool_value(id % 2 == 0);
  }
  return request;
}

// Calls a stub's method with a fresh context that has a deadline.
template <typename Stub, typename Request, typename Response>
grpc::Status Invoke(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    Stub& stub, const Request& request, Response* response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  return (stub.*method)(&context, request, response);
}

template <typename Detail>
bool FindDetail(const grpc::Status& status, Detail* out) {
  google::rpc::Status rpc;
  if (!rpc.ParseFromString(status.error_details())) return false;
  for (const auto& detail : rpc.details()) {
    if (detail.UnpackTo(out)) return true;
  }
  return false;
}

// The field of the first violation; empty when there is none.
inline std::string ViolatedField(const grpc::Status& status) {
  google::rpc::BadRequest bad;
  if (!FindDetail(status, &bad) || bad.field_violations_size() == 0) return {};
  return bad.field_violations(0).field();
}

inline std::string Reason(const grpc::Status& status) {
  google::rpc::ErrorInfo info;
  return FindDetail(status, &info) ? info.reason() : "";
}

}  // namespace sagitta::server
