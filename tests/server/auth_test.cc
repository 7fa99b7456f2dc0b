// Which key may call which method: the whole matrix, over the wire.
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include "server/methods.h"
#include "tests/server/test_server.h"

namespace sagitta::server {
namespace {

// Calls any method with an empty request. Only how far it came is of interest.
grpc::Status CallEmpty(const std::shared_ptr<grpc::Channel>& channel, const MethodInfo& info,
                       const std::string& header, const std::string& value) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  if (!header.empty()) context.AddMetadata(header, value);
  grpc::CompletionQueue queue;
  const std::string path = "/" + std::string(info.service) + "/" + std::string(info.name);
  grpc::ByteBuffer request(static_cast<grpc::Slice*>(nullptr), 0);
  grpc::ByteBuffer response;
  grpc::Status status;
  void* tag = nullptr;
  bool ok = false;
  auto call = stub.PrepareCall(&context, path, &queue);
  call->StartCall(nullptr);
  queue.Next(&tag, &ok);
  call->WriteLast(request, grpc::WriteOptions(), nullptr);
  queue.Next(&tag, &ok);
  // The status comes after the last message only.
  for (ok = true; ok;) {
    call->Read(&response, nullptr);
    queue.Next(&tag, &ok);
  }
  call->Finish(&status, nullptr);
  queue.Next(&tag, &ok);
  return status;
}

class AuthTest : public ::testing::Test {
 protected:
  AuthTest() {
    std::string lines;
    for (const char* scope : {"read", "write", "admin"}) {
      auto made = ApiKeys::Generate(scope, scope);
      EXPECT_TRUE(made.ok());
      keys_[scope] = made->key;
      lines += made->line + ";";
    }
    ServerConfig config;
    config.auth_keys = lines;
    server_ = std::make_unique<TestServer>(config);
  }

  std::map<std::string, std::string> keys_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(AuthTest, EveryMethodUnderEveryScope) {
  for (const MethodInfo& info : AllMethods()) {
    for (const auto& [scope, key] : keys_) {
      const grpc::Status status =
          CallEmpty(server_->channel, info, "authorization", "Bearer " + key);
      const bool allowed = scope == "admin" || scope == ScopeName(info.scope);
      if (allowed) {
        EXPECT_NE(status.error_code(), grpc::StatusCode::PERMISSION_DENIED)
            << info.name << " with " << scope;
        EXPECT_NE(status.error_code(), grpc::StatusCode::UNAUTHENTICATED)
            << info.name << " with " << scope;
      } else {
        EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED)
            << info.name << " with " << scope;
        EXPECT_EQ(Reason(status), "SCOPE_MISSING");
      }
    }
  }
}

TEST_F(AuthTest, EveryMethodWithoutAGoodKey) {
  const std::string good = keys_["admin"];
  for (const MethodInfo& info : AllMethods()) {
    const grpc::Status none = CallEmpty(server_->channel, info, "", "");
    EXPECT_EQ(none.error_code(), grpc::StatusCode::UNAUTHENTICATED) << info.name;
    EXPECT_EQ(Reason(none), "API_KEY_MISSING") << info.name;
    const grpc::Status wrong = CallEmpty(server_->channel, info, "x-api-key", good + "x");
    EXPECT_EQ(wrong.error_code(), grpc::StatusCode::UNAUTHENTICATED) << info.name;
    EXPECT_EQ(Reason(wrong), "API_KEY_INVALID") << info.name;
    EXPECT_EQ(wrong.error_message().find(good), std::string::npos);
  }
}

TEST_F(AuthTest, BothHeadersCarryAKey) {
  const MethodInfo& info = InfoOf(Method::kGetVersion);
  EXPECT_TRUE(CallEmpty(server_->channel, info, "x-api-key", keys_["read"]).ok());
  EXPECT_TRUE(CallEmpty(server_->channel, info, "authorization", "Bearer " + keys_["read"]).ok());
  EXPECT_EQ(
      CallEmpty(server_->channel, info, "authorization", "Basic " + keys_["read"]).error_code(),
      grpc::StatusCode::UNAUTHENTICATED);
}

TEST_F(AuthTest, AMissingCollectionIsNotRevealed) {
  v1::CountRequest request;
  request.set_collection("secret");
  v1::CountResponse response;
  EXPECT_EQ(
      Invoke(&v1::PointService::Stub::Count, *server_->points, request, &response).error_code(),
      grpc::StatusCode::UNAUTHENTICATED);
}

}  // namespace
}  // namespace sagitta::server
