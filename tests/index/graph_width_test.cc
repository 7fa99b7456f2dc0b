#include "index/graph_width.h"

#include <gtest/gtest.h>

#include "index/graph_query.h"
#include "index/graph_sections.h"
#include "index_testing.h"

namespace sagitta::index {
namespace {

IndexParams Graph() {
  IndexParams params;
  params.kind = IndexKind::kGraph;
  return params;
}

uint32_t WidthOf(const BuiltIndex& built, const VectorRows& rows) {
  const auto sections = GraphSections::Open(rows, "f.", *built.file);
  EXPECT_TRUE(sections.ok()) << sections.status().ToString();
  return sections.ok() ? sections->usual_width() : 0;
}

// Neighbours are easy to find in few dimensions, and hard to tell apart in many.
TEST(GraphWidth, FollowsTheRows) {
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine, Metric::kL1}) {
    TestRows easy(8'000, 4, metric), hard(8'000, 128, metric, Dtype::kF32, 1, 8'000);
    const auto easily = Build(easy.rows(), Graph()), hardly = Build(hard.rows(), Graph());
    ASSERT_TRUE(easily != nullptr && hardly != nullptr);
    const uint32_t narrow = WidthOf(*easily, easy.rows()), wide = WidthOf(*hardly, hard.rows());
    EXPECT_GE(narrow, 16u);
    EXPECT_LT(narrow, wide) << "metric " << static_cast<int>(metric);
    EXPECT_LE(wide, 512u);
  }
}

// Which is what it is for: vectors that are no rows are found with it as well as was asked for.
TEST(GraphWidth, SufficesForOtherVectors) {
  for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
    for (const uint32_t dim : {12u, 48u}) {
      TestRows data(10'000, dim, metric);
      const auto built = Build(data.rows(), Graph());
      ASSERT_NE(built, nullptr);
      IndexQuery query;
      uint64_t usual = 0, narrow = 0;
      EXPECT_GE(MeanRecall(*built->index, &data, query, 100, &usual), 0.97) << dim;
      query.params.ef = WidthOf(*built, data.rows());
      EXPECT_GE(MeanRecall(*built->index, &data, query, 100, &narrow), 0.97) << dim;
      // A wider search is asked for by the setting, and by k.
      query.params.ef.reset();
      IndexParams settings = Graph();
      settings.graph.ef_search = 400;
      query.settings = &settings;
      uint64_t wide = 0;
      EXPECT_GE(MeanRecall(*built->index, &data, query, 100, &wide), 0.99);
      EXPECT_GT(wide, usual);
      settings.graph.ef_search = 0;
      query.k = 60;
      EXPECT_GE(MeanRecall(*built->index, &data, query, 40, &wide), 0.95);
    }
  }
}

TEST(GraphWidth, OfALargerKIsMore) {
  EXPECT_EQ(UsualGraphWidth(0, 10), 128u);
  EXPECT_EQ(UsualGraphWidth(0, 1000), 128u) << "no less than k is taken anyway";
  EXPECT_EQ(UsualGraphWidth(48, 1), 48u);
  EXPECT_EQ(UsualGraphWidth(48, 10), 48u);
  EXPECT_EQ(UsualGraphWidth(48, 40), 96u);
  EXPECT_EQ(UsualGraphWidth(16, 60), 120u);
  EXPECT_EQ(UsualGraphWidth(16, 100), 128u);
  EXPECT_EQ(UsualGraphWidth(256, 1000), 2560u);
}

TEST(GraphWidth, IsNotMeasuredOnFewRowsAndTheSameForManyThreads) {
  TestRows few(900, 16, Metric::kL2), data(5'000, 24, Metric::kL2);
  const auto small = Build(few.rows(), Graph());
  EXPECT_EQ(WidthOf(*small, few.rows()), 0u);
  base::ThreadPool pool("test", 4, 64);
  const auto one = Build(data.rows(), Graph()), four = Build(data.rows(), Graph(), {.pool = &pool});
  EXPECT_EQ(WidthOf(*one, data.rows()), WidthOf(*four, data.rows()));
}

// Narrow walks find now a few more that pass, and now a few less, than are to be ranked. That is no
// reason to scan what half of all rows are.
TEST(GraphWidth, UnderAFilterWalksAreNotGivenUpByChance) {
  constexpr size_t kRows = 60'000;
  TestRows data(kRows, 6, Metric::kL2);
  const auto built = Build(data.rows(), Graph());
  ASSERT_NE(built, nullptr);
  ASSERT_LE(WidthOf(*built, data.rows()), 24u);
  for (const double share : {0.3, 0.5, 0.7, 0.9}) {
    const RandomFilter filter(kRows, share);
    std::vector<Candidate> found;
    size_t walks = 0, given_up = 0;
    for (uint32_t row = 5; row < kRows; row += 601) {
      SearchTrace trace;
      IndexQuery query;
      query.vector = reinterpret_cast<const float*>(data.rows().row(row));
      query.filter = filter.filter();
      query.trace = &trace;
      uint64_t distances = 0;
      ASSERT_TRUE(built->index->Search(query, &found, &distances).ok());
      EXPECT_EQ(found.size(), query.k);
      walks +=
          trace.strategy == SearchStrategy::kWalk || trace.strategy == SearchStrategy::kTwoHopWalk;
      given_up += trace.fell_back;
    }
    EXPECT_GT(walks, 80u) << share;
    EXPECT_LE(given_up, 2u) << share;
  }
}

// A walk that is to take a row for missing neither finds it nor goes through it, and the next one
// does again.
TEST(GraphWidth, HiddenRowsAreHiddenForOneSearch) {
  TestRows data(30'000, 24, Metric::kL2);
  const auto built = Build(data.rows(), Graph());
  std::vector<Candidate> found;
  uint64_t distances = 0;
  size_t walks = 0;
  for (uint32_t row = 0; row < 30'000; row += 997) {
    const auto* floats = reinterpret_cast<const float*>(data.rows().row(row));
    IndexQuery query;
    SearchTrace trace;
    query.vector = floats;
    query.trace = &trace;
    query.without = row;
    ASSERT_TRUE(built->index->Search(query, &found, &distances).ok());
    if (trace.strategy != SearchStrategy::kWalk) continue;
    ++walks;
    for (const Candidate& candidate : found) EXPECT_NE(candidate.position, row);
    query.without = IndexQuery().without;
    ASSERT_TRUE(built->index->Search(query, &found, &distances).ok());
    EXPECT_EQ(found.front().position, row);
  }
  EXPECT_GT(walks, 0u);
}

}  // namespace
}  // namespace sagitta::index
