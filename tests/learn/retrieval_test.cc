#include "learn/retrieval.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/learn/synthetic_pairs.h"

namespace sagitta::learn {
namespace {

TEST(Retrieval, RanksByProductAndThenByRow) {
  Matrix documents(4, 2), queries(1, 2);
  documents.values = {1, 0, 0, 1, 0, 1, 2, 0};
  queries.values = {0, 1};
  const auto recall = [&](uint32_t own) {
    return MeasureOwn(queries, documents, {own}, CancelToken())->recall_at_1;
  };
  EXPECT_EQ(recall(1), 1.0);
  EXPECT_EQ(recall(2), 1.0);  // the same document
  EXPECT_EQ(recall(0), 0.0);
  queries.values = {0, 0};
  EXPECT_EQ(recall(0), 1.0);
  EXPECT_EQ(recall(3), 0.0);  // as good as all others, and the last
  EXPECT_EQ(*FindBest(queries, documents, 2, CancelToken()), (std::vector<uint32_t>{0, 1}));
  queries.values = {std::numeric_limits<float>::quiet_NaN(), 0};
  EXPECT_EQ(recall(0), 0.0);
}

TEST(Retrieval, PartsOfManyDocumentsAreOneRanking) {
  const Matrix documents = NormalRows(20'000, 3, 1), queries = NormalRows(70, 3, 2);
  const auto best = FindBest(queries, documents, 10, CancelToken());
  ASSERT_TRUE(best.ok());
  std::vector<uint32_t> own;
  for (size_t q = 0; q < 70; ++q) {
    uint32_t first = 0;
    const auto product = [&](uint32_t row) {
      double sum = 0;
      for (size_t d = 0; d < 3; ++d) sum += double{queries.row(q)[d]} * documents.row(row)[d];
      return sum;
    };
    for (uint32_t row = 1; row < 20'000; ++row) {
      if (product(row) > product(first)) first = row;
    }
    EXPECT_EQ((*best)[10 * q], first);
    own.push_back(q % 2 == 0 ? (*best)[10 * q] : (*best)[10 * q + 9]);
  }
  const auto found = MeasureOwn(queries, documents, own, CancelToken());
  EXPECT_EQ(found->recall_at_1, 0.5);
  EXPECT_EQ(found->recall_at_10, 1.0);
  EXPECT_EQ(*MeasureShared(queries, documents, 10, *best, CancelToken()), 1.0);
  CancelToken cancel = CancelToken::Manual();
  cancel.Cancel();
  EXPECT_EQ(MeasureOwn(queries, documents, own, cancel).status().code(), StatusCode::kCancelled);
}

}  // namespace
}  // namespace sagitta::learn
