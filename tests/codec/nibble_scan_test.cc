#include "codec/nibble_scan.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

#include "codec_testing.h"

namespace sagitta::codec {
namespace {

constexpr size_t kMany = 12'000, kClusters = 30;

// One cluster after the other; what varies, varies in few directions.
std::vector<float> Clusters(size_t n, float decay, uint64_t seed) {
  std::mt19937_64 shape(5), random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> centres(kClusters * kDim), rows(n * kDim);
  const auto fall = [&](size_t d) { return std::exp(-decay * static_cast<float>(d)); };
  for (size_t i = 0; i < centres.size(); ++i) centres[i] = 3.0f * normal(shape) * fall(i % kDim);
  for (size_t i = 0; i < n; ++i) {
    const float* centre = centres.data() + i * kClusters / n * kDim;
    for (size_t d = 0; d < kDim; ++d) rows[i * kDim + d] = centre[d] + normal(random) * fall(d);
  }
  return rows;
}

size_t MissedBy(const CodecSpec& spec, const std::vector<float>& rows,
                const std::vector<float>& queries, size_t k) {
  const Stored stored = Store(Train(spec, rows), rows);
  size_t missed = 0;
  for (size_t q = 0; q < queries.size() / kDim; ++q) {
    const auto query = stored.codec->Prepare(queries.data() + q * kDim);
    missed += Missed(*query, stored, rows.size() / kDim, k, 4096);
  }
  return missed;
}

// What is learned of the first cluster is of no use for the last, and rows of the query's own look
// unlike all others.
TEST(NibbleScan, TheNearestOfOrderedClustersAreFound) {
  for (const float decay : {0.05f, 0.2f, 0.4f}) {
    const std::vector<float> rows = Clusters(kMany, decay, 1), queries = Clusters(60, decay, 2);
    for (const Metric metric : {Metric::kL2, Metric::kInnerProduct}) {
      for (const size_t k : {1u, 10u, 100u}) {
        const CodecSpec transform{.kind = CodecKind::kAllocated,
                                  .metric = metric,
                                  .bytes = metric == Metric::kL2 ? 30u : 26u};
        EXPECT_LE(MissedBy(transform, rows, queries, k), 60 * k / 500) << decay << ", " << k;
        const CodecSpec scalar{.kind = CodecKind::kScalar, .metric = metric, .bits = 8};
        EXPECT_LE(MissedBy(scalar, rows, queries, k), 60 * k / 500) << decay << ", " << k;
      }
    }
  }
}

TEST(NibbleScan, QueriesFarFromAllRowsFindTheNearest) {
  std::vector<float> rows = Clusters(kMany, 0.3f, 1), queries = Clusters(30, 0.3f, 3);
  for (float& v : queries) v = 20.0f - 7.0f * v;
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct}) {
    const CodecSpec spec{.kind = CodecKind::kAllocated, .metric = metric, .bytes = 32};
    EXPECT_LE(MissedBy(spec, rows, queries, 10), 1u);
  }
}

class SecondLookTest : public testing::Test {
 protected:
  // Sums with these deviations.
  void Learn(float first, float second) {
    std::mt19937 random(3);
    std::normal_distribution<float> normal;
    for (int block = 0; block < 40; ++block) {
      std::array<uint32_t, 64> a, b;
      for (size_t r = 0; r < 64; ++r) {
        a[r] = static_cast<uint32_t>(5000.0f + first * normal(random));
        b[r] = static_cast<uint32_t>(3000.0f + second * normal(random));
      }
      look_.Learn(a.data(), b.data());
    }
  }
  SecondLook look_{2};
};

TEST_F(SecondLookTest, TellsWhetherTheFirstDecides) {
  EXPECT_FALSE(look_.learned());
  Learn(500.0f, 40.0f);
  EXPECT_TRUE(look_.learned());
  EXPECT_TRUE(look_.decided_by_first());
  Learn(500.0f, 400.0f);
  EXPECT_FALSE(look_.decided_by_first());
}

TEST_F(SecondLookTest, TheMostIsThatOfTheNearest) {
  Learn(500.0f, 100.0f);
  EXPECT_NEAR(look_.Most(), 3400.0f, 20.0f);
  look_.Keep(1.0f, 7, 3100);
  EXPECT_NEAR(look_.Most(), 3400.0f, 20.0f);
  look_.Keep(2.0f, 8, 3800);
  EXPECT_NEAR(look_.Most(), 3950.0f, 20.0f);
  look_.Keep(1.5f, 9, 3500);  // drives the last one out
  EXPECT_NEAR(look_.Most(), 3650.0f, 20.0f);
}

}  // namespace
}  // namespace sagitta::codec
