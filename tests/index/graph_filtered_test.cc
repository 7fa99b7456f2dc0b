#include "index/graph_filtered.h"

#include <gtest/gtest.h>

#include <functional>

#include "index/graph_sections.h"
#include "index_testing.h"

namespace sagitta::index {
namespace {

std::vector<uint32_t> AllOf(PassingRows rows) {
  std::vector<uint32_t> found;
  for (uint32_t position; rows.Next(&position);) found.push_back(position);
  return found;
}

std::vector<uint32_t> ByTest(const RowFilter& filter, size_t n) {
  std::vector<uint32_t> found;
  for (uint32_t i = 0; i < n; ++i) {
    if (filter.Passes(i)) found.push_back(i);
  }
  return found;
}

TEST(PassingRows, GivesThoseThatPassInOrder) {
  for (const size_t n : {1u, 63u, 64u, 65u, 1000u}) {
    const std::vector<uint32_t> row_of = SparseRows(n);
    for (const double share : {0.0, 0.01, 0.5, 1.0}) {
      const RandomFilter by_row(n, share), sparse(3 * n + 1, share);
      RowFilter filter = by_row.filter();
      EXPECT_EQ(AllOf(PassingRows(filter, n)), ByTest(filter, n));
      const RowFilter mapped{sparse.filter().allowed, row_of.data(), 0};
      EXPECT_EQ(AllOf(PassingRows(mapped, n)), ByTest(mapped, n));
      const RowFilter none;
      EXPECT_EQ(AllOf(PassingRows(none, n)).size(), n);
    }
  }
}

TEST(PassingRows, SeeksToAnyPlace) {
  const RandomFilter random(500, 0.1);
  const RowFilter filter = random.filter();
  const std::vector<uint32_t> all = ByTest(filter, 500);
  PassingRows rows(filter, 500);
  for (uint32_t from = 0; from < 500; from += 7) {
    rows.Seek(from);
    const auto want = std::lower_bound(all.begin(), all.end(), from);
    uint32_t position = 0;
    ASSERT_EQ(rows.Next(&position), want != all.end());
    EXPECT_TRUE(want == all.end() || position == *want);
  }
}

// Bits of rows past the last position are set: they are no positions.
TEST(PassingRows, EndsAtTheLastPosition) {
  base::Bitset bits(128);
  for (size_t i = 60; i < 128; ++i) bits.Set(i);
  const RowFilter filter{bits.words(), nullptr, bits.Count()};
  EXPECT_EQ(AllOf(PassingRows(filter, 62)), (std::vector<uint32_t>{60, 61}));
}

TEST(AddPassingSeeds, AreSpreadAndPass) {
  const RandomFilter random(10'000, 0.05);
  const RowFilter filter = random.filter();
  std::vector<uint32_t> seeds;
  AddPassingSeeds(filter, 10'000, &seeds);
  EXPECT_GE(seeds.size(), 24u);
  for (const uint32_t seed : seeds) EXPECT_TRUE(filter.Passes(seed));
  EXPECT_TRUE(std::is_sorted(seeds.begin(), seeds.end()));
  EXPECT_GT(seeds.back(), 9000u);
  base::Bitset one(10'000);
  one.Set(17);
  seeds.clear();
  AddPassingSeeds({one.words(), nullptr, 1}, 10'000, &seeds);
  EXPECT_EQ(seeds, std::vector<uint32_t>{17});
}

class TwoHopTest : public ::testing::Test {
 protected:
  static constexpr size_t kRows = 12'000;

  TwoHopTest() : data_(kRows, 12, Metric::kL2) {
    IndexParams params;
    params.kind = IndexKind::kGraph;
    built_ = Build(data_.rows(), params);
    graph_ = *GraphSections::Open(data_.rows(), "f.", *built_->file);
  }

  // The nearest ten found; empty when the walk was given up.
  std::vector<Candidate> Walk(const std::vector<float>& vector, const RowFilter& filter,
                              uint64_t budget, uint64_t* distances) {
    std::vector<uint32_t> seeds(graph_.seeds().begin(), graph_.seeds().end());
    AddPassingSeeds(filter, kRows, &seeds);
    GraphPlan plan{.strategy = SearchStrategy::kTwoHopWalk, .width = 64, .budget = budget};
    GraphMeter meter;
    GraphScratch scratch;
    const VectorRows& rows = data_.rows();
    const auto gather = kernels::Distances(rows.dtype, rows.metric).query_gather;
    struct Score {
      std::function<void(const uint32_t*, size_t, float*)> keys_of;
      void operator()(const uint32_t* ids, size_t n, float* keys) const { keys_of(ids, n, keys); }
      void Fetch(uint32_t) const {}
    };
    const Score score{[&](const uint32_t* ids, size_t n, float* keys) {
      gather(vector.data(), rows.data, rows.stride(), ids, n, rows.dim, keys);
    }};
    const bool finished =
        RunTwoHopBeam(graph_.links(), kRows, filter, seeds, plan, score, &scratch, &meter);
    *distances = meter.distances;
    std::vector<Candidate> found;
    for (size_t i = 0; finished && i < std::min<size_t>(10, scratch.pool.size()); ++i) {
      EXPECT_TRUE(filter.Passes(scratch.pool[i].position));
      found.push_back({scratch.pool[i].key, scratch.pool[i].position});
    }
    return found;
  }

  TestRows data_;
  std::unique_ptr<BuiltIndex> built_;
  GraphSections graph_;
};

TEST_F(TwoHopTest, FindsTheNearestThatPass) {
  for (const double share : {0.5, 0.2, 0.08, 0.04}) {
    const RandomFilter filter(kRows, share);
    double recall = 0;
    for (int q = 0; q < 30; ++q) {
      const std::vector<float> vector = data_.Draw();
      uint64_t distances = 0;
      const auto found = Walk(vector, filter.filter(), kRows, &distances);
      recall += RecallByKey(found, TrueKeys(data_, vector, 10, filter.filter())) / 30;
    }
    EXPECT_GE(recall, 0.95) << "selectivity " << share;
  }
}

TEST_F(TwoHopTest, KeepsItsBudget) {
  const RandomFilter filter(kRows, 0.2);
  uint64_t distances = 0;
  EXPECT_TRUE(Walk(data_.Draw(), filter.filter(), 200, &distances).empty());
  EXPECT_LE(distances, 200u + 3 * 32 + 64);
}

}  // namespace
}  // namespace sagitta::index
