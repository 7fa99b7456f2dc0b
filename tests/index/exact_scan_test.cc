#include <gtest/gtest.h>

#include <tuple>

#include "index_testing.h"

namespace sagitta::index {
namespace {

std::vector<Candidate> Scan(const VectorRows& rows, size_t begin, size_t end,
                            const IndexQuery& query) {
  std::vector<Candidate> found;
  uint64_t distances = 0;
  const Status status = ScanExact(rows, begin, end, query, &found, &distances);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return found;
}

void ExpectKeys(const std::vector<Candidate>& found, const std::vector<double>& truth) {
  ASSERT_EQ(found.size(), truth.size());
  for (size_t i = 0; i < truth.size(); ++i) {
    EXPECT_NEAR(found[i].key, truth[i], 1e-3 * (1 + std::abs(truth[i]))) << "at " << i;
  }
}

class ExactScanTest : public ::testing::TestWithParam<std::tuple<Metric, Dtype>> {};

TEST_P(ExactScanTest, FindsWhatBruteForceInDoubleFinds) {
  const auto [metric, dtype] = GetParam();
  TestRows data(1501, 23, metric, dtype);
  for (const double share : {1.0, 0.5, 0.1, 0.01, 0.001, 0.0}) {
    const RandomFilter filter(data.rows().n, share);
    for (const uint32_t k : {1u, 10u, 400u, 5000u}) {
      const std::vector<float> vector = data.Draw();
      IndexQuery query;
      query.vector = vector.data();
      query.k = k;
      if (share < 1) query.filter = filter.filter();
      const auto found = Scan(data.rows(), 0, data.rows().n, query);
      ExpectKeys(found, TrueKeys(data, vector, k, query.filter));
      for (const Candidate& candidate : found) {
        EXPECT_TRUE(query.filter.Passes(candidate.position));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ExactScanTest,
    ::testing::Combine(::testing::Values(Metric::kL2, Metric::kInnerProduct, Metric::kL1),
                       ::testing::Values(Dtype::kF32, Dtype::kF16, Dtype::kBf16, Dtype::kI8,
                                         Dtype::kU8)));
INSTANTIATE_TEST_SUITE_P(Cosine, ExactScanTest,
                         ::testing::Combine(::testing::Values(Metric::kCosine),
                                            ::testing::Values(Dtype::kF32, Dtype::kF16)));

TEST(ExactScan, PiecesOfTheRowsGiveWhatOneScanGives) {
  TestRows data(1000, 16, Metric::kL2);
  const RandomFilter filter(1000, 0.3);
  const std::vector<float> vector = data.Draw();
  for (const bool filtered : {false, true}) {
    IndexQuery query;
    query.vector = vector.data();
    query.k = 37;
    if (filtered) query.filter = filter.filter();
    const auto whole = Scan(data.rows(), 0, 1000, query);
    std::vector<Candidate> pieces;
    uint64_t distances = 0;
    for (const auto& [begin, end] :
         {std::pair<size_t, size_t>{500, 777}, {0, 64}, {64, 500}, {777, 777}, {777, 5000}}) {
      ASSERT_TRUE(ScanExact(data.rows(), begin, end, query, &pieces, &distances).ok());
    }
    ASSERT_EQ(pieces.size(), whole.size());
    for (size_t i = 0; i < whole.size(); ++i) EXPECT_EQ(pieces[i].position, whole[i].position);
    EXPECT_EQ(distances, filtered ? query.filter.allowed_count : 1000);
  }
}

TEST(ExactScan, EqualKeysComeInOrderOfPosition) {
  TestRows data(600, 8, Metric::kL2);
  for (size_t i = 1; i < 600; ++i) std::copy_n(data.mutable_row(0), 32, data.mutable_row(i));
  const std::vector<float> vector = data.Draw();
  IndexQuery query;
  query.vector = vector.data();
  query.k = 20;
  const auto found = Scan(data.rows(), 0, 600, query);
  ASSERT_EQ(found.size(), 20u);
  for (uint32_t i = 0; i < 20; ++i) EXPECT_EQ(found[i].position, i);
}

TEST(ExactScan, KeyLimitIsTheWorstKeyReturned) {
  TestRows data(800, 8, Metric::kL2);
  const std::vector<float> vector = data.Draw();
  IndexQuery query;
  query.vector = vector.data();
  query.k = 50;
  const auto all = Scan(data.rows(), 0, 800, query);
  query.key_limit = all[19].key;
  EXPECT_EQ(Scan(data.rows(), 0, 800, query).size(), 20u);
}

TEST(ExactScan, FilterIsBySegmentRowWhereAMapIsGiven) {
  TestRows data(300, 8, Metric::kL2);
  base::Bitset allowed(1000);
  const std::vector<uint32_t> row_of = SparseRows(300);
  for (const uint32_t row : {1u, 4u, 300u, 301u, 898u, 999u}) allowed.Set(row);
  const std::vector<float> vector = data.Draw();
  IndexQuery query;
  query.vector = vector.data();
  query.filter = {allowed.words(), row_of.data(), 6};
  std::vector<uint32_t> positions;
  for (const Candidate& c : Scan(data.rows(), 0, 300, query)) positions.push_back(c.position);
  std::sort(positions.begin(), positions.end());
  EXPECT_EQ(positions, (std::vector<uint32_t>{0, 1, 100, 299}));
}

TEST(ExactScan, StopsWhenCancelled) {
  TestRows data(5000, 8, Metric::kL2);
  const RandomFilter filter(5000, 0.5);
  const std::vector<float> vector = data.Draw();
  CancelToken cancel = CancelToken::Manual();
  cancel.Cancel();
  IndexQuery query;
  query.vector = vector.data();
  query.cancel = &cancel;
  std::vector<Candidate> found;
  uint64_t distances = 0;
  EXPECT_EQ(ScanExact(data.rows(), 0, 5000, query, &found, &distances).code(),
            StatusCode::kCancelled);
  query.filter = filter.filter();
  EXPECT_EQ(ScanExact(data.rows(), 0, 5000, query, &found, &distances).code(),
            StatusCode::kCancelled);
  EXPECT_LT(distances, 1000u);
}

}  // namespace
}  // namespace sagitta::index
