#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>

#include "base/mutex.h"
#include "index_testing.h"

namespace sagitta::index {
namespace {

constexpr IndexKind kKinds[] = {IndexKind::kFlat, IndexKind::kHnsw, IndexKind::kIvfFlat,
                                IndexKind::kIvfPq, IndexKind::kGraph, IndexKind::kFlatCodes,
                                IndexKind::kIvfCodes};

std::string FileBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(BuildIndex, FewRowsOfAnyKindAreSearchable) {
  for (const IndexKind kind : kKinds) {
    for (const size_t n : {0u, 1u, 2u, 3u, 38u, 39u, 100u, 300u}) {
      TestRows data(n, 8, Metric::kL2);
      IndexParams params;
      params.kind = kind;
      const auto built = Build(data.rows(), params);
      ASSERT_NE(built, nullptr) << n;
      EXPECT_TRUE(Satisfies(params, built->kind, params, {.n = n, .dim = 8}));
      IndexQuery query;
      query.k = 5;
      EXPECT_GE(MeanRecall(*built->index, &data, query, 5), 0.7)
          << "kind " << static_cast<int>(kind) << " rows " << n;
    }
  }
}

// All that a schema allows: COSINE keeps no integers.
TEST(BuildIndex, EveryMetricAndDtypeOfEveryKindIsSearchable) {
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine, Metric::kL1}) {
    for (const Dtype dtype : {Dtype::kF32, Dtype::kF16, Dtype::kBf16, Dtype::kI8, Dtype::kU8}) {
      const bool integer = dtype == Dtype::kI8 || dtype == Dtype::kU8;
      if (metric == Metric::kCosine && integer) continue;
      TestRows data(1500, 12, metric, dtype);
      for (const IndexKind kind : kKinds) {
        const bool codes = kind == IndexKind::kFlatCodes || kind == IndexKind::kIvfCodes;
        if (metric == Metric::kL1 && codes) continue;
        IndexParams params;
        params.kind = kind;
        params.hnsw.ef_construction = 40;
        params.pq.nbits = 6;
        const auto built = Build(data.rows(), params);
        ASSERT_NE(built, nullptr);
        ASSERT_EQ(built->kind, kind);
        IndexQuery query;
        EXPECT_GE(MeanRecall(*built->index, &data, query, 10), 0.9)
            << "kind " << static_cast<int>(kind) << " metric " << static_cast<int>(metric)
            << " dtype " << static_cast<int>(dtype);
        query.params.exact = true;
        EXPECT_EQ(MeanRecall(*built->index, &data, query, 3), 1.0);
      }
    }
  }
}

// Exact search is the same through every kind, ties by position included.
TEST(BuildIndex, ExactSearchIsTheScanWhateverTheKind) {
  TestRows data(4000, 8, Metric::kL2, Dtype::kU8);
  for (size_t i = 1; i < 4000; i += 2) std::copy_n(data.mutable_row(i - 1), 8, data.mutable_row(i));
  const RandomFilter filter(4000, 0.4);
  const std::vector<float> vector = data.Draw();
  IndexQuery query;
  query.vector = vector.data();
  query.k = 100;
  query.params.exact = true;
  for (const bool filtered : {false, true}) {
    if (filtered) query.filter = filter.filter();
    std::vector<Candidate> scanned;
    uint64_t distances = 0;
    ASSERT_TRUE(ScanExact(data.rows(), 0, 4000, query, &scanned, &distances).ok());
    ASSERT_EQ(scanned.size(), 100u);
    for (const IndexKind kind : kKinds) {
      IndexParams params;
      params.kind = kind;
      params.hnsw.ef_construction = 40;
      const auto built = Build(data.rows(), params);
      ASSERT_NE(built, nullptr);
      std::vector<Candidate> found;
      ASSERT_TRUE(built->index->Search(query, &found, &distances).ok());
      ASSERT_EQ(found.size(), scanned.size());
      for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].key, scanned[i].key);
        EXPECT_EQ(found[i].position, scanned[i].position);
      }
    }
  }
}

// Where some points lack the field, filters are by row and answers by position.
TEST(BuildIndex, FilterByRowIsMappedToPositions) {
  TestRows data(6000, 12, Metric::kL2);
  const std::vector<uint32_t> row_of = SparseRows(6000);
  for (const IndexKind kind : kKinds) {
    IndexParams params;
    params.kind = kind;
    const auto built = Build(data.rows(), params);
    ASSERT_NE(built, nullptr);
    for (const double share : {0.6, 0.05, 0.002}) {
      const RandomFilter filter(3 * 6000 + 1, share);
      IndexQuery query;
      query.filter = filter.filter();
      query.filter.row_of = row_of.data();
      EXPECT_GE(MeanRecall(*built->index, &data, query, 10), 0.95)
          << "kind " << static_cast<int>(kind) << " selectivity " << share;
    }
  }
}

TEST(BuildIndex, ThreadsSearchOneIndexAtOnce) {
  TestRows data(3000, 12, Metric::kL2);
  const RandomFilter filter(3000, 0.6);
  std::vector<std::vector<float>> vectors;
  for (int i = 0; i < 40; ++i) vectors.push_back(data.Draw());
  for (const IndexKind kind : kKinds) {
    IndexParams params;
    params.kind = kind;
    const auto built = Build(data.rows(), params);
    ASSERT_NE(built, nullptr);
    const auto search = [&](size_t i) {
      IndexQuery query;
      query.vector = vectors[i].data();
      query.params.ef = 20;
      if (i % 2 == 1) query.filter = filter.filter();
      return SearchChecked(*built->index, data, vectors[i], query);
    };
    std::vector<std::vector<Candidate>> together(vectors.size());
    base::ThreadPool pool("test", 3, 64);
    pool.ParallelFor(vectors.size(), 0, [&](size_t i) { together[i] = search(i); });
    for (size_t i = 0; i < vectors.size(); ++i) {
      const std::vector<Candidate> alone = search(i);
      ASSERT_EQ(together[i].size(), alone.size());
      for (size_t c = 0; c < alone.size(); ++c) {
        EXPECT_EQ(together[i][c].position, alone[c].position);
      }
    }
  }
}

TEST(BuildIndex, EqualRowsAreAllFound) {
  TestRows data(5000, 8, Metric::kL2);
  for (size_t i = 1; i < 5000; ++i) std::copy_n(data.mutable_row(0), 32, data.mutable_row(i));
  for (const IndexKind kind : kKinds) {
    IndexParams params;
    params.kind = kind;
    params.hnsw.ef_construction = 40;
    const auto built = Build(data.rows(), params);
    ASSERT_NE(built, nullptr);
    IndexQuery query;
    query.k = 50;
    EXPECT_EQ(MeanRecall(*built->index, &data, query, 3), 1.0);
  }
}

TEST(BuildIndex, OneThreadBuildsTheSameFileAgain) {
  TestRows data(3000, 12, Metric::kL2);
  for (const IndexKind kind :
       {IndexKind::kHnsw, IndexKind::kIvfFlat, IndexKind::kIvfPq, IndexKind::kGraph}) {
    IndexParams params;
    params.kind = kind;
    const auto first = Build(data.rows(), params);
    const auto second = Build(data.rows(), params);
    ASSERT_NE(first, nullptr);
    EXPECT_EQ(FileBytes(first->path), FileBytes(second->path));
    BuildContext other;
    other.seed = 2;
    const auto third = Build(data.rows(), params, other);
    EXPECT_NE(FileBytes(first->path), FileBytes(third->path));
  }
}

TEST(BuildIndex, ThreadsOfAPoolReportProgressAndBuildASoundIndex) {
  TestRows data(6000, 16, Metric::kL2);
  base::ThreadPool pool("test", 3, 64);
  for (const IndexKind kind :
       {IndexKind::kHnsw, IndexKind::kIvfFlat, IndexKind::kIvfPq, IndexKind::kGraph}) {
    IndexParams params;
    params.kind = kind;
    base::Mutex mu;
    std::vector<double> reports;
    BuildContext context;
    context.pool = &pool;
    context.progress = [&](double p) {
      base::MutexLock lock(mu);
      reports.push_back(p);
    };
    const auto built = Build(data.rows(), params, context);
    ASSERT_NE(built, nullptr);
    IndexQuery query;
    EXPECT_GE(MeanRecall(*built->index, &data, query, 20), 0.95);
    ASSERT_GT(reports.size(), 3u);
    EXPECT_EQ(reports.back(), 1.0);
    for (const double report : reports) {
      EXPECT_GE(report, 0.0);
      EXPECT_LE(report, 1.0);
    }
  }
}

TEST(BuildIndex, StopsWhenCancelled) {
  TestRows data(10'000, 32, Metric::kL2);
  base::ThreadPool pool("test", 2, 64);
  for (const IndexKind kind :
       {IndexKind::kHnsw, IndexKind::kIvfFlat, IndexKind::kIvfPq, IndexKind::kGraph}) {
    for (const double when : {0.0, 0.05, 0.6}) {
      CancelToken cancel = CancelToken::Manual();
      IndexParams params;
      params.kind = kind;
      BuildContext context;
      context.pool = &pool;
      context.cancel = cancel;
      std::atomic<double> worst{0};
      context.progress = [&](double p) {
        if (p >= when) cancel.Cancel();
        worst = std::max(worst.load(), p);
      };
      const sagitta::testing::TempDirectory temp;
      auto writer = base::SectionFileWriter::Create(temp / "index");
      ASSERT_TRUE(writer.ok());
      const auto built = BuildIndex(data.rows(), params, "", context, writer->get());
      ASSERT_FALSE(built.ok()) << "kind " << static_cast<int>(kind) << " at " << when;
      EXPECT_EQ(built.status().code(), StatusCode::kCancelled) << built.status().ToString();
      EXPECT_LT(worst, 0.9);
    }
  }
}

TEST(BuildIndex, BadParametersAreRefused) {
  TestRows data(100, 8, Metric::kL2);
  const sagitta::testing::TempDirectory temp;
  auto writer = base::SectionFileWriter::Create(temp / "index");
  ASSERT_TRUE(writer.ok());
  IndexParams params;
  params.kind = IndexKind::kSparse;
  auto built = BuildIndex(data.rows(), params, "", {}, writer->get());
  ASSERT_FALSE(built.ok());
  EXPECT_EQ(built.status().field(), "index.kind");
  params.kind = IndexKind::kHnsw;
  params.hnsw.m = 1000;
  built = BuildIndex(data.rows(), params, "", {}, writer->get());
  ASSERT_FALSE(built.ok());
  EXPECT_EQ(built.status().code(), StatusCode::kInvalidArgument);
}

TEST(BuildIndex, RowsThatAreNoNumbersDoNotBreakIt) {
  TestRows data(4000, 8, Metric::kL2);
  const float bad[] = {std::numeric_limits<float>::quiet_NaN(),
                       std::numeric_limits<float>::infinity(),
                       -std::numeric_limits<float>::infinity()};
  for (size_t i = 0; i < 4000; i += 10) std::memcpy(data.mutable_row(i), &bad[i / 10 % 3], 4);
  for (const IndexKind kind : kKinds) {
    IndexParams params;
    params.kind = kind;
    const auto built = Build(data.rows(), params);
    ASSERT_NE(built, nullptr);
    const std::vector<float> vector = data.Draw();
    IndexQuery query;
    query.vector = vector.data();
    std::vector<Candidate> found;
    uint64_t distances = 0;
    EXPECT_TRUE(built->index->Search(query, &found, &distances).ok());
    EXPECT_EQ(found.size(), 10u);
  }
}

}  // namespace
}  // namespace sagitta::index
