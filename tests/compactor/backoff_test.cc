#include "compactor/backoff.h"

#include <gtest/gtest.h>

namespace sagitta::compactor {
namespace {

using std::chrono::seconds;

TEST(Backoff, DoublesUpToAMinute) {
  Backoff backoff;
  const Backoff::TimePoint start{seconds(1000)};
  EXPECT_TRUE(backoff.Ready(start));
  const int expected[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
  uint32_t failures = 0;
  for (const int wait : expected) {
    backoff.Fail(Status::Internal("no " + std::to_string(failures)), start);
    EXPECT_EQ(backoff.failures(), ++failures);
    EXPECT_FALSE(backoff.Ready(start + seconds(wait) - std::chrono::milliseconds(1)));
    EXPECT_TRUE(backoff.Ready(start + seconds(wait)));
  }
  EXPECT_EQ(backoff.last().message(), "no 8");
  for (int i = 0; i < 100; ++i) backoff.Fail(Status::Internal("no"), start);
  EXPECT_TRUE(backoff.Ready(start + seconds(60)));
}

TEST(Backoff, ASuccessForgets) {
  Backoff backoff;
  const Backoff::TimePoint start{seconds(1000)};
  backoff.Fail(Status::Internal("no"), start);
  backoff.Succeed();
  EXPECT_TRUE(backoff.Ready(start));
  EXPECT_EQ(backoff.failures(), 0u);
  backoff.Postpone(start + seconds(5));
  EXPECT_FALSE(backoff.Ready(start + seconds(4)));
  EXPECT_EQ(backoff.failures(), 0u);
}

}  // namespace
}  // namespace sagitta::compactor
