#include "server/status_map.h"

#include <gtest/gtest.h>

#include "google/rpc/error_details.pb.h"

namespace sagitta::server {
namespace {

google::rpc::Status Details(const grpc::Status& status) {
  google::rpc::Status rpc;
  EXPECT_TRUE(rpc.ParseFromString(status.error_details()));
  return rpc;
}

template <typename T>
bool Find(const google::rpc::Status& rpc, T* out) {
  for (const auto& detail : rpc.details()) {
    if (detail.UnpackTo(out)) return true;
  }
  return false;
}

TEST(StatusMap, CodesGoThereAndBack) {
  for (int code = 0; code <= static_cast<int>(StatusCode::kDataLoss); ++code) {
    const auto ours = static_cast<StatusCode>(code);
    EXPECT_EQ(FromGrpcCode(ToGrpcCode(ours)), ours) << StatusCodeName(ours);
  }
  EXPECT_EQ(FromGrpcCode(grpc::StatusCode::UNKNOWN), StatusCode::kInternal);
  EXPECT_TRUE(ToGrpcStatus(Status::Ok()).ok());
}

TEST(StatusMap, AnInvalidFieldBecomesAFieldViolation) {
  const grpc::Status wire =
      ToGrpcStatus(Status::InvalidArgument("points[3].vectors.text", "dim is 3, the field has 4"));
  EXPECT_EQ(wire.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(wire.error_message(), "points[3].vectors.text: dim is 3, the field has 4");
  google::rpc::BadRequest bad;
  ASSERT_TRUE(Find(Details(wire), &bad));
  ASSERT_EQ(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).field(), "points[3].vectors.text");
  EXPECT_EQ(bad.field_violations(0).description(), "dim is 3, the field has 4");
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(Find(Details(wire), &info));
  EXPECT_EQ(info.domain(), "sagitta");
  EXPECT_EQ(info.reason(), "INVALID_ARGUMENT");

  const Status back = FromGrpcStatus(wire);
  EXPECT_EQ(back.field(), "points[3].vectors.text");
  EXPECT_EQ(back.message(), "dim is 3, the field has 4");
}

TEST(StatusMap, FilterPathsAreSpelledAsOnTheWire) {
  const std::pair<const char*, const char*> cases[] = {
      {"filter.and[1].range.lower", "filter.all_of[1].range.lower"},
      {"query.filter.or[0].not.in", "query.filter.any_of[0].negate.is_in"},
      {"queries[2].filter.and[0].not_in", "queries[2].filter.all_of[0].not_in"},
      {"points[0].payload.and", "points[0].payload.and"}};
  for (const auto& [engine, wire] : cases) {
    google::rpc::BadRequest bad;
    ASSERT_TRUE(Find(ToRpcStatus(Status::InvalidArgument(engine, "x")), &bad));
    EXPECT_EQ(bad.field_violations(0).field(), wire);
  }
}

TEST(StatusMap, ALimitSaysWhenToRetry) {
  const grpc::Status wire =
      ToGrpcStatus(Status::ResourceExhausted("busy", 1250), {.reason = "QUEUE_FULL"});
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(Find(Details(wire), &retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 250000000);
  google::rpc::QuotaFailure quota;
  EXPECT_TRUE(Find(Details(wire), &quota));
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(Find(Details(wire), &info));
  EXPECT_EQ(info.reason(), "QUEUE_FULL");
  EXPECT_EQ(FromGrpcStatus(wire).retry_after_ms(), 1250u);
}

TEST(StatusMap, AMissingThingIsNamed) {
  const ErrorContext context{.resource_type = "collection", .resource_name = "films"};
  google::rpc::ResourceInfo resource;
  ASSERT_TRUE(Find(ToRpcStatus(Status::NotFound("no collection \"films\""), context), &resource));
  EXPECT_EQ(resource.resource_type(), "collection");
  EXPECT_EQ(resource.resource_name(), "films");
  EXPECT_FALSE(Find(ToRpcStatus(Status::InvalidArgument("k", "is 0"), context), &resource));
}

TEST(StatusMap, ForeignDetailsAreNoTrouble) {
  const grpc::Status foreign(grpc::StatusCode::UNAVAILABLE, "gone", "\xff\xfe not a status");
  EXPECT_EQ(FromGrpcStatus(foreign).code(), StatusCode::kUnavailable);
  EXPECT_EQ(FromGrpcStatus(foreign).message(), "gone");
}

}  // namespace
}  // namespace sagitta::server
