#include "cli/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace sagitta::cli {
namespace {

using std::chrono::nanoseconds;

TEST(LatencyHistogram, EmptyIsZero) {
  const LatencyHistogram empty;
  EXPECT_EQ(empty.Percentile(0.99).count(), 0);
  EXPECT_EQ(empty.Max().count(), 0);
  EXPECT_EQ(empty.Mean().count(), 0);
}

TEST(LatencyHistogram, SmallValuesAreExact) {
  LatencyHistogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.Record(nanoseconds(i));
  EXPECT_EQ(histogram.Percentile(0.5).count(), 50);
  EXPECT_EQ(histogram.Percentile(0.99).count(), 99);
  EXPECT_EQ(histogram.Percentile(1).count(), 100);
  EXPECT_EQ(histogram.Percentile(0).count(), 1);
}

// Against sorting the samples.
TEST(LatencyHistogram, WithinOnePercentOfTheTruth) {
  std::mt19937_64 random(3);
  std::lognormal_distribution<double> durations(std::log(2e6), 1.5);
  LatencyHistogram histogram;
  std::vector<int64_t> all;
  for (int i = 0; i < 50'000; ++i) {
    all.push_back(static_cast<int64_t>(durations(random)));
    histogram.Record(nanoseconds(all.back()));
  }
  std::sort(all.begin(), all.end());
  for (const double p : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const auto truth = static_cast<double>(
        all[static_cast<size_t>(std::ceil(p * static_cast<double>(all.size()))) - 1]);
    const auto got = static_cast<double>(histogram.Percentile(p).count());
    EXPECT_GE(got, truth) << p;
    EXPECT_LE(got, truth * 1.0079) << p;
  }
  EXPECT_EQ(histogram.Max().count(), all.back());
  EXPECT_EQ(histogram.count(), all.size());
}

TEST(LatencyHistogram, ExtremesAndMerge) {
  LatencyHistogram a, b;
  a.Record(nanoseconds(INT64_MAX));
  a.Record(nanoseconds(-5));  // a clock that went back
  b.Record(nanoseconds(10));
  a.Merge(b);
  EXPECT_EQ(a.count(), 3u);
  EXPECT_EQ(a.Max().count(), INT64_MAX);
  EXPECT_EQ(a.Percentile(0.5).count(), 10);
  EXPECT_EQ(a.Percentile(0.01).count(), 0);
}

}  // namespace
}  // namespace sagitta::cli
