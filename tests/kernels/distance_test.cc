// Every level that this machine has, in one process, against sums in double precision.
//
// Tolerance: a sum of n floats in any order is off by at most n·2^-24 of the sum of the terms'
// magnitudes, and typically by sqrt(n)·2^-24. kernels.h promises 1e-5·sqrt(dim) of the magnitudes;
// the tests ask for 1e-6·sqrt(dim), 17 times the typical error. Integer rows against integer rows
// are exact.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "tests/kernels/rows.h"

namespace sagitta::kernels {
namespace {

std::string Describe(Level level, Dtype dtype, Metric metric, size_t dim) {
  return std::string(LevelName(level)) + " dtype " + std::to_string(static_cast<int>(dtype)) +
         " metric " + std::to_string(static_cast<int>(metric)) + " dim " + std::to_string(dim);
}

// Calls `check(level, dtype, metric, table)` for every combination.
template <typename Check>
void ForEachTable(const Check& check) {
  for (const Level level : AvailableLevels()) {
    for (const Dtype dtype : kAllDtypes) {
      for (const Metric metric : kAllMetrics) {
        check(level, dtype, metric, DistancesAt(level, dtype, metric));
      }
    }
  }
}

TEST(Distance, QueryRowIsTheSumInDoubles) {
  std::mt19937 random(1);
  ForEachTable([&](Level level, Dtype dtype, Metric metric, const DistanceTable& table) {
    for (const size_t dim : kDims) {
      const std::vector<float> query = RandomFloats(random, Dtype::kF32, dim);
      const std::vector<uint8_t> row = Encode(dtype, RandomFloats(random, dtype, dim));
      const Reference want = ReferenceKey(metric, query, Decode(dtype, row.data(), dim));
      const double tolerance = 1e-6 * std::sqrt(static_cast<double>(dim)) * want.magnitudes;
      EXPECT_NEAR(table.query_row(query.data(), row.data(), dim), want.key, tolerance)
          << Describe(level, dtype, metric, dim);
    }
  });
}

TEST(Distance, RowRowIsTheSumInDoublesAndExactForIntegers) {
  std::mt19937 random(2);
  ForEachTable([&](Level level, Dtype dtype, Metric metric, const DistanceTable& table) {
    for (const size_t dim : kDims) {
      const std::vector<uint8_t> a = Encode(dtype, RandomFloats(random, dtype, dim));
      const std::vector<uint8_t> b = Encode(dtype, RandomFloats(random, dtype, dim));
      const Reference want =
          ReferenceKey(metric, Decode(dtype, a.data(), dim), Decode(dtype, b.data(), dim));
      const float got = table.row_row(a.data(), b.data(), dim);
      if (DtypeBytes(dtype) == 1) {
        EXPECT_EQ(got, static_cast<float>(want.key)) << Describe(level, dtype, metric, dim);
      } else {
        const double tolerance = 1e-6 * std::sqrt(static_cast<double>(dim)) * want.magnitudes;
        EXPECT_NEAR(got, want.key, tolerance) << Describe(level, dtype, metric, dim);
      }
    }
  });
}

TEST(Distance, IntegerRowsAtTheEndsOfTheirRangesAndTheLargestDim) {
  for (const Level level : AvailableLevels()) {
    for (const Dtype dtype : {Dtype::kI8, Dtype::kU8}) {
      for (const Metric metric : kAllMetrics) {
        for (const size_t dim : {size_t{8191}, size_t{8192}}) {
          for (const int x : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
            for (const int y : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
              const std::vector<uint8_t> a(dim, static_cast<uint8_t>(x));
              const std::vector<uint8_t> b(dim, static_cast<uint8_t>(y));
              const Reference want =
                  ReferenceKey(metric, Decode(dtype, a.data(), dim), Decode(dtype, b.data(), dim));
              EXPECT_EQ(DistancesAt(level, dtype, metric).row_row(a.data(), b.data(), dim),
                        static_cast<float>(want.key))
                  << Describe(level, dtype, metric, dim) << " bytes " << x << " and " << y;
            }
          }
        }
      }
    }
  }
}

TEST(Distance, ManyAndGatherGiveTheBitsOfRowAtAnyAlignmentAndStride) {
  std::mt19937 random(3);
  ForEachTable([&](Level level, Dtype dtype, Metric metric, const DistanceTable& table) {
    for (const size_t dim : kDims) {
      for (const size_t n : {0, 1, 2, 3, 4, 5, 7, 8, 23}) {
        const size_t stride = dim * DtypeBytes(dtype) + dim % 5;
        const size_t offset = 1 + dim % 3;  // floats at odd addresses
        const std::vector<uint8_t> encoded = Encode(dtype, RandomFloats(random, dtype, dim * n));
        std::vector<uint8_t> rows(offset + stride * n, 0xff);  // between rows: NaN
        std::vector<uint32_t> ids(n);
        for (size_t i = 0; i < n; ++i) {
          const size_t bytes = dim * DtypeBytes(dtype);
          std::memcpy(rows.data() + offset + i * stride, encoded.data() + i * bytes, bytes);
          ids[i] = static_cast<uint32_t>(random() % n);
        }
        const std::vector<float> query = RandomFloats(random, Dtype::kF32, dim);
        const uint8_t* base = rows.data() + offset;
        std::vector<float> many(n + 1, 7.5f), gathered(n + 1, 7.5f);
        table.query_many(query.data(), base, stride, n, dim, many.data());
        table.query_gather(query.data(), base, stride, ids.data(), n, dim, gathered.data());
        for (size_t i = 0; i < n; ++i) {
          const std::string what = Describe(level, dtype, metric, dim);
          EXPECT_EQ(many[i], table.query_row(query.data(), base + i * stride, dim)) << what;
          EXPECT_EQ(gathered[i], many[ids[i]]) << what;
        }
        EXPECT_EQ(many[n], 7.5f);
        EXPECT_EQ(gathered[n], 7.5f);
      }
    }
  });
}

TEST(Distance, NothingIsReadPastARowsEnd) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t room = 2 * page;
  auto* memory = static_cast<uint8_t*>(
      mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  ASSERT_EQ(mprotect(memory + room, page, PROT_NONE), 0);
  ForEachTable([&](Level, Dtype dtype, Metric, const DistanceTable& table) {
    for (const size_t dim : kDims) {
      // Query and row both end at the forbidden page.
      const auto* query = reinterpret_cast<const float*>(memory + room - dim * 4);
      const uint8_t* row = memory + room - dim * DtypeBytes(dtype);
      const uint32_t id = 0;
      float key;
      EXPECT_EQ(table.query_row(query, row, dim), 0.0f);
      EXPECT_EQ(table.row_row(row, row, dim), 0.0f);
      table.query_gather(query, row, 1, &id, 1, dim, &key);
      EXPECT_EQ(key, 0.0f);
    }
  });
  munmap(memory, 3 * page);
}

TEST(Distance, DimZeroIsZero) {
  ForEachTable([&](Level, Dtype, Metric, const DistanceTable& table) {
    const float query = 3;
    const uint32_t ids[2] = {0, 0};
    float keys[2] = {1, 1};
    EXPECT_EQ(table.query_row(&query, &query, 0), 0.0f);
    EXPECT_EQ(table.row_row(&query, &query, 0), 0.0f);
    table.query_gather(&query, &query, 0, ids, 2, 0, keys);
    EXPECT_EQ(keys[1], 0.0f);
  });
}

TEST(Distance, OverflowIsInfiniteAndDenormalsCount) {
  constexpr float kMax = std::numeric_limits<float>::max();
  constexpr float kTiny = std::numeric_limits<float>::denorm_min();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const Level level : AvailableLevels()) {
    SCOPED_TRACE(LevelName(level));
    const auto key = [&](Metric metric, float q, float x, size_t dim) {
      const std::vector<float> query(dim, q), row(dim, x);
      return DistancesAt(level, Dtype::kF32, metric).query_row(query.data(), row.data(), dim);
    };
    for (const size_t dim : {1, 17, 64, 100}) {
      EXPECT_EQ(key(Metric::kL2, kMax, -kMax, dim), kInfinity);
      EXPECT_EQ(key(Metric::kInnerProduct, kMax, kMax, dim), -kInfinity);
      EXPECT_EQ(key(Metric::kInnerProduct, kMax, -kMax, dim), kInfinity);
      EXPECT_EQ(key(Metric::kL1, kMax, -kMax, dim), kInfinity);
      EXPECT_EQ(key(Metric::kL1, kMax, kMax, dim), 0.0f);
      EXPECT_EQ(key(Metric::kL1, kTiny, 0, dim), kTiny * static_cast<float>(dim));
      EXPECT_EQ(key(Metric::kInnerProduct, kTiny, -1, dim), kTiny * static_cast<float>(dim));
      EXPECT_EQ(key(Metric::kL2, kTiny, 0, dim), 0.0f);
      EXPECT_TRUE(std::isnan(key(Metric::kL2, kInfinity, kInfinity, dim)));
    }
  }
}

TEST(Distance, HalfRowsWithInfinities) {
  for (const Level level : AvailableLevels()) {
    for (const Dtype dtype : {Dtype::kF16, Dtype::kBf16}) {
      SCOPED_TRACE(Describe(level, dtype, Metric::kL2, 33));
      std::vector<float> values(33, 1.0f);
      values[20] = std::numeric_limits<float>::infinity();
      const std::vector<uint8_t> row = Encode(dtype, values);
      const std::vector<float> query(33, 2.0f);
      const auto key = [&](Metric metric) {
        return DistancesAt(level, dtype, metric).query_row(query.data(), row.data(), 33);
      };
      EXPECT_EQ(key(Metric::kL2), std::numeric_limits<float>::infinity());
      EXPECT_EQ(key(Metric::kL1), std::numeric_limits<float>::infinity());
      EXPECT_EQ(key(Metric::kInnerProduct), -std::numeric_limits<float>::infinity());
    }
  }
}

TEST(Norm, IsTheSumOfSquares) {
  std::mt19937 random(4);
  for (const Level level : AvailableLevels()) {
    for (const size_t dim : kDims) {
      const std::vector<float> v = RandomFloats(random, Dtype::kF32, dim);
      const double want = std::inner_product(v.begin(), v.end(), v.begin(), 0.0,
                                             std::plus<double>(), std::multiplies<double>());
      EXPECT_NEAR(TableAt(level).squared_norm(v.data(), dim), want,
                  1e-6 * std::sqrt(static_cast<double>(dim)) * want)
          << LevelName(level) << " dim " << dim;
    }
  }
  const float three_four[2] = {3, 4};
  EXPECT_EQ(SquaredNorm(three_four, 2), 25.0f);
}

TEST(Finite, FindsEachBadElementWhereverItIs) {
  constexpr float kBad[] = {std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()};
  for (const Level level : AvailableLevels()) {
    const auto all_finite = TableAt(level).all_finite;
    for (const size_t dim : kDims) {
      std::vector<float> v(dim, -std::numeric_limits<float>::max());
      v[dim / 2] = std::numeric_limits<float>::denorm_min();
      EXPECT_TRUE(all_finite(v.data(), dim)) << LevelName(level) << " dim " << dim;
      for (size_t i = 0; i < dim; ++i) {
        const float good = v[i];
        v[i] = kBad[i % 3];
        EXPECT_FALSE(all_finite(v.data(), dim))
            << LevelName(level) << " dim " << dim << " at " << i;
        v[i] = good;
      }
    }
    EXPECT_TRUE(all_finite(nullptr, 0));
  }
}

}  // namespace
}  // namespace sagitta::kernels
