#include "cli/uploader.h"

#include <grpcpp/server_builder.h>

#include <mutex>
#include <set>

#include "google/rpc/status.pb.h"
#include "tests/cli/test_files.h"

namespace sagitta::cli {
namespace {

TEST(AckTracker, PrefixStopsAtTheFirstGap) {
  AckTracker tracker(100);
  tracker.Done(110, 10);
  EXPECT_EQ(tracker.prefix(), 100u);
  tracker.Done(130, 5);
  tracker.Done(100, 10);
  EXPECT_EQ(tracker.prefix(), 120u);
  tracker.Done(120, 10);
  EXPECT_EQ(tracker.prefix(), 135u);
  tracker.Done(120, 10);  // acknowledged twice, after a resend
  EXPECT_EQ(tracker.prefix(), 135u);
}

// The stream's contract on the wire, over a set of ids, with the faults a test asks for.
class StreamService : public v1::PointService::Service {
 public:
  grpc::Status UpsertStream(grpc::ServerContext*,
                            grpc::ServerReaderWriter<v1::UpsertStreamResponse,
                                                     v1::UpsertStreamRequest>* stream) override {
    v1::UpsertStreamRequest request;
    while (stream->Read(&request)) {
      v1::UpsertStreamResponse response;
      response.set_batch(request.batch());
      const int number = ++batches;
      if (break_at.count(number)) return {grpc::StatusCode::UNAVAILABLE, "restarting"};
      if (refuse_at.count(number)) {
        response.mutable_error()->set_code(grpc::StatusCode::RESOURCE_EXHAUSTED);
      } else if (reject_at.count(number)) {
        response.mutable_error()->set_code(grpc::StatusCode::INVALID_ARGUMENT);
        response.mutable_error()->set_message("vectors: NaN");
      } else {
        std::lock_guard lock(mu);
        for (const uint64_t id : request.upsert().columns().ids()) ids.insert(id);
        response.mutable_result()->set_seq(number);
      }
      stream->Write(response);
    }
    return grpc::Status::OK;
  }

  std::mutex mu;
  std::set<uint64_t> ids;
  std::atomic<int> batches{0};
  std::set<int> break_at, refuse_at, reject_at;  // by number of the batch as it comes
};

class UploaderTest : public TestFiles {
 protected:
  void SetUp() override {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    ASSERT_NE(port, 0);
    connection_ = std::move(*Connection::Open({.address = "127.0.0.1:" + std::to_string(port)}));
  }

  Outcome Upload(UploadOptions options, uint64_t rows = 1000) {
    auto reader = OpenVectorFile(
        Write("u.npy", NpyOf("|u1", "(" + std::to_string(rows) + ", 1)", std::string(rows, 'x'))));
    source_ = std::move(*OpenDenseSource(std::move(*reader), {}));
    EXPECT_TRUE(source_->Seek(options.first_row).ok());
    options.collection = "c";
    options.batch = 10;
    Uploader uploader(*connection_, *source_, options);
    Outcome outcome = uploader.Run([](const Uploader::State&) {});
    state_ = uploader.state();
    acks_ = uploader.acks().count();
    return outcome;
  }

  StreamService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<PointSource> source_;
  Uploader::State state_;
  uint64_t acks_ = 0;
};

TEST_F(UploaderTest, EveryRowIsAcknowledgedOnce) {
  for (const size_t streams : {1, 3}) {
    service_.ids.clear();
    ASSERT_TRUE(Upload({.streams = streams}, 1003).ok());
    EXPECT_EQ(service_.ids.size(), 1003u);
    EXPECT_EQ(state_.rows, 1003u);
    EXPECT_EQ(state_.prefix, 1003u);
    EXPECT_EQ(acks_, 101u);
  }
}

TEST_F(UploaderTest, StartsAndStopsWhereItIsTold) {
  ASSERT_TRUE(Upload({.first_row = 100, .max_rows = 55}).ok());
  EXPECT_EQ(service_.ids.size(), 55u);
  EXPECT_EQ(*service_.ids.begin(), 100u);
  EXPECT_EQ(state_.prefix, 155u);
}

TEST_F(UploaderTest, RefusedBatchesAreSentAgain) {
  service_.refuse_at = {3, 4, 50};
  ASSERT_TRUE(Upload({.streams = 2}).ok());
  EXPECT_EQ(service_.ids.size(), 1000u);
  EXPECT_EQ(state_.resent, 3u);
  EXPECT_EQ(state_.prefix, 1000u);
}

TEST_F(UploaderTest, ABrokenStreamIsOpenedAgain) {
  service_.break_at = {5, 40, 41};
  const Outcome outcome = Upload({.streams = 2});
  ASSERT_TRUE(outcome.ok()) << outcome.message();
  EXPECT_EQ(service_.ids.size(), 1000u);
  EXPECT_EQ(state_.prefix, 1000u);
}

TEST_F(UploaderTest, BadDataEndsItAndNamesTheRows) {
  service_.reject_at = {8};
  const Outcome outcome = Upload({});
  EXPECT_EQ(outcome.exit_code(), kExitBadData);
  EXPECT_NE(outcome.message().find("rows 70–79: vectors: NaN"), std::string::npos)
      << outcome.message();
  EXPECT_EQ(state_.prefix, 70u);
}

TEST_F(UploaderTest, NoServerEndsAfterThePatience) {
  server_->Shutdown();
  const Outcome outcome = Upload({.retry_seconds = 0.3});
  EXPECT_EQ(outcome.exit_code(), kExitUnavailable) << outcome.message();
  EXPECT_EQ(state_.rows, 0u);
}

}  // namespace
}  // namespace sagitta::cli
