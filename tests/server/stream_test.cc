// UpsertStream: order, acknowledgements, flow control, failures of one batch, clients that go away.
#include <gtest/gtest.h>

#include <thread>

#include "tests/server/test_server.h"

namespace sagitta::server {
namespace {

class StreamTest : public ::testing::Test {
 protected:
  uint64_t CountAll() {
    v1::CountRequest request;
    request.set_collection("films");
    v1::CountResponse response;
    EXPECT_TRUE(Invoke(&v1::PointService::Stub::Count, *server_.points, request, &response).ok());
    return response.count();
  }

  TestServer server_;
};

TEST_F(StreamTest, EveryBatchIsAcknowledgedInOrder) {
  server_.CreateFilms();
  grpc::ClientContext context;
  auto stream = server_.points->UpsertStream(&context);
  constexpr uint64_t kBatches = 200;
  std::thread writer([&] {
    for (uint64_t i = 0; i < kBatches; ++i) {
      v1::UpsertStreamRequest request;
      request.set_batch(1000 + i);
      *request.mutable_upsert() = Films(1 + i * 16, 16);
      ASSERT_TRUE(stream->Write(request));
    }
    stream->WritesDone();
  });
  v1::UpsertStreamResponse response;
  uint64_t acknowledged = 0, last_seq = 0;
  while (stream->Read(&response)) {
    EXPECT_EQ(response.batch(), 1000 + acknowledged++);
    ASSERT_TRUE(response.has_result()) << response.error().message();
    EXPECT_EQ(response.result().affected(), 16u);
    EXPECT_GT(response.result().seq(), last_seq);
    last_seq = response.result().seq();
    EXPECT_LE(response.credits(), 8u);
  }
  writer.join();
  const grpc::Status status = stream->Finish();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(acknowledged, kBatches);
  EXPECT_EQ(CountAll(), kBatches * 16);
}

TEST_F(StreamTest, ABadBatchFailsAlone) {
  server_.CreateFilms();
  grpc::ClientContext context;
  auto stream = server_.points->UpsertStream(&context);
  v1::UpsertStreamRequest requests[3];
  for (int i = 0; i < 3; ++i) {
    requests[i].set_batch(i);
    *requests[i].mutable_upsert() = Films(1 + i * 10, 10);
  }
  requests[1].mutable_upsert()->mutable_points(4)->mutable_point()->clear_id();
  for (const auto& request : requests) ASSERT_TRUE(stream->Write(request));
  stream->WritesDone();
  v1::UpsertStreamResponse responses[3];
  for (auto& response : responses) ASSERT_TRUE(stream->Read(&response));
  EXPECT_TRUE(responses[0].has_result());
  EXPECT_EQ(responses[1].error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(responses[1].error().message().find("upsert.points[4].id"), std::string::npos)
      << responses[1].error().message();
  EXPECT_TRUE(responses[2].has_result());
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(CountAll(), 20u);
}

TEST_F(StreamTest, AClientThatReadsNothingIsHeldBack) {
  server_.CreateFilms(1024);
  grpc::ClientContext context;
  auto stream = server_.points->UpsertStream(&context);
  // Acknowledgements are small and fit in the window, so that batches do go through; what is
  // bounded is what the server holds at a time, and the metric shows it.
  std::thread writer([&] {
    for (int i = 0; i < 40; ++i) {
      v1::UpsertStreamRequest request;
      request.set_batch(i);
      *request.mutable_upsert() = Films(1 + i * 256, 256, 1024);  // 1 MiB
      if (!stream->Write(request)) return;
    }
    stream->WritesDone();
  });
  v1::UpsertStreamResponse response;
  int acknowledged = 0;
  while (stream->Read(&response)) ++acknowledged;
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(acknowledged, 40);
  EXPECT_EQ(CountAll(), 40u * 256);
}

TEST_F(StreamTest, AClientThatGoesAwayLeavesTheServerWell) {
  server_.CreateFilms();
  for (int round = 0; round < 20; ++round) {
    grpc::ClientContext context;
    auto stream = server_.points->UpsertStream(&context);
    for (int i = 0; i <= round % 5; ++i) {
      v1::UpsertStreamRequest request;
      *request.mutable_upsert() = Films(1, 50);
      stream->Write(request);
    }
    context.TryCancel();
    (void)stream->Finish();
  }
  // The bytes of all those streams are given back.
  grpc::ClientContext context;
  auto stream = server_.points->UpsertStream(&context);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_LE(CountAll(), 50u);
}

TEST_F(StreamTest, GarbageIsAnErrorOfItsBatch) {
  server_.CreateFilms();
  grpc::ClientContext context;
  auto stream = server_.points->UpsertStream(&context);
  v1::UpsertStreamRequest request;
  request.set_batch(7);
  request.mutable_upsert()->set_collection("nowhere");
  ASSERT_TRUE(stream->Write(request));
  v1::UpsertStreamResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.batch(), 7u);
  EXPECT_EQ(response.error().code(), grpc::StatusCode::NOT_FOUND);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

}  // namespace
}  // namespace sagitta::server
