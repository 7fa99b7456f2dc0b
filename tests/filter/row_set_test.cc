#include "filter/row_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <roaring/roaring.hh>

#include "filter/roaring_check.h"

namespace sagitta::filter {
namespace {

// Rows in each form that a set can take: few, sparse (arrays), dense (bitmaps), runs, and all
// together.
std::vector<std::vector<uint32_t>> Shapes() {
  std::vector<std::vector<uint32_t>> shapes = {{}, {0}, {4'000'000'000}, {1, 2, 3, 70'000}};
  std::vector<uint32_t> sparse, dense, runs;
  std::mt19937 random(5);
  for (uint32_t row = 0; row < 400'000; ++row) {
    if (random() % 200 == 0) sparse.push_back(row);
    if (random() % 2 == 0) dense.push_back(row);
    if (row % 10'000 < 6000) runs.push_back(row);
  }
  std::vector<uint32_t> mixed(runs.begin(), runs.begin() + 50'000);
  for (const uint32_t row : dense) mixed.push_back(row + 400'000);
  for (const uint32_t row : sparse) mixed.push_back(row + 900'000);
  shapes.insert(shapes.end(), {sparse, dense, runs, mixed});
  for (uint32_t n : {31, 32, 33, 34}) {
    shapes.emplace_back();
    for (uint32_t i = 0; i < n; ++i) shapes.back().push_back(i * 3000);
  }
  return shapes;
}

void ExpectRows(const RowSet& set, const std::vector<uint32_t>& rows) {
  ASSERT_EQ(set.size(), rows.size());
  for (size_t limit : {size_t{0}, size_t{1}, size_t{64}, size_t{65'535}, size_t{65'536},
                       size_t{70'001}, size_t{1'400'000}}) {
    base::Bitset bits(limit);
    set.OrInto(&bits);
    size_t want = 0;
    for (const uint32_t row : rows) {
      if (row >= limit) continue;
      ++want;
      ASSERT_TRUE(bits.Test(row)) << row;
    }
    ASSERT_EQ(bits.Count(), want) << limit;
  }
}

TEST(RowSet, KeepsRowsThroughCompressionAndBytes) {
  for (const std::vector<uint32_t>& rows : Shapes()) {
    RowSet set;
    for (const uint32_t row : rows) {
      set.Add(row);
      set.Add(row);
    }
    ExpectRows(set, rows);
    std::string bytes = "x";
    set.Serialize(&bytes);
    set.Compress();
    ExpectRows(set, rows);
    std::string after;
    set.Serialize(&after);
    EXPECT_EQ("x" + after, bytes);
    const std::string tail = bytes.substr(1) + "tail";
    std::string_view in = tail;
    RowSet back;
    ASSERT_TRUE(RowSet::Deserialize(in, 4'000'000'001, &back));
    EXPECT_EQ(in, "tail");
    ExpectRows(back, rows);
    if (!rows.empty()) {
      in = tail;
      EXPECT_FALSE(RowSet::Deserialize(in, rows.back(), &back)) << "a row at the limit";
      back = RowSet();
      in = tail;
      ASSERT_TRUE(RowSet::Deserialize(in, 4'000'000'001, &back));
      back.Add(rows.back() + 1);
      EXPECT_EQ(back.size(), rows.size() + 1);
    }
  }
}

std::string Portable(const Roaring& bitmap) {
  std::string bytes(bitmap.getSizeInBytes(), '\0');
  bitmap.write(bytes.data());
  return bytes;
}

TEST(RoaringCheck, TakesWhatRoaringWrites) {
  for (const std::vector<uint32_t>& rows : Shapes()) {
    Roaring bitmap(rows.size(), rows.data());
    EXPECT_TRUE(IsValidPortableRoaring(Portable(bitmap), uint64_t{1} << 32));
    bitmap.runOptimize();
    const std::string bytes = Portable(bitmap);
    EXPECT_TRUE(IsValidPortableRoaring(bytes, uint64_t{1} << 32));
    EXPECT_FALSE(IsValidPortableRoaring(bytes + "x", uint64_t{1} << 32));
    EXPECT_FALSE(IsValidPortableRoaring(bytes.substr(0, bytes.size() - 1), uint64_t{1} << 32));
  }
}

// Whatever the check lets through, Roaring reads as exactly the rows that it claims, below the
// limit.
TEST(RoaringCheck, WhatPassesIsSound) {
  std::mt19937 random(9);
  size_t passed = 0, refused = 0;
  for (const std::vector<uint32_t>& rows : Shapes()) {
    Roaring bitmap(rows.size(), rows.data());
    if (random() % 2 == 0) bitmap.runOptimize();
    const std::string good = Portable(bitmap);
    for (int i = 0; i < 400; ++i) {
      std::string bytes = good;
      // Headers are where most can go wrong.
      const size_t reach = random() % 2 == 0 ? std::min<size_t>(64, bytes.size()) : bytes.size();
      bytes[random() % reach] = static_cast<char>(random());
      if (!IsValidPortableRoaring(bytes, 2'000'000)) {
        ++refused;
        continue;
      }
      ++passed;
      Roaring read(roaring_bitmap_portable_deserialize_safe(bytes.data(), bytes.size()));
      std::vector<uint32_t> values(read.cardinality());
      read.toUint32Array(values.data());
      ASSERT_EQ(std::adjacent_find(values.begin(), values.end(), std::greater_equal<>()),
                values.end());
      ASSERT_TRUE(values.empty() || values.back() < 2'000'000);
    }
  }
  EXPECT_GT(refused, 1000u);
  EXPECT_GT(passed, 100u);
}

TEST(RowSet, CommonRowsOfFewAndMany) {
  const auto every = [](uint32_t step, uint32_t count) {
    RowSet set;
    for (uint32_t i = 0; i < count; ++i) set.Add(i * step);
    return set;
  };
  const RowSet few = every(6, 20), other_few = every(4, 10), many = every(3, 1000),
               other_many = every(7, 1000);
  EXPECT_EQ(few.CommonRows(other_few), 4u);  // 0, 12, 24, 36
  EXPECT_EQ(few.CommonRows(many), 20u);
  EXPECT_EQ(many.CommonRows(few), 20u);
  EXPECT_EQ(many.CommonRows(other_many), 143u);  // multiples of 21 up to 2,997
  EXPECT_EQ(many.CommonRows(RowSet()), 0u);
}

}  // namespace
}  // namespace sagitta::filter
