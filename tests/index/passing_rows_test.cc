#include "index/passing_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace sagitta::index {
namespace {

// Both ways to see what passes, against asking for every position, under filters with and without
// a bitmap, with and without an order of their own, and cut off.
TEST(PassingRows, ListedAndOneByOneAreThoseThatPass) {
  std::mt19937_64 random(4);
  PassingList list;  // its memory serves all
  for (const size_t n : {1u, 63u, 64u, 65u, 700u, 5000u}) {
    std::vector<uint64_t> words((n + 63) / 64);
    std::vector<uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), random);
    for (int round = 0; round < 40; ++round) {
      for (uint64_t& word : words) word = random() & (round % 2 == 0 ? random() & random() : ~0ull);
      if (n % 64 != 0) words.back() &= (uint64_t{1} << n % 64) - 1;
      RowFilter filter;
      if (round % 5 != 0) filter.allowed = words.data();
      if (round % 5 >= 3) filter.row_of = order.data();
      filter.rows = round % 7 == 0 ? n - n / 3 : n;
      const size_t end = random() % (n + 1), begin = random() % (end + 1);
      std::vector<uint32_t> want;
      for (size_t i = begin; i < end; ++i) {
        if (filter.Passes(static_cast<uint32_t>(i))) want.push_back(static_cast<uint32_t>(i));
      }
      list.Start(filter, begin, end);
      const auto last = list.ids.begin() + static_cast<ptrdiff_t>(list.count);
      EXPECT_EQ(std::vector<uint32_t>(list.ids.begin(), last), want) << n << " rows, " << round;
      PassingRows rows(filter, end);
      rows.Seek(static_cast<uint32_t>(begin));
      std::vector<uint32_t> seen;
      for (uint32_t position; rows.Next(&position);) {
        if (position < filter.rows) seen.push_back(position);
      }
      EXPECT_EQ(seen, want) << n << " rows, " << round;
    }
  }
}

TEST(PassingRows, ASampleIsEveryStepthRunOfThoseThatPass) {
  std::mt19937_64 random(8);
  PassingList list;
  for (const size_t n : {1u, 64u, 65u, 700u, 5000u}) {
    std::vector<uint64_t> words((n + 63) / 64);
    std::vector<uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0u);
    std::shuffle(order.begin(), order.end(), random);
    for (int round = 0; round < 40; ++round) {
      for (uint64_t& word : words) word = random() & random();
      if (n % 64 != 0) words.back() &= (uint64_t{1} << n % 64) - 1;
      RowFilter filter{words.data(), round % 2 == 0 ? nullptr : order.data(), 0};
      filter.rows = round % 3 == 0 ? n - n / 3 : n;
      const size_t end = random() % (n + 1), step = 1 + random() % 6;
      std::vector<uint32_t> want;
      for (uint32_t i = 0; i < std::min(end, filter.rows); ++i) {
        if (i / 64 % step == 0 && filter.Passes(i)) want.push_back(i);
      }
      list.StartSample(filter, end, step);
      const auto last = list.ids.begin() + static_cast<ptrdiff_t>(list.count);
      EXPECT_EQ(std::vector<uint32_t>(list.ids.begin(), last), want) << n << " rows, " << round;
      EXPECT_GE(list.keys.size(), list.count);
    }
  }
}

}  // namespace
}  // namespace sagitta::index
