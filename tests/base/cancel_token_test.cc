#include <gtest/gtest.h>

#include "sagitta/query.h"

namespace sagitta {
namespace {

using std::chrono::steady_clock;

TEST(CancelToken, DefaultNeverCancels) {
  const CancelToken token;
  EXPECT_TRUE(token.Check().ok());
  EXPECT_FALSE(token.can_cancel());
  EXPECT_EQ(token.deadline(), steady_clock::time_point::max());
}

TEST(CancelToken, CopiesShareState) {
  CancelToken token = CancelToken::Manual();
  const CancelToken copy = token;
  EXPECT_TRUE(copy.can_cancel());
  EXPECT_TRUE(copy.Check().ok());
  token.Cancel();
  EXPECT_EQ(copy.Check().code(), StatusCode::kCancelled);
}

TEST(CancelToken, Deadline) {
  const auto past = steady_clock::now() - std::chrono::milliseconds(1);
  EXPECT_EQ(CancelToken::WithDeadline(past).Check().code(), StatusCode::kDeadlineExceeded);
  const auto future = steady_clock::now() + std::chrono::hours(1);
  CancelToken token = CancelToken::WithDeadline(future);
  EXPECT_TRUE(token.Check().ok());
  EXPECT_EQ(token.deadline(), future);
  token.Cancel();
  EXPECT_EQ(token.Check().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace sagitta
