#include "sagitta/status.h"

#include <gtest/gtest.h>

namespace sagitta {
namespace {

TEST(Status, Text) {
  EXPECT_EQ(Status().ToString(), "OK");
  EXPECT_EQ(Status::InvalidArgument("vectors.text", "dim is 3").ToString(),
            "INVALID_ARGUMENT: vectors.text: dim is 3");
  EXPECT_EQ(Status::DataLoss("bad").ToString(), "DATA_LOSS: bad");
}

TEST(Status, EveryCodeHasItsName) {
  for (int i = 0; i <= static_cast<int>(StatusCode::kDataLoss); ++i) {
    EXPECT_NE(StatusCodeName(static_cast<StatusCode>(i)), "UNKNOWN") << i;
  }
  EXPECT_EQ(StatusCodeName(static_cast<StatusCode>(200)), "UNKNOWN");
}

TEST(Status, FieldPrefix) {
  const Status field = Status::InvalidArgument("id", "wrong");
  EXPECT_EQ(field.WithFieldPrefix("points[3].").field(), "points[3].id");
  const Status whole = Status::InvalidArgument("", "wrong");
  EXPECT_EQ(whole.WithFieldPrefix("points[3].").field(), "points[3]");
  EXPECT_EQ(Status::NotFound("x").WithFieldPrefix("a.").field(), "");
  EXPECT_EQ(Status::ResourceExhausted("x", 50).WithFieldPrefix("a.").retry_after_ms(), 50u);
}

Result<std::string> Twice(Result<std::string> in) {
  SAGITTA_ASSIGN_OR_RETURN(const std::string text, std::move(in));
  return text + text;
}

TEST(Result, AssignOrReturn) {
  EXPECT_EQ(*Twice(std::string("ab")), "abab");
  EXPECT_EQ(Twice(Status::NotFound("gone")).status().message(), "gone");
}

}  // namespace
}  // namespace sagitta
