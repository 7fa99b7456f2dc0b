#include "filter/range_steps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace sagitta::filter {
namespace {

std::vector<uint32_t> Shuffled(size_t n, std::mt19937* random) {
  std::vector<uint32_t> rows(n);
  std::iota(rows.begin(), rows.end(), 0u);
  std::shuffle(rows.begin(), rows.end(), *random);
  return rows;
}

TEST(RangeSteps, ARangeIsTheBitsOfItsRows) {
  std::mt19937 random(5);
  for (const size_t n : {4096u, 4097u, 5000u, 10'015u}) {
    std::vector<uint32_t> rows = Shuffled(n + n / 2, &random);
    rows.resize(n);  // some rows are in no place of the list
    const RangeSteps steps{rows};
    ASSERT_TRUE(steps.Serves(n));
    for (int round = 0; round < 300; ++round) {
      size_t begin = random() % (n + 1), end = random() % (n + 1);
      if (begin > end) std::swap(begin, end);
      if (round == 0) begin = 0, end = n;
      if (!steps.Serves(end - begin)) continue;
      // A reader of an older view knows fewer rows, and there may be more than the list has.
      const size_t size = round % 3 == 0 ? n / 2 : round % 3 == 1 ? n + n / 2 : 2 * n + 7;
      base::Bitset want(size);
      for (size_t i = begin; i < end; ++i) {
        if (rows[i] < size) want.Set(rows[i]);
      }
      const base::Bitset marked = steps.Mark(rows, begin, end, size);
      ASSERT_EQ(marked.size(), size);
      ASSERT_TRUE(std::equal(want.words(), want.words() + want.word_count(), marked.words()))
          << n << " rows, [" << begin << ", " << end << ") of " << size;
    }
  }
}

TEST(RangeSteps, OnlyForLongListsWithoutRepeats) {
  std::mt19937 random(6);
  EXPECT_FALSE(RangeSteps().Serves(1'000'000));
  EXPECT_FALSE(RangeSteps{std::vector<uint32_t>{}}.Serves(1'000'000));
  EXPECT_FALSE(RangeSteps{Shuffled(4095, &random)}.Serves(4095));
  std::vector<uint32_t> repeats = Shuffled(8192, &random);
  repeats[17] = repeats[7000];
  EXPECT_FALSE(RangeSteps{repeats}.Serves(8192));
  std::vector<uint32_t> few = Shuffled(100'000, &random);
  few.resize(8192);
  EXPECT_FALSE(RangeSteps{few}.Serves(8192)) << "bitmaps would be larger than the list";
  const RangeSteps steps{Shuffled(8192, &random)};
  EXPECT_FALSE(steps.Serves(100));
  EXPECT_TRUE(steps.Serves(2000));
  EXPECT_GE(steps.MemoryBytes(), 16 * 8192 / 8u);
}

}  // namespace
}  // namespace sagitta::filter
