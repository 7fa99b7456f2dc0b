#include "filter/number.h"

#include <gtest/gtest.h>

#include <limits>

namespace sagitta::filter {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kTwoTo53 = int64_t{1} << 53;

TEST(Number, ComparesInt64WithDoubleExactly) {
  struct Case {
    int64_t a;
    double b;
    int order;
  };
  const Case kCases[] = {
      {0, 0.0, 0},
      {0, -0.0, 0},
      {1, 1.0, 0},
      {1, 1.5, -1},
      {2, 1.5, 1},
      {-1, -1.5, 1},
      {-2, -1.5, -1},
      {0, 5e-324, -1},
      {0, -5e-324, 1},
      {kTwoTo53, 9007199254740992.0, 0},
      {kTwoTo53 + 1, 9007199254740992.0, 1},  // equal after a cast to double
      {kTwoTo53 + 1, 9007199254740994.0, -1},
      {-kTwoTo53 - 1, -9007199254740992.0, -1},
      {kMax, 9223372036854775808.0, -1},  // equal after a cast to double
      {kMax, 9223372036854774784.0, 1},
      {kMin, -9223372036854775808.0, 0},
      {kMin, -9223372036854777856.0, 1},
      {kMin + 1, -9223372036854775808.0, 1},
      {kMax, 1e300, -1},
      {kMin, -1e300, 1},
      {kMax, std::numeric_limits<double>::infinity(), -1},
      {kMin, -std::numeric_limits<double>::infinity(), 1},
  };
  for (const Case& c : kCases) {
    EXPECT_EQ(CompareNumbers(c.a, c.b), c.order) << c.a << " and " << c.b;
    EXPECT_EQ(CompareNumbers(c.b, c.a), -c.order) << c.b << " and " << c.a;
  }
}

TEST(Number, ExactDoubles) {
  EXPECT_TRUE(IsExactDouble(kTwoTo53));
  EXPECT_FALSE(IsExactDouble(kTwoTo53 + 1));
  EXPECT_TRUE(IsExactDouble(int64_t{1} << 60));
  EXPECT_TRUE(IsExactDouble(kMin));
  EXPECT_FALSE(IsExactDouble(kMax));
}

TEST(Number, IntervalBounds) {
  const Filter filter = Filter::Range("p", Filter::Bound{1, false}, Filter::Bound{2.5, true});
  const Interval interval = Interval::Of(filter);
  EXPECT_FALSE(interval.Contains(int64_t{1}));
  EXPECT_TRUE(interval.Contains(1.0000001));
  EXPECT_TRUE(interval.Contains(int64_t{2}));
  EXPECT_TRUE(interval.Contains(2.5));
  EXPECT_FALSE(interval.Contains(int64_t{3}));
  EXPECT_TRUE(Interval().Contains(kMin));
}

}  // namespace
}  // namespace sagitta::filter
