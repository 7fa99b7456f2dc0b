// Indexes over packed bits, against bits compared one by one. Ties at the k-th distance count as
// right.
#include <gtest/gtest.h>

#include "index_testing.h"

namespace sagitta::index {
namespace {

constexpr IndexKind kKinds[] = {IndexKind::kBinaryFlat, IndexKind::kBinaryHnsw,
                                IndexKind::kBinaryIvf};
constexpr size_t kRows = 12'000;

IndexParams Of(IndexKind kind) {
  IndexParams params;
  params.kind = kind;
  return params;
}

class BinaryRecallTest : public ::testing::TestWithParam<std::tuple<IndexKind, Metric>> {};

TEST_P(BinaryRecallTest, HoldsAtEverySelectivity) {
  const auto [kind, metric] = GetParam();
  TestRows data(kRows, 256, metric, Dtype::kBits, 1, 200);
  const auto built = Build(data.rows(), Of(kind));
  ASSERT_NE(built, nullptr);
  ASSERT_EQ(built->index->kind(), kind);
  IndexQuery query;
  uint64_t distances = 0;
  const double least = kind == IndexKind::kBinaryFlat ? 1.0 : 0.95;
  EXPECT_GE(MeanRecall(*built->index, &data, query, 40, &distances), least);
  if (kind != IndexKind::kBinaryFlat) {
    EXPECT_LT(distances, 40 * kRows / 3) << "most rows were looked at";
  }
  for (const double share : {0.5, 0.1, 0.01, 0.001}) {
    const RandomFilter filter(kRows, share);
    query.filter = filter.filter();
    EXPECT_GE(MeanRecall(*built->index, &data, query, 20), least) << "selectivity " << share;
  }
  query.filter = {};
  query.params.exact = true;
  EXPECT_EQ(MeanRecall(*built->index, &data, query, 5), 1.0);
}

INSTANTIATE_TEST_SUITE_P(All, BinaryRecallTest,
                         ::testing::Combine(::testing::ValuesIn(kKinds),
                                            ::testing::Values(Metric::kHamming, Metric::kJaccard)));

TEST(BinaryIndex, FewRowsOfAnyLengthAreSearchable) {
  for (const IndexKind kind : kKinds) {
    for (const Metric metric : {Metric::kHamming, Metric::kJaccard}) {
      for (const uint32_t dim : {1u, 7u, 65u, 1000u}) {
        for (const size_t n : {0u, 1u, 3u, 39u, 300u}) {
          TestRows data(n, dim, metric, Dtype::kBits, 1, 8);
          const auto built = Build(data.rows(), Of(kind));
          ASSERT_NE(built, nullptr);
          EXPECT_TRUE(IsBinary(built->kind));
          EXPECT_TRUE(Satisfies(Of(kind), built->kind, Of(kind), {n, dim, Dtype::kBits}));
          IndexQuery query;
          query.k = 5;
          EXPECT_GE(MeanRecall(*built->index, &data, query, 4), 0.7)
              << static_cast<int>(kind) << " dim " << dim << " rows " << n;
        }
      }
    }
  }
}

TEST(BinaryIndex, TheLongestRows) {
  TestRows data(400, 65'536, Metric::kHamming, Dtype::kBits, 1, 5);
  for (const IndexKind kind : kKinds) {
    const auto built = Build(data.rows(), Of(kind));
    ASSERT_NE(built, nullptr);
    EXPECT_EQ(built->kind, kind);
    EXPECT_GE(MeanRecall(*built->index, &data, {}, 3), 0.9);
  }
}

TEST(BinaryIndex, EqualAndEmptyRows) {
  for (const Metric metric : {Metric::kHamming, Metric::kJaccard}) {
    TestRows data(3000, 40, metric, Dtype::kBits);
    for (size_t i = 0; i < 3000; ++i) {
      if (i % 3 != 0) std::memset(data.mutable_row(i), i % 3 == 1 ? 0 : 0x5a, 5);
    }
    const std::vector<float> empty(2, 0.0f);
    for (const IndexKind kind : kKinds) {
      const auto built = Build(data.rows(), Of(kind));
      ASSERT_NE(built, nullptr);
      const auto found = SearchChecked(*built->index, data, empty, {});
      ASSERT_EQ(found.size(), 10u);
      for (const Candidate& candidate : found) EXPECT_EQ(candidate.key, 0.0f);
    }
  }
}

TEST(BinaryIndex, KindsAndDtypesThatDoNotFitAreRefused) {
  TestRows bits(100, 16, Metric::kHamming, Dtype::kBits), floats(100, 16, Metric::kL2);
  const sagitta::testing::TempDirectory temp;
  auto writer = base::SectionFileWriter::Create(temp / "index");
  ASSERT_TRUE(writer.ok());
  for (const IndexKind kind : {IndexKind::kFlat, IndexKind::kHnsw, IndexKind::kIvfFlat,
                               IndexKind::kIvfPq, IndexKind::kGraph, IndexKind::kBinary}) {
    const auto built = BuildIndex(bits.rows(), Of(kind), "", {}, writer->get());
    EXPECT_EQ(built.status().field(), "index.kind") << static_cast<int>(kind);
  }
  for (const IndexKind kind : kKinds) {
    const auto built = BuildIndex(floats.rows(), Of(kind), "", {}, writer->get());
    EXPECT_EQ(built.status().field(), "index.kind") << static_cast<int>(kind);
  }
}

TEST(BinaryIndex, BuildingEndsWhenCancelled) {
  TestRows data(8000, 512, Metric::kHamming, Dtype::kBits);
  for (const IndexKind kind : {IndexKind::kBinaryHnsw, IndexKind::kBinaryIvf}) {
    CancelToken cancel = CancelToken::Manual();
    BuildContext context;
    context.cancel = cancel;
    context.progress = [&](double done) {
      if (done >= 0.1) cancel.Cancel();
    };
    const sagitta::testing::TempDirectory temp;
    auto writer = base::SectionFileWriter::Create(temp / "index");
    ASSERT_TRUE(writer.ok());
    const auto built = BuildIndex(data.rows(), Of(kind), "", context, writer->get());
    EXPECT_EQ(built.status().code(), StatusCode::kCancelled) << static_cast<int>(kind);
  }
}

}  // namespace
}  // namespace sagitta::index
