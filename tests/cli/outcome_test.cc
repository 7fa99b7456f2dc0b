#include "cli/outcome.h"

#include <gtest/gtest.h>

#include <sstream>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sagitta::cli {
namespace {

std::string Printed(const Outcome& outcome) {
  std::ostringstream out;
  outcome.Print(out);
  return out.str();
}

TEST(Outcome, ExitCodesOfInputErrors) {
  EXPECT_EQ(Outcome(Status::NotFound("f: none")).exit_code(), kExitNoInput);
  EXPECT_EQ(Outcome(Status::DataLoss("f: cut")).exit_code(), kExitBadData);
  EXPECT_EQ(Outcome(Status::InvalidArgument("a", "b")).exit_code(), kExitBadData);
  EXPECT_EQ(Outcome(Status::ResourceExhausted("full")).exit_code(), kExitFailure);
  EXPECT_EQ(Outcome::Usage("x").exit_code(), kExitUsage);
  EXPECT_TRUE(Outcome(Status::Ok()).ok());
}

TEST(Outcome, ExitCodesOfTheServer) {
  auto exit_of = [](grpc::StatusCode code) {
    return Outcome::FromRpc(grpc::Status(code, "m")).exit_code();
  };
  EXPECT_EQ(exit_of(grpc::StatusCode::OK), kExitOk);
  EXPECT_EQ(exit_of(grpc::StatusCode::NOT_FOUND), kExitFailure);
  EXPECT_EQ(exit_of(grpc::StatusCode::UNAVAILABLE), kExitUnavailable);
  EXPECT_EQ(exit_of(grpc::StatusCode::UNAUTHENTICATED), kExitPermission);
  EXPECT_EQ(exit_of(grpc::StatusCode::PERMISSION_DENIED), kExitPermission);
}

TEST(Outcome, PrintsDetails) {
  google::rpc::BadRequest bad;
  for (const char* field : {"points[3].id", "points[4].id"}) {
    auto* violation = bad.add_field_violations();
    violation->set_field(field);
    violation->set_description("is empty");
  }
  google::rpc::ErrorInfo info;
  info.set_reason("BAD_ID");
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(250'000'000);
  google::rpc::Status details;
  details.add_details()->PackFrom(bad);
  details.add_details()->PackFrom(info);
  details.add_details()->PackFrom(retry);
  const Outcome outcome = Outcome::FromRpc(grpc::Status(
      grpc::StatusCode::INVALID_ARGUMENT, "two ids are wrong", details.SerializeAsString()));
  EXPECT_EQ(Printed(outcome),
            "sagitta: INVALID_ARGUMENT: two ids are wrong\n"
            "  points[3].id: is empty\n  points[4].id: is empty\n"
            "  reason: BAD_ID\n  retry after: 250 ms\n");
  EXPECT_EQ(outcome.retry_after_ms(), 250);
}

TEST(Outcome, DetailsThatAreNoneAreIgnored) {
  const Outcome outcome =
      Outcome::FromRpc(grpc::Status(grpc::StatusCode::INTERNAL, "m", "\xff\xff not a message"));
  EXPECT_EQ(Printed(outcome), "sagitta: INTERNAL: m\n");
}

}  // namespace
}  // namespace sagitta::cli
