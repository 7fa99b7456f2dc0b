#include "engine/search_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace sagitta::engine {
namespace {

constexpr Metric kMetrics[] = {Metric::kL2, Metric::kInnerProduct, Metric::kCosine, Metric::kL1};

TEST(SearchPlan, OrdersAreEqualWhereScoresAre) {
  for (const Metric metric : kMetrics) {
    for (const float key : {0.0f, 1.0f, 1.0f + 1.2e-7f, 2.5f, 1e20f}) {
      const float order = OrderOf(metric, key);
      EXPECT_EQ(OrderToScore(metric, order), KeyToScore(metric, key));
      EXPECT_FALSE(std::signbit(OrderToScore(metric, OrderOf(metric, 0.0f)))) << "never -0";
    }
  }
  EXPECT_EQ(OrderOf(Metric::kL2, 1.0f), OrderOf(Metric::kL2, std::nextafter(1.0f, 2.0f)));
}

// A limit that rounding makes too small would lose a hit that lies exactly on the threshold.
TEST(SearchPlan, NoKeyAboveTheLimitIsWithinTheThreshold) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> exponent(-45, 37);
  for (int i = 0; i < 200'000; ++i) {
    const float key = std::pow(10.0f, exponent(random));
    for (const Metric metric : kMetrics) {
      const float limit = KeyLimitOf(metric, OrderOf(metric, key));
      ASSERT_LE(key, limit);
      const float above = std::nextafter(limit, std::numeric_limits<float>::infinity());
      if (std::isfinite(above)) {
        ASSERT_GT(OrderOf(metric, above), OrderOf(metric, key)) << key;
      }
    }
  }
  for (const Metric metric : kMetrics) {
    const float infinity = std::numeric_limits<float>::infinity();
    EXPECT_EQ(KeyLimitOf(metric, infinity), infinity);
  }
  EXPECT_LT(KeyLimitOf(Metric::kL2, -1.0f), 0) << "no L2 distance is negative";
}

}  // namespace
}  // namespace sagitta::engine
