// QueryStream: answers in order, failures of one query, deadlines of one query, clients that go
// away.
#include <gtest/gtest.h>
#include <httplib.h>

#include <thread>

#include "tests/server/test_server.h"

namespace sagitta::server {
namespace {

v1::QueryStreamRequest Ask(uint64_t tag, float at) {
  v1::QueryStreamRequest message;
  message.set_tag(tag);
  message.mutable_request()->set_collection("films");
  SetVector({at, 0, 0, 0}, message.mutable_request()->mutable_query()->mutable_vector());
  message.mutable_request()->mutable_query()->set_k(3);
  return message;
}

class QueryStreamTest : public ::testing::Test {
 protected:
  QueryStreamTest() {
    server_.CreateFilms();
    v1::UpsertResponse response;
    EXPECT_TRUE(
        Invoke(&v1::PointService::Stub::Upsert, *server_.points, Films(1, 500), &response).ok());
  }

  // What is left of the bytes that requests in flight hold: nothing, once all streams have ended.
  void ExpectNothingInFlight() {
    for (int i = 0; i < 500 && InFlight() != "0"; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    EXPECT_EQ(InFlight(), "0");
  }
  std::string MetricsPage() {
    const auto page = httplib::Client("127.0.0.1", server_.server().http_port()).Get("/metrics");
    return page ? page->body : "";
  }
  std::string InFlight() {
    const std::string page = MetricsPage();
    const std::string name = "\nsagitta_requests_in_flight_bytes ";
    const size_t at = page.find(name);
    if (at == std::string::npos) return "absent";
    const size_t begin = at + name.size();
    return page.substr(begin, page.find('\n', begin) - begin);
  }

  TestServer server_;
};

TEST_F(QueryStreamTest, AnswersInTheOrderAsked) {
  grpc::ClientContext context;
  auto stream = server_.queries->QueryStream(&context);
  constexpr uint64_t kQueries = 400;
  std::thread writer([&] {
    for (uint64_t i = 0; i < kQueries; ++i) {
      ASSERT_TRUE(stream->Write(Ask(10'000 + i, static_cast<float>(1 + i))));
    }
    stream->WritesDone();
  });
  v1::QueryStreamResponse answer;
  uint64_t answered = 0;
  while (stream->Read(&answer)) {
    EXPECT_EQ(answer.tag(), 10'000 + answered);
    ASSERT_TRUE(answer.has_response()) << answer.error().message();
    ASSERT_EQ(answer.response().hits_size(), 3);
    EXPECT_EQ(answer.response().hits(0).point().id().u64(), 1 + answered);
    ++answered;
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(answered, kQueries);
  ExpectNothingInFlight();
  const std::string page = MetricsPage();
  EXPECT_NE(page.find("sagitta_stream_query_seconds_count"), std::string::npos);
  EXPECT_NE(page.find("sagitta_stream_queries_total{code=\"OK\",method=\"QueryStream\""),
            std::string::npos);
}

TEST_F(QueryStreamTest, ABadQueryFailsAlone) {
  grpc::ClientContext context;
  auto stream = server_.queries->QueryStream(&context);
  std::vector<v1::QueryStreamRequest> messages = {Ask(0, 1), Ask(1, 2), Ask(2, 3), Ask(3, 4),
                                                  Ask(4, 5)};
  messages[1].mutable_request()->mutable_query()->set_k(0);
  messages[2].mutable_request()->set_collection("nowhere");
  messages[3].mutable_request()->mutable_query()->mutable_vector()->set_data("odd");
  for (const auto& message : messages) ASSERT_TRUE(stream->Write(message));
  std::vector<v1::QueryStreamResponse> answers(messages.size());
  for (auto& answer : answers) ASSERT_TRUE(stream->Read(&answer));
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_TRUE(answers[0].has_response());
  EXPECT_TRUE(answers[4].has_response());
  EXPECT_EQ(answers[1].error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(answers[2].error().code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(answers[3].error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  const grpc::Status status(grpc::StatusCode::INVALID_ARGUMENT, "",
                            answers[1].error().SerializeAsString());
  EXPECT_EQ(ViolatedField(status), "request.query.k");
  for (size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i].tag(), i);
}

TEST_F(QueryStreamTest, ADeadlineIsOfItsQueryOnly) {
  grpc::ClientContext context;
  auto stream = server_.queries->QueryStream(&context);
  auto message = Ask(1, 1);
  // A write that is not there yet is waited for until the deadline.
  message.mutable_request()->mutable_options()->set_min_seq(1'000'000);
  message.mutable_request()->mutable_options()->set_timeout_ms(30);
  ASSERT_TRUE(stream->Write(message));
  ASSERT_TRUE(stream->Write(Ask(2, 2)));
  v1::QueryStreamResponse answer;
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.tag(), 1u);
  EXPECT_EQ(answer.error().code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_EQ(answer.tag(), 2u);
  EXPECT_TRUE(answer.has_response()) << answer.error().message();
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(QueryStreamTest, AnAnswerThatIsTooLargeFailsAlone) {
  ServerConfig config;
  config.max_send = 64 << 10;
  TestServer small(config);
  small.CreateFilms(1024);
  v1::UpsertResponse upserted;
  ASSERT_TRUE(
      Invoke(&v1::PointService::Stub::Upsert, *small.points, Films(1, 200, 1024), &upserted).ok());
  grpc::ClientContext context;
  auto stream = small.queries->QueryStream(&context);
  for (const uint32_t k : {100u, 1u}) {
    v1::QueryStreamRequest message;
    message.mutable_request()->set_collection("films");
    auto* query = message.mutable_request()->mutable_query();
    SetVector(std::vector<float>(1024), query->mutable_vector());
    query->set_k(k);
    query->mutable_select()->set_vectors(true);
    ASSERT_TRUE(stream->Write(message));
    v1::QueryStreamResponse answer;
    ASSERT_TRUE(stream->Read(&answer));
    EXPECT_EQ(answer.error().code(), k == 1 ? 0 : grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(QueryStreamTest, AClientThatGoesAwayLeavesTheServerWell) {
  for (int round = 0; round < 30; ++round) {
    grpc::ClientContext context;
    auto stream = server_.queries->QueryStream(&context);
    for (int i = 0; i <= round; ++i) stream->Write(Ask(i, 1));
    v1::QueryStreamResponse answer;
    if (round % 2 == 0) stream->Read(&answer);
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
  }
  ExpectNothingInFlight();
}

TEST_F(QueryStreamTest, ManyStreamsAtOnce) {
  std::vector<std::thread> clients;
  for (int c = 0; c < 16; ++c) {
    clients.emplace_back([&, c] {
      grpc::ClientContext context;
      auto stream = server_.queries->QueryStream(&context);
      for (uint64_t i = 0; i < 200; ++i) {
        const uint64_t id = 1 + (i * 7 + c) % 500;
        ASSERT_TRUE(stream->Write(Ask(i, static_cast<float>(id))));
        v1::QueryStreamResponse answer;
        ASSERT_TRUE(stream->Read(&answer));
        ASSERT_TRUE(answer.has_response()) << answer.error().message();
        EXPECT_EQ(answer.response().hits(0).point().id().u64(), id);
      }
      stream->WritesDone();
      EXPECT_TRUE(stream->Finish().ok());
    });
  }
  for (auto& client : clients) client.join();
  ExpectNothingInFlight();
}

}  // namespace
}  // namespace sagitta::server
