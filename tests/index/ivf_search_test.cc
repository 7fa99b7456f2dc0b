#include <gtest/gtest.h>

#include "index/ivf_flat.h"
#include "index/ivf_pq.h"
#include "index_testing.h"

namespace sagitta::index {
namespace {

constexpr size_t kRows = 12'000;

IndexParams Ivf(IndexKind kind) {
  IndexParams params;
  params.kind = kind;
  return params;
}

struct Case {
  IndexKind kind;
  Metric metric;
  Dtype dtype;
  double recall;  // without a filter
};

class IvfRecallTest : public ::testing::TestWithParam<Case> {};

TEST_P(IvfRecallTest, HoldsAtEverySelectivity) {
  const Case& c = GetParam();
  TestRows data(kRows, 24, c.metric, c.dtype);
  const auto built = Build(data.rows(), Ivf(c.kind));
  ASSERT_NE(built, nullptr);
  ASSERT_EQ(built->index->kind(), c.kind);
  IndexQuery query;
  uint64_t distances = 0;
  EXPECT_GE(MeanRecall(*built->index, &data, query, 40, &distances), c.recall);
  const double most = c.kind == IndexKind::kIvfCodes ? 0.6 : 0.25;
  EXPECT_LT(static_cast<double>(distances), 40 * kRows * most) << "this read most lists";
  for (const double share : {0.5, 0.1, 0.01, 0.001}) {
    const RandomFilter filter(kRows, share);
    query.filter = filter.filter();
    EXPECT_GE(MeanRecall(*built->index, &data, query, 20), c.recall) << "selectivity " << share;
  }
  query.params.nprobe = 65'536;
  query.params.oversampling = 100;
  query.filter = {};
  EXPECT_GE(MeanRecall(*built->index, &data, query, 10), 0.999) << "all lists are read";
}

INSTANTIATE_TEST_SUITE_P(
    All, IvfRecallTest,
    ::testing::Values(Case{IndexKind::kIvfFlat, Metric::kL2, Dtype::kF32, 0.97},
                      Case{IndexKind::kIvfFlat, Metric::kInnerProduct, Dtype::kF32, 0.95},
                      Case{IndexKind::kIvfFlat, Metric::kCosine, Dtype::kF32, 0.97},
                      Case{IndexKind::kIvfFlat, Metric::kL1, Dtype::kF32, 0.95},
                      Case{IndexKind::kIvfFlat, Metric::kL2, Dtype::kU8, 0.95},
                      Case{IndexKind::kIvfPq, Metric::kL2, Dtype::kF32, 0.95},
                      Case{IndexKind::kIvfPq, Metric::kInnerProduct, Dtype::kF32, 0.95},
                      Case{IndexKind::kIvfPq, Metric::kCosine, Dtype::kF16, 0.95},
                      Case{IndexKind::kIvfPq, Metric::kL1, Dtype::kF32, 0.90},
                      Case{IndexKind::kIvfPq, Metric::kL2, Dtype::kI8, 0.95},
                      Case{IndexKind::kIvfCodes, Metric::kL2, Dtype::kF32, 0.95},
                      Case{IndexKind::kIvfCodes, Metric::kInnerProduct, Dtype::kF16, 0.95},
                      Case{IndexKind::kIvfCodes, Metric::kCosine, Dtype::kF32, 0.95}));

class IvfTest : public ::testing::TestWithParam<IndexKind> {
 protected:
  IvfTest() : data_(kRows, 16, Metric::kL2), built_(Build(data_.rows(), Ivf(GetParam()))) {}

  TestRows data_;
  std::unique_ptr<BuiltIndex> built_;
};

// All rows that pass lie in lists far from the query.
TEST_P(IvfTest, FilterOppositeToTheQueryStillGivesTheBest) {
  double recall = 0;
  for (int q = 0; q < 10; ++q) {
    const std::vector<float> vector = data_.Draw();
    std::vector<std::pair<double, uint32_t>> by_key;
    for (uint32_t i = 0; i < kRows; ++i) by_key.push_back({TrueKey(data_, vector, i), i});
    std::sort(by_key.begin(), by_key.end());
    base::Bitset allowed(kRows);
    for (size_t i = kRows / 2; i < kRows; ++i) allowed.Set(by_key[i].second);
    IndexQuery query;
    query.filter = {allowed.words(), nullptr, allowed.Count()};
    const auto found = SearchChecked(*built_->index, data_, vector, query);
    EXPECT_EQ(found.size(), 10u);
    recall += RecallByKey(found, TrueKeys(data_, vector, 10, query.filter)) / 10;
  }
  // Thousands of such rows lie at nearly the same distance: codes cannot tell them apart.
  if (GetParam() == IndexKind::kIvfFlat) {
    EXPECT_GE(recall, 0.7);
  }
}

TEST_P(IvfTest, ProbesOnUntilKAreFound) {
  const std::vector<float> vector = data_.Draw();
  IndexQuery query;
  query.params.nprobe = 1;
  for (const uint32_t k : {0u, 1u, 500u, 12'000u, 20'000u}) {
    query.k = k;
    EXPECT_EQ(SearchChecked(*built_->index, data_, vector, query).size(),
              std::min<size_t>(k, kRows));
  }
}

TEST_P(IvfTest, KeyLimitIsHonoured) {
  const std::vector<float> vector = data_.Draw();
  IndexQuery query;
  const auto all = SearchChecked(*built_->index, data_, vector, query);
  query.key_limit = all[3].key;
  EXPECT_EQ(SearchChecked(*built_->index, data_, vector, query).size(), 4u);
}

TEST_P(IvfTest, StopsWhenCancelled) {
  const std::vector<float> vector = data_.Draw();
  const RandomFilter filter(kRows, 0.5);
  CancelToken cancel = CancelToken::Manual();
  cancel.Cancel();
  for (const bool filtered : {false, true}) {
    IndexQuery query;
    query.vector = vector.data();
    query.cancel = &cancel;
    if (filtered) query.filter = filter.filter();
    std::vector<Candidate> found;
    uint64_t distances = 0;
    EXPECT_EQ(built_->index->Search(query, &found, &distances).code(), StatusCode::kCancelled);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, IvfTest,
                         ::testing::Values(IndexKind::kIvfFlat, IndexKind::kIvfPq,
                                           IndexKind::kIvfCodes));

TEST(IvfPq, EveryCodeWidthIsSearchable) {
  TestRows data(3000, 12, Metric::kL2);
  for (const uint32_t nbits : {4u, 5u, 6u, 7u, 8u}) {
    IndexParams params = Ivf(IndexKind::kIvfPq);
    params.pq.nbits = nbits;
    params.pq.m = 6;
    const auto built = Build(data.rows(), params);
    ASSERT_NE(built, nullptr);
    IndexQuery query;
    query.params.oversampling = 10;
    EXPECT_GE(MeanRecall(*built->index, &data, query, 20), 0.9) << nbits << " bits";
  }
}

}  // namespace
}  // namespace sagitta::index
