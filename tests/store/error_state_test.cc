#include "store/error_state.h"

#include <gtest/gtest.h>

namespace sagitta::store {
namespace {

using Source = ErrorState::Source;

TEST(ErrorStateTest, HealthyAtFirst) {
  const ErrorState state("shard /db");
  EXPECT_TRUE(state.healthy());
  EXPECT_TRUE(state.status().ok());
  EXPECT_FALSE(state.passing());
  EXPECT_FALSE(state.write_failed());
}

TEST(ErrorStateTest, FullDiskPasses) {
  ErrorState state("shard /db");
  const Status status = state.Record(rocksdb::Status::NoSpace("log"), Source::kBackground);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  EXPECT_GT(status.retry_after_ms(), 0u);
  EXPECT_NE(status.message().find("shard /db"), std::string::npos);
  EXPECT_FALSE(state.healthy());
  EXPECT_TRUE(state.passing());
  EXPECT_FALSE(state.ForgetPassing()) << "no write was among what failed";
  EXPECT_TRUE(state.healthy());
  EXPECT_TRUE(state.status().ok());
}

TEST(ErrorStateTest, RemembersThatAWriteFailed) {
  ErrorState state("shard /db");
  (void)state.Record(rocksdb::Status::NoSpace(), Source::kBackground);
  (void)state.Record(rocksdb::Status::NoSpace(), Source::kWrite);
  (void)state.Record(rocksdb::Status::NoSpace(), Source::kBackground);
  EXPECT_TRUE(state.write_failed());
  EXPECT_TRUE(state.ForgetPassing());
  EXPECT_FALSE(state.write_failed());
  EXPECT_FALSE(state.ForgetPassing());
}

TEST(ErrorStateTest, AnyOtherErrorStaysAndIsTheOneReported) {
  ErrorState state("shard /db");
  (void)state.Record(rocksdb::Status::NoSpace(), Source::kWrite);
  const Status lasting = state.Record(rocksdb::Status::IOError("fsync"), Source::kBackground);
  EXPECT_EQ(lasting.code(), StatusCode::kUnavailable);
  EXPECT_FALSE(state.passing());
  EXPECT_EQ(state.Record(rocksdb::Status::NoSpace(), Source::kWrite).message(), lasting.message());
  EXPECT_EQ(state.Record(Status::Internal("later"), Source::kWrite).message(), lasting.message());
  EXPECT_FALSE(state.ForgetPassing());
  EXPECT_EQ(state.status().message(), lasting.message());
}

TEST(ErrorStateTest, ListenerReportsAndKeepsRocksDbFromGoingOnByItself) {
  auto state = std::make_shared<ErrorState>("shard /db");
  ErrorListener listener(state);
  rocksdb::Status error = rocksdb::Status::OK();
  listener.OnBackgroundError(rocksdb::BackgroundErrorReason::kFlush, &error);
  EXPECT_TRUE(state->healthy());
  error = rocksdb::Status::NoSpace("flush");
  listener.OnBackgroundError(rocksdb::BackgroundErrorReason::kFlush, &error);
  EXPECT_TRUE(state->passing());
  EXPECT_FALSE(state->write_failed());
  bool auto_recovery = true;
  listener.OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason::kFlush, error, &auto_recovery);
  EXPECT_FALSE(auto_recovery);
}

}  // namespace
}  // namespace sagitta::store
