#include "index/faiss_adapter.h"

#include <gtest/gtest.h>
#include <omp.h>

#include "index_testing.h"

namespace sagitta::index {
namespace {

TEST(RowDistanceComputer, ComputesKeysOfQueriesAndRows) {
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kL1}) {
    TestRows data(50, 19, metric, Dtype::kF16);
    RowDistanceComputer distance(data.rows(), nullptr);
    const std::vector<float> query = data.Draw();
    distance.set_query(query.data());
    for (int64_t i = 0; i < 50; ++i) {
      EXPECT_NEAR(distance(i), TrueKey(data, query, static_cast<size_t>(i)), 1e-3);
    }
    const std::vector<double> row = data.RowAsDoubles(7);
    const std::vector<float> as_query(row.begin(), row.end());
    distance.SetRow(7);
    for (int64_t i = 0; i < 50; ++i) {
      const double truth = TrueKey(data, as_query, static_cast<size_t>(i));
      EXPECT_NEAR(distance(i), truth, 1e-3);
      EXPECT_NEAR(distance.symmetric_dis(7, i), truth, 1e-3);
      EXPECT_EQ(distance.symmetric_dis(7, i), distance.symmetric_dis(i, 7));
    }
  }
}

TEST(RowDistanceComputer, SubtractsTheLiftBetweenRowsOnly) {
  TestRows data(20, 8, Metric::kInnerProduct);
  const std::vector<float> lift = LiftForInnerProduct(data.rows());
  RowDistanceComputer plain(data.rows(), nullptr);
  RowDistanceComputer lifted(data.rows(), lift.data());
  const std::vector<float> query = data.Draw();
  plain.set_query(query.data());
  lifted.set_query(query.data());
  EXPECT_EQ(plain(3), lifted(3));
  plain.SetRow(2);
  lifted.SetRow(2);
  EXPECT_NEAR(lifted(3), plain(3) - lift[2] * lift[3], 1e-4);
  EXPECT_NEAR(lifted.symmetric_dis(2, 3), lifted(3), 1e-5);
}

// All rows get the norm² that the largest has, half of what is missing being the lift's square.
TEST(LiftForInnerProduct, IsNothingForTheLongestRow) {
  TestRows data(100, 8, Metric::kInnerProduct);
  const std::vector<float> lift = LiftForInnerProduct(data.rows());
  std::vector<double> norms;
  for (size_t i = 0; i < 100; ++i) {
    double norm = 0;
    for (const double v : data.RowAsDoubles(i)) norm += v * v;
    norms.push_back(norm);
  }
  const double most = *std::max_element(norms.begin(), norms.end());
  for (size_t i = 0; i < 100; ++i) {
    EXPECT_NEAR(double{lift[i]} * lift[i], 0.5 * (most - norms[i]), 1e-3 * most);
  }
}

TEST(KernelStorage, SearchesExactly) {
  TestRows data(300, 16, Metric::kL2);
  const KernelStorage storage(data.rows());
  EXPECT_EQ(storage.ntotal, 300);
  const std::vector<float> query = data.Draw();
  const std::vector<double> truth = TrueKeys(data, query, 300);
  std::vector<float> keys(310);
  std::vector<int64_t> labels(310);
  storage.search(1, query.data(), 310, keys.data(), labels.data());
  for (size_t i = 0; i < 300; ++i) EXPECT_NEAR(keys[i], truth[i], 1e-3 * (1 + truth[i]));
  for (size_t i = 300; i < 310; ++i) EXPECT_EQ(labels[i], -1);
  KernelStorage fixed(data.rows());
  EXPECT_THROW(fixed.add(1, query.data()), std::exception);
  EXPECT_THROW(fixed.reset(), std::exception);
}

TEST(CentroidIndex, ThrowsWhenCancelled) {
  CancelToken cancel = CancelToken::Manual();
  BuildContext context;
  context.cancel = cancel;
  CentroidIndex index(2, context, 5);
  const float centroids[] = {0, 0, 10, 10};
  const float points[] = {1, 1, 8, 9};
  index.add(2, centroids);
  float keys[2];
  int64_t labels[2];
  index.search(2, points, 1, keys, labels);
  EXPECT_EQ(labels[0], 0);
  EXPECT_EQ(labels[1], 1);
  EXPECT_EQ(keys[1], 5);
  EXPECT_THROW(index.search(1, points, 2, keys, labels), std::exception);
  cancel.Cancel();
  EXPECT_THROW(index.search(2, points, 1, keys, labels), std::exception);
}

TEST(SingleOpenMpThread, GivesThreadsBack) {
  omp_set_num_threads(3);
  {
    const SingleOpenMpThread single;
    EXPECT_EQ(omp_get_max_threads(), 1);
  }
  EXPECT_EQ(omp_get_max_threads(), 3);
}

}  // namespace
}  // namespace sagitta::index
