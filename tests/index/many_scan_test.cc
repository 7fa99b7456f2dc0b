#include "index/many_scan.h"

#include <gtest/gtest.h>

#include "index_testing.h"

namespace sagitta::index {
namespace {

constexpr size_t kQueries = 7;

// Queries of various k, limits and filters, and their answers.
struct Asked {
  Asked(TestRows& data, const RowFilter& filter) {
    answers.resize(kQueries);
    for (size_t i = 0; i < kQueries; ++i) vectors.push_back(data.Draw());
    for (size_t i = 0; i < kQueries; ++i) {
      IndexQuery query;
      query.vector = vectors[i].data();
      query.k = static_cast<uint32_t>(1 + i * i * 40);
      if (i % 2 == 1) query.filter = filter;
      if (i % 3 == 2) query.key_limit = static_cast<float>(TrueKey(data, vectors[i], 11));
      queries.push_back({query, &answers[i]});
    }
  }
  std::vector<std::vector<float>> vectors;
  std::vector<std::vector<Candidate>> answers;
  std::vector<ManyQuery> queries;
};

void ExpectScansOfEach(const TestRows& data, const Asked& asked) {
  for (size_t i = 0; i < kQueries; ++i) {
    std::vector<Candidate> alone;
    uint64_t distances = 0;
    const VectorRows& rows = data.rows();
    ASSERT_TRUE(
        ScanExact(rows, 0, rows.n, asked.queries[i].query, &alone, &distances).ok());
    ASSERT_EQ(asked.answers[i].size(), alone.size()) << i;
    for (size_t j = 0; j < alone.size(); ++j) {
      EXPECT_EQ(asked.answers[i][j].key, alone[j].key) << i << ", " << j;
      EXPECT_EQ(asked.answers[i][j].position, alone[j].position) << i << ", " << j;
    }
  }
}

TEST(ManyScan, GivesWhatScansOfEachGive) {
  for (const uint32_t dim : {1u, 30u, 5000u}) {
    for (const Dtype dtype : {Dtype::kF32, Dtype::kU8}) {
      TestRows data(1501, dim, Metric::kL2, dtype);
      const RandomFilter filter(1501, 0.4);
      Asked asked(data, filter.filter());
      ManyScan scan(asked.queries);
      uint64_t distances = 0;
      ASSERT_TRUE(scan.Add(data.rows(), {}, &distances).ok());
      scan.Finish();
      EXPECT_EQ(distances, 1501u);
      ExpectScansOfEach(data, asked);
    }
  }
}

TEST(ManyScan, RunsMayComeOneByOne) {
  TestRows data(1000, 16, Metric::kInnerProduct);
  const RandomFilter filter(1000, 0.5);
  Asked asked(data, filter.filter());
  ManyScan scan(asked.queries);
  uint64_t distances = 0;
  for (const auto& [begin, end] : {std::pair{0, 300}, {300, 301}, {301, 1000}}) {
    VectorRows run = data.rows();
    run.data = data.rows().row(begin);
    run.n = end - begin;
    ASSERT_TRUE(scan.Add(run, {.first = static_cast<uint32_t>(begin), .positions = {}}, &distances)
                    .ok());
  }
  scan.Finish();
  EXPECT_EQ(distances, 1000u);
  ExpectScansOfEach(data, asked);
}

TEST(ManyScan, AnswersAreSegmentRows) {
  TestRows data(100, 8, Metric::kL2);
  std::vector<uint32_t> positions;
  for (uint32_t i = 0; i < 100; ++i) positions.push_back(3 * i + 1);
  const RandomFilter filter(301, 0.5);
  Asked asked(data, filter.filter());
  ManyScan scan(asked.queries);
  uint64_t distances = 0;
  ASSERT_TRUE(scan.Add(data.rows(), {.first = 0, .positions = positions}, &distances).ok());
  scan.Finish();
  for (size_t i = 0; i < kQueries; ++i) {
    for (const Candidate& candidate : asked.answers[i]) {
      EXPECT_EQ(candidate.position % 3, 1u);
      EXPECT_TRUE(asked.queries[i].query.filter.Passes(candidate.position));
    }
  }
  EXPECT_FALSE(asked.answers[0].empty());
}

TEST(ManyScan, EndsWhenCancelled) {
  TestRows data(1000, 64, Metric::kL2);
  CancelToken cancel = CancelToken::WithDeadline(std::chrono::steady_clock::now());
  Asked asked(data, {});
  for (ManyQuery& many : asked.queries) many.query.cancel = &cancel;
  ManyScan scan(asked.queries);
  uint64_t distances = 0;
  EXPECT_EQ(scan.Add(data.rows(), {}, &distances).code(), StatusCode::kDeadlineExceeded);
}

}  // namespace
}  // namespace sagitta::index
