#include "index/nearest.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace sagitta::index {
namespace {

TEST(NearestTable, AgreesWithALoopOverAll) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (const uint32_t dim : {1u, 2u, 3u, 4u, 7u, 8u, 15u, 16u, 17u, 33u, 100u}) {
    for (const size_t count : {1u, 2u, 15u, 16u, 17u, 255u, 256u, 300u}) {
      std::vector<float> centroids(count * dim);
      for (float& v : centroids) v = normal(random);
      NearestTable table(dim);
      table.Set(centroids.data(), count);
      constexpr size_t kPoints = 20;
      std::vector<float> points(kPoints * dim);
      for (float& v : points) v = normal(random);
      std::vector<uint32_t> nearest(kPoints);
      std::vector<float> keys(kPoints);
      table.Find(points.data(), kPoints, nearest.data(), keys.data());
      for (size_t i = 0; i < kPoints; ++i) {
        double best = std::numeric_limits<double>::infinity();
        double chosen = best;
        for (size_t c = 0; c < count; ++c) {
          double sum = 0;
          for (uint32_t d = 0; d < dim; ++d) {
            const double difference = points[i * dim + d] - double{centroids[c * dim + d]};
            sum += difference * difference;
          }
          best = std::min(best, sum);
          if (c == nearest[i]) chosen = sum;
        }
        EXPECT_NEAR(chosen, best, 1e-5 * (1 + best)) << "dim " << dim << " count " << count;
        EXPECT_NEAR(keys[i], best, 1e-4 * (1 + best));
      }
    }
  }
}

}  // namespace
}  // namespace sagitta::index
