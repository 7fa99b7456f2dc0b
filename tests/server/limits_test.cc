// Message sizes, compression, deadlines, malformed requests.
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/server/test_server.h"

namespace sagitta::server {
namespace {

TEST(Limits, AnOversizeMessageIsToldTheLimit) {
  ServerConfig config;
  config.max_receive = 1 << 20;
  TestServer server(config);
  server.CreateFilms(1024);
  v1::UpsertResponse response;
  const grpc::Status status =
      Invoke(&v1::PointService::Stub::Upsert, *server.points, Films(1, 512, 1024), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_NE(status.error_message().find("1048576"), std::string::npos) << status.error_message();
  EXPECT_TRUE(
      Invoke(&v1::PointService::Stub::Upsert, *server.points, Films(1, 64, 1024), &response).ok());
}

TEST(Limits, AnOversizeAnswerIsToldTheLimit) {
  ServerConfig config;
  config.max_send = 64 << 10;
  TestServer server(config);
  server.CreateFilms(1024);
  v1::UpsertResponse written;
  ASSERT_TRUE(
      Invoke(&v1::PointService::Stub::Upsert, *server.points, Films(1, 64, 1024), &written).ok());
  v1::ScrollRequest scroll;
  scroll.set_collection("films");
  scroll.mutable_select()->set_vectors(true);
  v1::ScrollResponse page;
  const grpc::Status status =
      Invoke(&v1::PointService::Stub::Scroll, *server.points, scroll, &page);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_NE(status.error_message().find("65536"), std::string::npos) << status.error_message();
}

TEST(Limits, AGzipBombIsNotUnpacked) {
  TestServer server;
  // 256 MiB that gzip to a quarter of one.
  v1::UpdatePayloadRequest request;
  request.set_collection("films");
  request.add_ids()->set_u64(1);
  (*request.mutable_payload())["bomb"].set_string_value(std::string(256u << 20, 'a'));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  v1::UpdatePayloadResponse response;
  const grpc::Status status = server.points->UpdatePayload(&context, request, &response);
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(status.error_code() == grpc::StatusCode::UNIMPLEMENTED ||
              status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED)
      << status.error_code() << ": " << status.error_message();
}

TEST(Limits, MalformedBytesAreInvalid) {
  TestServer server;
  grpc::GenericStub stub(server.channel);
  for (const std::string& bytes : {std::string("\xff\xff\xff\xff"), std::string("\x0a\x02\xc3\x28"),
                                   std::string(100, '\x0b')}) {
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    grpc::Slice slice(bytes);
    grpc::ByteBuffer request(&slice, 1), response;
    grpc::Status status;
    auto call = stub.PrepareUnaryCall(&context, "/sagitta.v1.QueryService/Query", request, &queue);
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    EXPECT_NE(status.error_message().find("sagitta.v1.QueryRequest"), std::string::npos);
  }
}

TEST(Limits, DeadlinesEndAWaitingRead) {
  TestServer server;
  server.CreateFilms();
  v1::CountRequest request;
  request.set_collection("films");
  request.mutable_options()->set_min_seq(1000);
  v1::CountResponse response;
  grpc::ClientContext context;
  const auto start = std::chrono::steady_clock::now();
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
  EXPECT_EQ(server.points->Count(&context, request, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  // The same by the request's own timeout: then the server says so itself.
  request.mutable_options()->set_timeout_ms(300);
  const grpc::Status status =
      Invoke(&v1::PointService::Stub::Count, *server.points, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(Reason(status), "DEADLINE_EXCEEDED");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(Limits, QueriesThatWaitHoldUpNobodyElse) {
  TestServer server;
  server.CreateFilms();
  v1::QueryRequest request;
  request.set_collection("films");
  SetVector({1, 2, 3, 4}, request.mutable_query()->mutable_vector());
  request.mutable_query()->set_k(1);
  request.mutable_options()->set_min_seq(1000);  // a write that never comes
  request.mutable_options()->set_timeout_ms(3000);
  constexpr int kCalls = 8;  // more than gRPC has threads on a small machine
  grpc::CompletionQueue queue;
  std::vector<grpc::ClientContext> contexts(kCalls);
  std::vector<std::unique_ptr<grpc::ClientAsyncResponseReader<v1::QueryResponse>>> calls;
  std::vector<grpc::Status> statuses(kCalls);
  std::vector<v1::QueryResponse> responses(kCalls);
  for (int i = 0; i < kCalls; ++i) {
    calls.push_back(server.queries->AsyncQuery(&contexts[i], request, &queue));
    calls.back()->Finish(&responses[i], &statuses[i], nullptr);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  for (int i = 0; i < 20; ++i) {
    v1::GetVersionResponse version;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(2));
    EXPECT_TRUE(server.admin->GetVersion(&context, v1::GetVersionRequest(), &version).ok());
  }
  for (int i = 0; i < kCalls; ++i) {
    void* tag = nullptr;
    bool ok = false;
    ASSERT_TRUE(queue.Next(&tag, &ok));
  }
  for (const grpc::Status& status : statuses) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED) << status.error_message();
  }
}

TEST(Limits, AFullQueueSaysWhenToRetry) {
  ServerConfig config;
  config.query_threads = 1;
  config.queue_limit = 1;
  TestServer server(config);
  server.CreateFilms();
  // Reads that wait for a write that never comes fill the one thread and the one place in the
  // queue.
  v1::CountRequest request;
  request.set_collection("films");
  request.mutable_options()->set_min_seq(1000);
  request.mutable_options()->set_timeout_ms(2000);
  constexpr int kCalls = 6;
  grpc::CompletionQueue queue;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientAsyncResponseReader<v1::CountResponse>>> calls;
  std::vector<grpc::Status> statuses(kCalls);
  std::vector<v1::CountResponse> responses(kCalls);
  for (int i = 0; i < kCalls; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    calls.push_back(server.points->AsyncCount(contexts.back().get(), request, &queue));
    calls.back()->Finish(&responses[i], &statuses[i], reinterpret_cast<void*>(i + 1));
  }
  int refused = 0;
  for (int i = 0; i < kCalls; ++i) {
    void* tag = nullptr;
    bool ok = false;
    ASSERT_TRUE(queue.Next(&tag, &ok));
  }
  for (const grpc::Status& status : statuses) {
    if (status.error_code() != grpc::StatusCode::RESOURCE_EXHAUSTED) continue;
    ++refused;
    google::rpc::RetryInfo retry;
    EXPECT_TRUE(FindDetail(status, &retry));
    EXPECT_EQ(Reason(status), "QUEUE_FULL");
  }
  EXPECT_GE(refused, kCalls - 3);
}

}  // namespace
}  // namespace sagitta::server
