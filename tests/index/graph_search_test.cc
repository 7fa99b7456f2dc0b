#include "index/graph_search.h"

#include <gtest/gtest.h>

#include <functional>

#include "index_testing.h"

namespace sagitta::index {
namespace {

constexpr size_t kRows = 12'000;

IndexParams Graph(uint32_t code_bits = 4) {
  IndexParams params;
  params.kind = IndexKind::kGraph;
  params.graph.code_bits = code_bits;
  return params;
}

struct Case {
  Metric metric;
  Dtype dtype;
  uint32_t code_bits;
};

class GraphRecallTest : public ::testing::TestWithParam<Case> {};

TEST_P(GraphRecallTest, HoldsAtEverySelectivity) {
  const auto [metric, dtype, code_bits] = GetParam();
  TestRows data(kRows, 48, metric, dtype);
  IndexParams params = Graph(code_bits);
  if (code_bits == 1) params.graph.oversampling = 30;
  const auto built = Build(data.rows(), params);
  ASSERT_NE(built, nullptr);
  ASSERT_EQ(built->index->kind(), IndexKind::kGraph);
  IndexQuery query;
  // Narrow enough that scanning all codes is not cheaper; one bit needs a wide rerank.
  query.params.ef = code_bits == 1 ? 360 : 96;
  uint64_t distances = 0;
  EXPECT_GE(MeanRecall(*built->index, &data, query, 40, &distances), 0.95);
  EXPECT_LT(distances, 40 * kRows / (code_bits == 1 ? 0.9 : 3)) << "this was no walk";
  query.params.ef.reset();
  for (const double share : {0.9, 0.5, 0.1, 0.01, 0.001, 0.0001}) {
    const RandomFilter filter(kRows, share);
    query.filter = filter.filter();
    EXPECT_GE(MeanRecall(*built->index, &data, query, 20), 0.95) << "selectivity " << share;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, GraphRecallTest,
    ::testing::Values(Case{Metric::kL2, Dtype::kF32, 4}, Case{Metric::kL2, Dtype::kF32, 8},
                      Case{Metric::kL2, Dtype::kF32, 1},
                      Case{Metric::kInnerProduct, Dtype::kF32, 4},
                      Case{Metric::kInnerProduct, Dtype::kF32, 8},
                      Case{Metric::kCosine, Dtype::kF32, 4}, Case{Metric::kL1, Dtype::kF32, 4},
                      Case{Metric::kL2, Dtype::kF16, 4}, Case{Metric::kCosine, Dtype::kBf16, 4},
                      Case{Metric::kL2, Dtype::kU8, 4}, Case{Metric::kInnerProduct, Dtype::kI8, 4},
                      Case{Metric::kL1, Dtype::kU8, 4}));

class GraphTest : public ::testing::Test {
 protected:
  GraphTest() : data_(kRows, 64, Metric::kL2), built_(Build(data_.rows(), Graph())) {}

  struct Info : SearchTrace {
    uint64_t distances = 0;
  };
  Info Explain(IndexQuery query) {
    std::vector<Candidate> found;
    Info info;
    query.trace = &info;
    EXPECT_TRUE(built_->index->Search(query, &found, &info.distances).ok());
    return info;
  }

  TestRows data_;
  std::unique_ptr<BuiltIndex> built_;
};

TEST_F(GraphTest, FewDimensionsAreSearchedWithoutCodes) {
  for (const uint32_t dim : {1u, 2u, 3u, 7u, 15u}) {
    TestRows data(6000, dim, Metric::kL2);
    const auto built = Build(data.rows(), Graph());
    ASSERT_NE(built, nullptr);
    IndexQuery query;
    query.params.ef = 64;
    EXPECT_GE(MeanRecall(*built->index, &data, query, 20), 0.97) << dim;
  }
}

// Wide rows that vary in few directions: codes of a projection.
TEST_F(GraphTest, ProjectedCodesFindTheNearest) {
  TestRows data(8000, 320, Metric::kInnerProduct);
  for (size_t i = 0; i < 8000; ++i) {
    auto* row = reinterpret_cast<float*>(data.mutable_row(i));
    for (size_t d = 100; d < 320; ++d) row[d] *= 0.05f;
  }
  const auto built = Build(data.rows(), Graph());
  ASSERT_NE(built, nullptr);
  EXPECT_LT(built->index->MappedBytes(), 8000 * (128 + 128 + 64));
  IndexQuery query;
  query.params.ef = 80;
  EXPECT_GE(MeanRecall(*built->index, &data, query, 40), 0.95);
}

// All rows that pass are as far from the query as can be, or as near.
TEST_F(GraphTest, FiltersThatGoWithOrAgainstTheQueryStillGiveTheBest) {
  for (const bool nearest_pass : {false, true}) {
    for (const double share : {0.5, 0.1, 0.02}) {
      double recall = 0;
      for (int q = 0; q < 10; ++q) {
        const std::vector<float> vector = data_.Draw();
        std::vector<std::pair<double, uint32_t>> by_key;
        for (uint32_t i = 0; i < kRows; ++i) by_key.push_back({TrueKey(data_, vector, i), i});
        std::sort(by_key.begin(), by_key.end());
        if (!nearest_pass) std::reverse(by_key.begin(), by_key.end());
        base::Bitset allowed(kRows);
        for (size_t i = 0; i < kRows * share; ++i) allowed.Set(by_key[i].second);
        IndexQuery query;
        query.filter = {allowed.words(), nullptr, allowed.Count()};
        const auto found = SearchChecked(*built_->index, data_, vector, query);
        EXPECT_EQ(found.size(), 10u);
        recall += RecallByKey(found, TrueKeys(data_, vector, 10, query.filter)) / 10;
      }
      EXPECT_GE(recall, 0.95) << "share " << share << (nearest_pass ? " nearest" : " farthest");
    }
  }
}

class FarFilterTest : public ::testing::Test {
 protected:
  static constexpr size_t kMany = 60'000, kQueries = 20;

  FarFilterTest() : data_(kMany, 64, Metric::kL2, Dtype::kF32, 5, 300) {
    built_ = Build(data_.rows(), Graph());
  }

  // Searches among the rows below the median of `value`.
  void Search(const std::vector<float>& vector, const std::function<double(size_t)>& value) {
    std::vector<double> values(kMany);
    for (size_t i = 0; i < kMany; ++i) values[i] = value(i);
    std::vector<double> sorted = values;
    std::nth_element(sorted.begin(), sorted.begin() + kMany / 2, sorted.end());
    base::Bitset allowed(kMany);
    for (size_t i = 0; i < kMany; ++i) {
      if (values[i] < sorted[kMany / 2]) allowed.Set(i);
    }
    IndexQuery query;
    query.filter = {allowed.words(), nullptr, allowed.Count()};
    SearchTrace trace;
    query.trace = &trace;
    const auto found = SearchChecked(*built_->index, data_, vector, query, &distances_);
    walks_ += trace.strategy == SearchStrategy::kTwoHopWalk;
    recall_ += RecallByKey(found, TrueKeys(data_, vector, 10, query.filter)) / kQueries;
  }

  TestRows data_;
  std::unique_ptr<BuiltIndex> built_;
  double recall_ = 0;
  size_t walks_ = 0;
  uint64_t distances_ = 0;
};

// Whole clusters pass, and the query lies elsewhere: the walk has to start near the right ones.
TEST_F(FarFilterTest, WhatPassesElsewhereIsFoundWithoutAScan) {
  for (size_t q = 0; q < kQueries; ++q) {
    std::vector<float> vector;
    do {
      vector = data_.Draw();
    } while (vector[0] < 1.5f);
    Search(vector, [&](size_t i) { return data_.RowAsDoubles(i)[0]; });
  }
  EXPECT_GE(recall_, 0.95);
  EXPECT_GE(walks_, 15u);
  EXPECT_LT(distances_, kQueries * kMany / 3) << "half of them pass";
}

// All that is farther than half of the rows passes. The nearest of it are single rows of many
// clusters that no link leads between: a walk misses half of them, and has to see that it did.
TEST_F(FarFilterTest, AWalkAmongIslandsIsGivenUp) {
  for (size_t q = 0; q < kQueries; ++q) {
    const std::vector<float> vector = data_.Draw();
    Search(vector, [&](size_t i) { return -TrueKey(data_, vector, i); });
  }
  EXPECT_GE(recall_, 0.95);
}

TEST_F(GraphTest, AsManyAsPassComeBackWhateverTheStrategy) {
  for (const size_t passing : {0u, 1u, 5u, 10u, 11u, 400u}) {
    base::Bitset allowed(kRows);
    for (size_t i = 0; i < passing; ++i) allowed.Set(i * 29 + 7);
    for (const uint32_t k : {1u, 10u, 100u, 1000u}) {
      IndexQuery query;
      query.k = k;
      query.filter = {allowed.words(), nullptr, allowed.Count()};
      EXPECT_EQ(SearchChecked(*built_->index, data_, data_.Draw(), query).size(),
                std::min<size_t>(k, passing));
    }
  }
}

TEST_F(GraphTest, KeyLimitExactAndLargeKAreHonoured) {
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

TEST_F(GraphTest, AWiderSearchFindsMore) {
  double narrow = 0, wide = 0;
  IndexQuery query;
  query.params.ef = 10;
  narrow = MeanRecall(*built_->index, &data_, query, 60);
  query.params.ef = 160;
  query.params.oversampling = 8;
  wide = MeanRecall(*built_->index, &data_, query, 60);
  EXPECT_GT(wide, narrow);
  EXPECT_GE(wide, 0.99);
}

TEST_F(GraphTest, SaysHowItSearched) {
  const std::vector<float> vector = data_.Draw();
  IndexQuery query;
  query.vector = vector.data();
  query.params.ef = 40;
  Info info = Explain(query);
  EXPECT_EQ(info.strategy, SearchStrategy::kWalk);
  EXPECT_GE(info.hops, 40u);
  EXPECT_GT(info.distances, info.hops);
  const RandomFilter few(kRows, 0.0005);
  query.filter = few.filter();
  info = Explain(query);
  EXPECT_EQ(info.strategy, SearchStrategy::kExactScan);
  EXPECT_EQ(info.distances, query.filter.allowed_count);
  const RandomFilter more(kRows, 0.1);
  query.filter = more.filter();
  info = Explain(query);
  EXPECT_EQ(info.strategy, SearchStrategy::kCodeScan);
  EXPECT_LE(info.hops, kLookHops * kMostLooks) << "it may have looked around";
}

TEST_F(GraphTest, StopsWhenCancelled) {
  const std::vector<float> vector = data_.Draw();
  CancelToken cancel = CancelToken::Manual();
  cancel.Cancel();
  const RandomFilter half(kRows, 0.5), some(kRows, 0.05);
  for (const RowFilter& filter : {RowFilter{}, half.filter(), some.filter()}) {
    IndexQuery query;
    query.vector = vector.data();
    query.cancel = &cancel;
    query.filter = filter;
    std::vector<Candidate> found;
    uint64_t distances = 0;
    EXPECT_EQ(built_->index->Search(query, &found, &distances).code(), StatusCode::kCancelled);
    EXPECT_LT(distances, 1000u);
  }
}

TEST_F(GraphTest, CodesAndLinksAreMappedAndSmall) {
  EXPECT_LT(built_->index->MemoryBytes(), 32u << 10);
  // 64 dimensions in 4 bits with their trailer: a line; 32 links.
  EXPECT_GE(built_->index->MappedBytes(), kRows * (64 + 128));
  EXPECT_LE(built_->index->MappedBytes(), kRows * (64 + 128) + 4096);
}

TEST_F(GraphTest, OddQueriesDoNotBreakIt) {
  for (const float value : {0.0f, 1e30f, 3e38f, std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> vector(64, value);
    IndexQuery query;
    query.vector = vector.data();
    std::vector<Candidate> found;
    uint64_t distances = 0;
    EXPECT_TRUE(built_->index->Search(query, &found, &distances).ok());
    EXPECT_LE(found.size(), 10u);
  }
}

}  // namespace
}  // namespace sagitta::index
