#include "index/pq_codebook.h"

#include <faiss/impl/ProductQuantizer.h>
#include <gtest/gtest.h>

#include <random>

namespace sagitta::index {
namespace {

TEST(PqCodebook, SumsAreThoseOfTheDecodedVectors) {
  std::mt19937 random(6);
  std::normal_distribution<float> normal;
  for (const uint32_t nbits : {4u, 5u, 6u, 7u, 8u}) {
    for (const auto& [dim, m] : {std::pair{12u, 3u}, {14u, 7u}, {5u, 5u}, {9u, 1u}}) {
      const PqShape shape{dim, m, nbits};
      faiss::ProductQuantizer faiss_pq(dim, m, nbits);
      ASSERT_EQ(faiss_pq.code_size, shape.code_size());
      for (float& v : faiss_pq.centroids) v = normal(random);
      std::vector<float> codebook(shape.codebook_floats());
      for (uint32_t d = 0; d < dim; ++d) {
        for (uint32_t c = 0; c < shape.ksub(); ++c) {
          codebook[d * shape.ksub() + c] =
              faiss_pq.get_centroids(d / shape.dsub(), c)[d % shape.dsub()];
        }
      }
      std::vector<float> query(dim);
      for (float& v : query) v = normal(random);
      constexpr size_t kCodes = 9;
      std::vector<uint8_t> codes(kCodes * shape.code_size());
      for (size_t i = 0; i < kCodes; ++i) {
        std::vector<float> vector(dim);
        for (float& v : vector) v = normal(random);
        faiss_pq.compute_code(vector.data(), codes.data() + i * shape.code_size());
      }
      std::vector<float> table;
      MakeLookupTable(shape, codebook.data(), query.data(), -2.0f, &table);
      std::vector<float> sums(kCodes);
      SumCodes(shape, table.data(), codes.data(), kCodes, sums.data());
      for (size_t i = 0; i < kCodes; ++i) {
        std::vector<float> decoded(dim);
        faiss_pq.decode(codes.data() + i * shape.code_size(), decoded.data());
        double dot = 0;
        for (uint32_t d = 0; d < dim; ++d) dot += double{decoded[d]} * query[d];
        EXPECT_NEAR(sums[i], -2 * dot, 1e-4 * (1 + std::abs(dot)));
      }
    }
  }
}

}  // namespace
}  // namespace sagitta::index
