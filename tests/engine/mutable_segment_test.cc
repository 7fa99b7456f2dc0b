#include "engine/mutable_segment.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace sagitta::engine {
namespace {

using ::testing::ElementsAre;

// Wide enough that a chunk has few rows, so that a test has many chunks.
constexpr uint32_t kDim = 1024;
constexpr uint32_t kRows = 2000;

FieldLayout Layout() { return {.dim = kDim, .metric = Metric::kL2}; }

class MutableSegmentTest : public ::testing::Test {
 protected:
  // A row whose distance to the zero vector is its value.
  void Append(float value, int64_t expires_at_ms = 0) {
    std::vector<float> vector(kDim, 0);
    vector[rows_ % kDim] = value;
    const store::StoredVector stored[] = {{0, VectorValue(std::span<const float>(vector))}};
    ++rows_;
    segment_.Append(rows_, rows_, expires_at_ms, "key" + std::to_string(rows_), stored);
    segment_.Publish();
    values_.push_back(value);
  }
  std::vector<index::Candidate> Search(uint32_t k, const base::Bitset* allowed = nullptr,
                                       float key_limit = INFINITY) {
    const std::vector<float> zero(kDim, 0);
    index::IndexQuery query;
    query.vector = zero.data();
    query.k = k;
    query.key_limit = key_limit;
    if (allowed != nullptr) query.filter = {allowed->words(), nullptr, allowed->Count()};
    std::vector<index::Candidate> found;
    uint64_t distances = 0;
    EXPECT_TRUE(segment_.Search(0, segment_.rows(), query, &found, &distances).ok());
    EXPECT_EQ(distances, k == 0 ? 0 : allowed == nullptr ? rows_ : allowed->Count());
    return found;
  }
  // By key, then by row.
  std::vector<index::Candidate> Expected(uint32_t k, const base::Bitset* allowed = nullptr,
                                         float key_limit = INFINITY) const {
    std::vector<index::Candidate> all;
    for (uint32_t row = 0; row < values_.size(); ++row) {
      const float key = values_[row] * values_[row];
      if ((allowed == nullptr || allowed->Test(row)) && key <= key_limit) all.push_back({key, row});
    }
    std::sort(all.begin(), all.end());
    if (all.size() > k) all.resize(k);
    return all;
  }
  static void ExpectSame(const std::vector<index::Candidate>& found,
                         const std::vector<index::Candidate>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].key, expected[i].key) << i;
      EXPECT_EQ(found[i].position, expected[i].position) << i;
    }
  }

  base::MemoryBudget budget_{uint64_t{1} << 30};
  MutableSegment segment_{"mutable-0", {Layout()}, kRows, &budget_};
  uint64_t rows_ = 0;
  std::vector<float> values_;
};

// Many rows are equally far, in the same chunk and in others.
TEST_F(MutableSegmentTest, TheBestOfAllChunksInOrderOfRow) {
  std::mt19937 random(3);
  for (uint32_t i = 0; i < kRows; ++i) Append(static_cast<float>(1 + random() % 40));
  base::Bitset some(kRows);
  for (uint32_t row = 0; row < kRows; ++row) {
    if (random() % 3 == 0) some.Set(row);
  }
  for (const uint32_t k : {1u, 2u, 10u, 49u, 50u, 51u, 700u, kRows, 2 * kRows}) {
    SCOPED_TRACE(k);
    ExpectSame(Search(k), Expected(k));
    ExpectSame(Search(k, &some), Expected(k, &some));
    ExpectSame(Search(k, &some, 100), Expected(k, &some, 100));
  }
  EXPECT_TRUE(Search(0).empty());
}

// The nearest come last, and then first: what bounds later chunks must not hide them.
TEST_F(MutableSegmentTest, WhateverTheOrderOfRows) {
  for (uint32_t i = 0; i < kRows; ++i) Append(static_cast<float>(kRows - i));
  ExpectSame(Search(10), Expected(10));
}

TEST_F(MutableSegmentTest, MasksTheRowsThatHaveExpired) {
  EXPECT_FALSE(segment_.may_expire());
  for (int64_t i = 0; i < 100; ++i) Append(1, i % 3 == 0 ? 1000 - 10 * i : 0);
  EXPECT_TRUE(segment_.may_expire());
  EXPECT_EQ(segment_.first_expiry_ms(), 10);
  base::Bitset live(100, true);
  EXPECT_FALSE(segment_.MaskExpired(9, 100, &live));
  EXPECT_EQ(live.Count(), 100u);
  EXPECT_TRUE(segment_.MaskExpired(40, 100, &live));
  EXPECT_EQ(live.Count(), 98u);
  EXPECT_FALSE(live.Test(99));
  EXPECT_FALSE(live.Test(96));
  // A view of fewer rows.
  base::Bitset early(50, true);
  EXPECT_FALSE(segment_.MaskExpired(40, 50, &early));
  EXPECT_TRUE(segment_.MaskExpired(1000, 50, &early));
  EXPECT_EQ(early.Count(), 33u);
}

TEST_F(MutableSegmentTest, ItsMemoryGoesWithIt) {
  {
    MutableSegment segment("mutable-1", {Layout()}, kRows, &budget_);
    const std::vector<float> vector(kDim, 1);
    const store::StoredVector stored[] = {{0, VectorValue(std::span<const float>(vector))}};
    for (uint64_t id = 1; id <= 1000; ++id) segment.Append(id, id, 0, "k", stored);
    EXPECT_GE(budget_.used(), 1000u * kDim * sizeof(float));
    EXPECT_EQ(segment.Stats().state, "mutable");
    EXPECT_THAT(segment.Stats().indexes, ElementsAre("FLAT"));
  }
  EXPECT_EQ(budget_.used(), 0u);
}

}  // namespace
}  // namespace sagitta::engine
