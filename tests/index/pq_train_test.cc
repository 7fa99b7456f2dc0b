#include "index/pq_train.h"

#include <gtest/gtest.h>

#include "index/ivf_train.h"
#include "index_testing.h"

namespace sagitta::index {
namespace {

struct Trained {
  IvfAssignment lists;
  std::vector<uint32_t> list_of;
  PqCodes pq;
};

Trained Train(const TestRows& data, const PqShape& shape) {
  Trained out;
  EXPECT_TRUE(TrainLists(data.rows(), 20, {}, &out.lists, &out.list_of).ok());
  EXPECT_TRUE(TrainPq(data.rows(), shape, out.lists, out.list_of, {}, &out.pq).ok());
  return out;
}

// Number j of the code at `entry`, from the bytes.
uint32_t Number(const PqShape& shape, const PqCodes& pq, size_t entry, uint32_t j) {
  const uint8_t* code = pq.codes.data() + entry * shape.code_size();
  uint32_t number = 0;
  for (uint32_t b = 0; b < shape.nbits; ++b) {
    const uint32_t bit = j * shape.nbits + b;
    number |= (code[bit / 8] >> bit % 8 & 1u) << b;
  }
  return number;
}

// From the code and the bias comes the distance to what the code stands for, and that is near the
// row.
TEST(TrainPq, BiasAndCodesGiveTheDistanceToTheCodedRow) {
  TestRows data(3000, 12, Metric::kL2);
  for (const uint32_t nbits : {4u, 5u, 8u}) {
    const PqShape shape{12, 6, nbits};
    const Trained trained = Train(data, shape);
    ASSERT_EQ(trained.pq.codebook.size(), shape.codebook_floats());
    ASSERT_EQ(trained.pq.codes.size(), 3000 * shape.code_size());
    const std::vector<float> query = data.Draw();
    double error = 0;
    double spread = 0;
    for (size_t entry = 0; entry < 3000; ++entry) {
      const uint32_t position = trained.lists.positions[entry];
      const float* centroid = trained.lists.centroids.data() + trained.list_of[position] * 12;
      const std::vector<double> row = data.RowAsDoubles(position);
      double truth = 0;
      double to_centroid = 0;
      double dot = 0;
      for (uint32_t d = 0; d < 12; ++d) {
        const uint32_t number = Number(shape, trained.pq, entry, d / shape.dsub());
        const double residual = trained.pq.codebook[d * shape.ksub() + number];
        const double difference = query[d] - centroid[d];
        truth += (difference - residual) * (difference - residual);
        to_centroid += difference * difference;
        dot += query[d] * residual;
        error += std::pow(row[d] - centroid[d] - residual, 2);
        spread += std::pow(row[d] - centroid[d], 2);
      }
      EXPECT_NEAR(to_centroid + trained.pq.bias[entry] - 2 * dot, truth, 1e-3 * (1 + truth));
    }
    EXPECT_LT(error, spread * (nbits == 8 ? 0.2 : 0.6)) << nbits;
  }
}

TEST(TrainPq, DotProductsNeedNoBias) {
  TestRows data(1000, 8, Metric::kInnerProduct);
  EXPECT_TRUE(Train(data, {8, 4, 4}).pq.bias.empty());
}

}  // namespace
}  // namespace sagitta::index
