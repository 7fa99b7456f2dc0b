#include "filter/sorted_rows.h"

#include <gtest/gtest.h>

#include <random>

namespace sagitta::filter {
namespace {

template <typename T>
std::vector<uint32_t> Find(const SortedRows<T>& pairs, const Interval& interval, size_t rows) {
  RowSink sink(rows);
  pairs.Find(interval, &sink);
  std::vector<uint32_t> out;
  for (uint32_t row = 0; row < sink.bits().size(); ++row) {
    if (sink.bits().Test(row)) out.push_back(row);
  }
  return out;
}

TEST(SortedRows, RangesAsTheTailFillsAndMerges) {
  SortedRows<int64_t> pairs;
  std::vector<int64_t> values;
  std::mt19937 random(3);
  const auto check = [&](const SortedRows<int64_t>& all) {
    Interval interval;
    interval.lower = Number{false, static_cast<int64_t>(random() % 1000) - 500, 0};
    interval.upper = Number{true, 0, static_cast<double>(random() % 2000) / 2 - 500};
    interval.lower_inclusive = random() % 2 == 0;
    interval.upper_inclusive = random() % 2 == 0;
    std::vector<uint32_t> want;
    for (uint32_t row = 0; row < values.size(); ++row) {
      if (interval.Contains(values[row])) want.push_back(row);
    }
    ASSERT_EQ(Find(all, interval, values.size()), want) << values.size();
  };
  for (uint32_t row = 0; row < 20'000; ++row) {
    values.push_back(static_cast<int64_t>(random() % 1000) - 500);
    pairs.Add(values.back(), row);
    if (row % 97 == 0) check(pairs);
  }
  std::string bytes;
  pairs.Serialize(&bytes);
  std::string_view in = bytes;
  SortedRows<int64_t> back;
  ASSERT_TRUE(back.Deserialize(in, values.size()));
  EXPECT_TRUE(in.empty());
  pairs.Freeze();
  for (int i = 0; i < 50; ++i) {
    check(pairs);
    check(back);
  }
  in = bytes;
  EXPECT_FALSE(SortedRows<int64_t>().Deserialize(in, values.size() - 1));
}

TEST(SortedRows, BothZerosAreOneValue) {
  SortedRows<double> pairs;
  pairs.Add(0.0, 0);
  pairs.Add(-0.0, 1);
  pairs.Add(5e-324, 2);
  pairs.Freeze();
  EXPECT_EQ(Find(pairs, Interval::Of(Number{true, 0, -0.0}), 3), (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(Find(pairs, Interval::Of(Number{false, 0, 0}), 3), (std::vector<uint32_t>{0, 1}));
}

}  // namespace
}  // namespace sagitta::filter
