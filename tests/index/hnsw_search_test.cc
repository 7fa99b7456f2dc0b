#include "index/hnsw_search.h"

#include <gtest/gtest.h>

#include "index/hnsw_traverse.h"
#include "index_testing.h"

namespace sagitta::index {
namespace {

constexpr size_t kRows = 12'000;

IndexParams Hnsw() {
  IndexParams params;
  params.kind = IndexKind::kHnsw;
  params.hnsw.ef_construction = 100;
  return params;
}

class HnswRecallTest : public ::testing::TestWithParam<std::pair<Metric, Dtype>> {};

TEST_P(HnswRecallTest, HoldsAtEverySelectivity) {
  const auto [metric, dtype] = GetParam();
  TestRows data(kRows, 24, metric, dtype);
  const auto built = Build(data.rows(), Hnsw());
  ASSERT_NE(built, nullptr);
  ASSERT_EQ(built->index->kind(), IndexKind::kHnsw);
  IndexQuery query;
  uint64_t distances = 0;
  EXPECT_GE(MeanRecall(*built->index, &data, query, 40, &distances), 0.98);
  EXPECT_LT(distances, 40 * kRows / 4) << "this was no walk over the graph";
  for (const double share : {0.5, 0.1, 0.01, 0.001}) {
    const RandomFilter filter(kRows, share);
    query.filter = filter.filter();
    EXPECT_GE(MeanRecall(*built->index, &data, query, 20), 0.97) << "selectivity " << share;
  }
}

INSTANTIATE_TEST_SUITE_P(All, HnswRecallTest,
                         ::testing::Values(std::pair{Metric::kL2, Dtype::kF32},
                                           std::pair{Metric::kInnerProduct, Dtype::kF32},
                                           std::pair{Metric::kCosine, Dtype::kF32},
                                           std::pair{Metric::kL1, Dtype::kF32},
                                           std::pair{Metric::kL2, Dtype::kF16},
                                           std::pair{Metric::kCosine, Dtype::kBf16},
                                           std::pair{Metric::kL2, Dtype::kU8},
                                           std::pair{Metric::kInnerProduct, Dtype::kI8}));

class HnswTest : public ::testing::Test {
 protected:
  HnswTest() : data_(kRows, 16, Metric::kL2), built_(Build(data_.rows(), Hnsw())) {}

  TestRows data_;
  std::unique_ptr<BuiltIndex> built_;
};

TEST_F(HnswTest, FilteredWalkFindsTheNearestThatPass) {
  auto links = HnswLinks::Open("f.", kRows, *built_->file);
  ASSERT_TRUE(links.ok());
  for (const double share : {0.3, 0.1, 0.03}) {
    const RandomFilter filter(kRows, share);
    double recall = 0;
    for (int q = 0; q < 20; ++q) {
      const std::vector<float> vector = data_.Draw();
      IndexQuery query;
      query.vector = vector.data();
      query.filter = filter.filter();
      uint64_t distances = 0;
      bool exhausted = false;
      std::vector<Candidate> found;
      const HnswTraversal traversal{data_.rows(), *links, query, &distances};
      ASSERT_TRUE(TraverseFiltered(traversal, 64, 32, kRows, &found, &exhausted).ok());
      ASSERT_FALSE(exhausted);
      ASSERT_EQ(found.size(), 32u);
      std::sort(found.begin(), found.end());
      found.resize(10);
      recall += RecallByKey(found, TrueKeys(data_, vector, 10, query.filter)) / 20;
    }
    EXPECT_GE(recall, 0.97) << "selectivity " << share;
  }
}

TEST_F(HnswTest, FilteredWalkKeepsItsBudget) {
  auto links = HnswLinks::Open("f.", kRows, *built_->file);
  ASSERT_TRUE(links.ok());
  const RandomFilter filter(kRows, 0.001);
  const std::vector<float> vector = data_.Draw();
  IndexQuery query;
  query.vector = vector.data();
  query.filter = filter.filter();
  uint64_t distances = 0;
  bool exhausted = false;
  std::vector<Candidate> found;
  const HnswTraversal traversal{data_.rows(), *links, query, &distances};
  ASSERT_TRUE(TraverseFiltered(traversal, 64, 32, 500, &found, &exhausted).ok());
  EXPECT_TRUE(exhausted);
  EXPECT_LE(distances, 500u + 32 + links->header().degree0);
}

// All rows that pass are as far from the query as can be: the walk meets none of them on its way.
TEST_F(HnswTest, FilterOppositeToTheQueryStillGivesTheBest) {
  const std::vector<float> vector = data_.Draw();
  std::vector<std::pair<double, uint32_t>> by_key;
  for (uint32_t i = 0; i < kRows; ++i) by_key.push_back({TrueKey(data_, vector, i), i});
  std::sort(by_key.begin(), by_key.end());
  base::Bitset allowed(kRows);
  for (size_t i = kRows * 6 / 10; i < kRows; ++i) allowed.Set(by_key[i].second);
  IndexQuery query;
  query.filter = {allowed.words(), nullptr, allowed.Count()};
  uint64_t distances = 0;
  const auto found = SearchChecked(*built_->index, data_, vector, query, &distances);
  EXPECT_GE(RecallByKey(found, TrueKeys(data_, vector, query.k, query.filter)), 0.9);
  EXPECT_LE(distances, 2 * allowed.Count() + 2 * kRows / 10);
}

TEST_F(HnswTest, KeyLimitExactAndLargeKAreHonoured) {
  const std::vector<float> vector = data_.Draw();
  IndexQuery query;
  query.k = 20;
  query.params.exact = true;
  const auto exact = SearchChecked(*built_->index, data_, vector, query);
  EXPECT_EQ(RecallByKey(exact, TrueKeys(data_, vector, 20)), 1.0);
  query.params.exact = false;
  query.key_limit = exact[4].key;
  EXPECT_LE(SearchChecked(*built_->index, data_, vector, query).size(), 5u);
  query.key_limit = std::numeric_limits<float>::infinity();
  for (const uint32_t k : {0u, 1u, 200u, 11'999u, 12'000u, 20'000u}) {
    query.k = k;
    EXPECT_EQ(SearchChecked(*built_->index, data_, vector, query).size(),
              std::min<size_t>(k, kRows));
  }
}

TEST_F(HnswTest, StopsWhenCancelled) {
  const std::vector<float> vector = data_.Draw();
  CancelToken cancel = CancelToken::Manual();
  cancel.Cancel();
  IndexQuery query;
  query.vector = vector.data();
  query.cancel = &cancel;
  std::vector<Candidate> found;
  uint64_t distances = 0;
  EXPECT_EQ(built_->index->Search(query, &found, &distances).code(), StatusCode::kCancelled);
  EXPECT_LT(distances, 600u);
}

TEST_F(HnswTest, HoldsNothingOnTheHeap) {
  EXPECT_LT(built_->index->MemoryBytes(), 1024u);
  EXPECT_GE(built_->index->MappedBytes(), kRows * 32 * 4);
  EXPECT_LE(built_->index->MappedBytes(), kRows * 32 * 4 * 11 / 10);
}

}  // namespace
}  // namespace sagitta::index
