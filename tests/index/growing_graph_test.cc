#include "index/growing_graph.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>

#include "index_testing.h"

namespace sagitta::index {
namespace {

constexpr size_t kRows = 12'000;

std::vector<uint32_t> Ids(size_t begin, size_t end) {
  std::vector<uint32_t> ids(end - begin);
  std::iota(ids.begin(), ids.end(), static_cast<uint32_t>(begin));
  return ids;
}

// A graph that has grown to what the test says, searched as an index of `rows` rows.
class Growing final : public VectorIndex {
 public:
  explicit Growing(const TestRows& data, const GraphParams& params = {},
                   size_t capacity = kRows + 100)
      : graph(data.rows(), capacity, params, &budget), rows(data.rows().n) {}

  void Start(size_t n = 4096) { ASSERT_TRUE(graph.Start(std::min(n, rows), nullptr, {}).ok()); }
  void Encode(size_t n) { ASSERT_TRUE(graph.Encode(n, {}).ok()); }
  void Link(size_t n) { ASSERT_TRUE(graph.Link(Ids(graph.linked(), n), n, {}).ok()); }
  void GrowTo(size_t n) {
    if (!graph.started()) Start();
    Encode(n);
    Link(n);
  }

  IndexKind kind() const override { return IndexKind::kGraph; }
  Status Search(const IndexQuery& query, std::vector<Candidate>* out,
                uint64_t* distances) const override {
    return graph.Search(rows, query, out, distances);
  }
  IndexBytes Bytes() const override { return graph.Bytes(); }
  bool WalksVectors() const override { return false; }

  base::MemoryBudget budget{uint64_t{1} << 30};
  GrowingGraph graph;
  size_t rows;  // of the view that is searched
};

struct Case {
  Metric metric;
  Dtype dtype;
  uint32_t dim;
};

class GrowingRecallTest : public ::testing::TestWithParam<Case> {};

TEST_P(GrowingRecallTest, IsThatOfAGraphBuiltAtOnce) {
  const auto [metric, dtype, dim] = GetParam();
  TestRows data(kRows, dim, metric, dtype);
  Growing growing(data);
  growing.GrowTo(kRows);
  IndexParams params;
  params.kind = IndexKind::kGraph;
  params.graph.code_bits = 8;
  const auto built = Build(data.rows(), params);
  IndexQuery query;
  query.params.ef = 64;
  uint64_t distances = 0;
  TestRows same_queries = data;
  const double recall = MeanRecall(growing, &data, query, 100, &distances);
  EXPECT_GE(recall, MeanRecall(*built->index, &same_queries, query, 100) - 0.005);
  EXPECT_GE(recall, 0.95);
  EXPECT_LT(distances, 100 * kRows / 3) << "this was no walk";
  query.params.ef.reset();
  for (const double share : {0.9, 0.5, 0.1, 0.01, 0.001}) {
    const RandomFilter filter(kRows, share);
    query.filter = filter.filter();
    EXPECT_GE(MeanRecall(growing, &data, query, 20), 0.95) << "selectivity " << share;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, GrowingRecallTest,
    ::testing::Values(Case{Metric::kL2, Dtype::kF32, 48},
                      Case{Metric::kInnerProduct, Dtype::kF32, 48},
                      Case{Metric::kCosine, Dtype::kF32, 48}, Case{Metric::kL1, Dtype::kF32, 48},
                      Case{Metric::kL2, Dtype::kF32, 6}, Case{Metric::kInnerProduct, Dtype::kI8, 6},
                      Case{Metric::kCosine, Dtype::kBf16, 64}, Case{Metric::kL2, Dtype::kU8, 32}));

class GrowingGraphTest : public ::testing::Test {
 protected:
  GrowingGraphTest() : data_(kRows, 64, Metric::kL2), growing_(data_) {}

  double Recall(int queries = 40, RowFilter filter = {}) {
    IndexQuery query;
    query.filter = filter;
    filter.rows = growing_.rows;
    double recall = 0;
    for (int q = 0; q < queries; ++q) {
      const std::vector<float> vector = data_.Draw();
      const auto truth = TrueKeys(data_, vector, query.k, filter);
      const auto found = SearchChecked(growing_, data_, vector, query);
      EXPECT_EQ(found.size(), truth.size());
      for (const Candidate& c : found) EXPECT_LT(c.position, growing_.rows);
      recall += RecallByKey(found, truth) / queries;
    }
    return recall;
  }

  TestRows data_;
  Growing growing_;
};

TEST_F(GrowingGraphTest, FindsWhatIsNotLinkedOrNotEncodedYet) {
  growing_.Start();
  EXPECT_DOUBLE_EQ(Recall(10), 1);  // nothing is encoded: an exact scan
  growing_.Encode(3000);
  EXPECT_GE(Recall(), 0.99);
  growing_.Link(1);
  EXPECT_GE(Recall(), 0.99);
  growing_.Link(2500);
  EXPECT_GE(Recall(), 0.99);
  growing_.Encode(9000);
  growing_.Link(8000);
  EXPECT_GE(Recall(), 0.99);
  for (const double share : {0.5, 0.05, 0.001}) {
    const RandomFilter filter(kRows, share);
    EXPECT_GE(Recall(20, filter.filter()), 0.95) << share;
  }
  EXPECT_EQ(growing_.graph.linked(), 8000u);
  EXPECT_EQ(growing_.graph.encoded(), 9000u);
}

TEST_F(GrowingGraphTest, AViewOfFewerRowsFindsThoseOnly) {
  growing_.GrowTo(kRows);
  for (const size_t rows : {1u, 5u, 1000u, 11'900u}) {
    growing_.rows = rows;
    EXPECT_GE(Recall(20), 0.97) << rows;
    const RandomFilter filter(rows, 0.3);
    EXPECT_GE(Recall(20, filter.filter()), 0.97) << rows;
  }
}

TEST_F(GrowingGraphTest, RowsLeftOutAreNotWalkedTo) {
  growing_.Start();
  growing_.Encode(kRows);
  std::vector<uint32_t> ids;
  base::Bitset live(kRows);
  for (uint32_t i = 0; i < kRows; i += 2) {
    ids.push_back(i);
    live.Set(i);
  }
  ASSERT_TRUE(growing_.graph.Link(ids, kRows, {}).ok());
  EXPECT_EQ(growing_.graph.linked(), kRows);
  EXPECT_GE(Recall(40, {live.words(), nullptr, live.Count()}), 0.98);
}

TEST_F(GrowingGraphTest, TheSameRowsAndThreadsGiveTheSameAnswers) {
  base::ThreadPool pool("test", 4, 64);
  BuildContext context;
  context.pool = &pool;
  growing_.GrowTo(kRows);
  Growing other(data_);
  ASSERT_TRUE(other.graph.Start(4096, nullptr, context).ok());
  for (size_t n = 1000; n <= kRows; n += 1000) {
    ASSERT_TRUE(other.graph.Encode(n, context).ok());
  }
  ASSERT_TRUE(other.graph.Link(Ids(0, kRows), kRows, context).ok());
  for (int q = 0; q < 20; ++q) {
    const std::vector<float> vector = data_.Draw();
    const auto a = SearchChecked(growing_, data_, vector, {});
    const auto b = SearchChecked(other, data_, vector, {});
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) EXPECT_EQ(a[i].position, b[i].position);
  }
}

TEST_F(GrowingGraphTest, TakesAKnownModelThatSuitsAndNoOther) {
  growing_.GrowTo(5000);
  Growing next(data_);
  ASSERT_TRUE(next.graph.Start(2000, growing_.graph.model(), {}).ok());
  EXPECT_EQ(next.graph.model(), growing_.graph.model());
  // Rows around other centres, and far away.
  TestRows far(kRows, 64, Metric::kL2, Dtype::kF32, 77);
  for (size_t i = 0; i < kRows; ++i) {
    auto* row = reinterpret_cast<float*>(far.mutable_row(i));
    for (size_t d = 0; d < 64; ++d) row[d] += 1000;
  }
  Growing other(far);
  ASSERT_TRUE(other.graph.Start(2000, growing_.graph.model(), {}).ok());
  EXPECT_NE(other.graph.model(), growing_.graph.model());
}

TEST_F(GrowingGraphTest, TakesTheCodesOfAStoredGraph) {
  for (const uint32_t dim : {64u, 320u}) {  // rotated, projected
    constexpr size_t kFew = 6000;
    TestRows data(kFew, dim, Metric::kL2);
    for (size_t i = 0; i < kFew; ++i) {
      auto* row = reinterpret_cast<float*>(data.mutable_row(i));
      for (size_t d = 100; d < dim; ++d) row[d] *= 0.05f;
    }
    const auto built = Build(data.rows(), {.kind = IndexKind::kGraph});
    ASSERT_NE(built, nullptr);
    const auto model = built->index->MakeGraphModel();
    ASSERT_NE(model, nullptr);
    EXPECT_GT(model->usual_width, 0u) << "the build has measured it";
    EXPECT_EQ(model->transform == GraphTransform::kProjection, dim == 320) << dim;
    Growing growing(data);
    ASSERT_TRUE(growing.graph.Start(600, model, {}).ok());
    EXPECT_EQ(growing.graph.model(), model) << dim;
    growing.GrowTo(kFew);
    IndexQuery query;
    query.params.ef = 80;
    EXPECT_GE(MeanRecall(growing, &data, query, 40), 0.97) << dim;
    // Searched as widely as was measured, unless told otherwise.
    query.params.ef.reset();
    EXPECT_GE(MeanRecall(growing, &data, query, 40), 0.97) << dim;
    std::vector<Candidate> found;
    SearchTrace usual, wide;
    uint64_t distances = 0;
    query.vector = reinterpret_cast<const float*>(data.rows().row(1));
    query.trace = &usual;
    ASSERT_TRUE(growing.Search(query, &found, &distances).ok());
    query.params.ef = 128;
    query.trace = &wide;
    ASSERT_TRUE(growing.Search(query, &found, &distances).ok());
    EXPECT_LT(usual.hops, wide.hops / 2) << dim;
  }
  TestRows narrow(6000, 7, Metric::kL2);
  EXPECT_EQ(Build(narrow.rows(), {.kind = IndexKind::kGraph})->index->MakeGraphModel(), nullptr);
}

TEST_F(GrowingGraphTest, MemoryIsCountedAndItsEndIsNoError) {
  const size_t row_bytes = 2 * 64 + 40 * 4 + 4;
  growing_.Start();
  EXPECT_EQ(growing_.graph.MemoryBytes(), 0u);
  growing_.Encode(3000);
  EXPECT_EQ(growing_.graph.MemoryBytes(), 3 * 1024 * row_bytes);
  EXPECT_EQ(growing_.budget.used(), growing_.graph.MemoryBytes());
  const uint64_t others = growing_.budget.limit() - growing_.budget.used();
  growing_.budget.ForceReserve(others);
  EXPECT_EQ(growing_.graph.Encode(8000, {}).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(growing_.graph.encoded(), 3000u);
  growing_.Link(3000);
  EXPECT_GE(Recall(), 0.99);
  growing_.budget.Release(others);
  growing_.Encode(8000);
  EXPECT_EQ(growing_.graph.encoded(), 8000u);
  base::MemoryBudget budget(1 << 20);
  { GrowingGraph empty(data_.rows(), kRows, {}, &budget); }
  EXPECT_EQ(budget.used(), 0u);
}

TEST_F(GrowingGraphTest, StopsBetweenBatchesAndGoesOn) {
  growing_.Start();
  growing_.Encode(kRows);
  BuildContext cancelled;
  cancelled.cancel = CancelToken::Manual();
  cancelled.cancel.Cancel();
  EXPECT_EQ(growing_.graph.Link(Ids(0, kRows), kRows, cancelled).code(), StatusCode::kCancelled);
  EXPECT_EQ(growing_.graph.linked(), 0u);
  growing_.Link(kRows);
  EXPECT_GE(Recall(), 0.98);
}

// Readers walk while rows are encoded and linked, as deep as it has come.
TEST_F(GrowingGraphTest, IsSearchedWhileItGrows) {
  growing_.Start();
  std::atomic<bool> done{false};
  std::vector<std::vector<float>> queries;
  std::vector<std::vector<double>> truths;
  for (int q = 0; q < 16; ++q) {
    queries.push_back(data_.Draw());
    truths.push_back(TrueKeys(data_, queries.back(), 10));
  }
  const auto read = [&](size_t reader) {
    double recall = 0;
    int searches = 0;
    for (size_t q = reader; searches == 0 || !done.load(); q = (q + 1) % queries.size()) {
      IndexQuery query;
      query.vector = queries[q].data();
      std::vector<Candidate> found;
      uint64_t distances = 0;
      ASSERT_TRUE(growing_.graph.Search(kRows, query, &found, &distances).ok());
      ASSERT_EQ(found.size(), 10u);
      recall += RecallByKey(found, truths[q]);
      ++searches;
    }
    EXPECT_GE(recall / searches, 0.97);
  };
  std::thread first(read, 0), second(read, 8);
  for (size_t n = 500; n <= kRows; n += 500) {
    growing_.Encode(n);
    if (n % 1000 == 0) growing_.Link(n);
  }
  done.store(true);
  first.join();
  second.join();
}

// Two thirds of the rows have died, whole neighbourhoods among them.
TEST_F(GrowingGraphTest, ABuiltGraphBeginsWithItsLinks) {
  growing_.GrowTo(kRows - 500);
  for (const uint32_t modulus : {1u, 2u, 3u}) {
    TestRows kept(kRows, 64, Metric::kL2);
    std::vector<uint32_t> position_of(kRows, kNoGraphLink);
    uint32_t n = 0;
    for (uint32_t row = 0; row < kRows; ++row) {
      if (row % 4 != 0 && row / 16 % modulus != 0) continue;
      position_of[row] = n;
      std::copy_n(data_.mutable_row(row), data_.rows().stride(), kept.mutable_row(n++));
    }
    VectorRows rows = kept.rows();
    rows.n = n;
    GraphStart start = growing_.graph.StartOf(position_of, n);
    EXPECT_EQ(start.repairs.empty(), modulus == 1);
    IndexParams params;
    params.kind = IndexKind::kGraph;
    const auto taken = Build(rows, params, {}, &start);
    const auto fresh = Build(rows, params);
    IndexQuery query;
    query.params.ef = 64;
    double taken_recall = 0, fresh_recall = 0;
    for (int q = 0; q < 200; ++q) {
      const std::vector<float> vector = data_.Draw();
      base::Bitset there(kRows);
      for (uint32_t i = 0; i < n; ++i) there.Set(i);
      const auto truth = TrueKeys(kept, vector, 10, {there.words(), nullptr, n});
      taken_recall += RecallByKey(SearchChecked(*taken->index, kept, vector, query), truth) / 200;
      fresh_recall += RecallByKey(SearchChecked(*fresh->index, kept, vector, query), truth) / 200;
    }
    EXPECT_GE(taken_recall, fresh_recall - 0.005) << modulus;
    EXPECT_GE(taken_recall, 0.95);
  }
}

}  // namespace
}  // namespace sagitta::index
