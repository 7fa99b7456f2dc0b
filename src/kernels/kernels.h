// Distance kernels, chosen once per process for the best instruction set that the CPU has.
//
// A key is a number that is smaller for closer rows: squared L2, sum of absolute differences, the
// negated dot product, or the HAMMING or JACCARD distance of packed bits (bits_table.h), which is
// the same number at every level. COSINE is the dot product of rows normalised on the way in. Float
// results are sums in another order than the scalar ones: relative error ≤ 1e-5·sqrt(dim) of the
// sum of magnitudes. Within a level, a query and a row give the same bits from every entry point of
// a table. Rows need no alignment. All functions are thread-safe and never fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kernels/distance_table.h"
#include "sagitta/point.h"
#include "sagitta/schema.h"

namespace sagitta::kernels {

enum class Level : uint8_t {
  kScalar = 0,
  kAvx2 = 1,
  kAvx512 = 2,
  kAvx512Vnni = 3,
  kAvx512Vpopcntdq = 4,
  kNeon = 5,
};
// "scalar", "avx2", "avx512", "avx512-vnni", "avx512-vpopcntdq", "neon"
std::string_view LevelName(Level level);
std::optional<Level> ParseLevel(std::string_view name);  // of LevelName(); case counts

// Levels that this binary has and this CPU runs, worst first.
std::vector<Level> AvailableLevels();
// The best available, or the one that SAGITTA_SIMD names (and the best below it when it is not
// there). The environment is read once; a name that is no level's is logged and ignored.
Level ActiveLevel();
// The choice that ActiveLevel() makes. "Below" is in the order of Level's values.
// REQUIRES: `available` is sorted and begins with kScalar.
Level ChooseLevel(std::string_view wanted, std::span<const Level> available);

// Metric::kCosine gives kInnerProduct's. The table lives as long as the process. REQUIRES: HAMMING
// or JACCARD for BITS, whose queries are packed bits behind the pointer, and only for them.
const DistanceTable& Distances(Dtype dtype, Metric metric);
// At a given level, for tests and benchmarks. REQUIRES: level is in AvailableLevels().
const DistanceTable& DistancesAt(Level level, Dtype dtype, Metric metric);

// Element conversions of the active level; see distance_table.h for how they round. Of BITS, from
// and to 0 and 1: a bit is set where its float is above 0.5.
ToFloatFn ToFloat(Dtype dtype);
FromFloatFn FromFloat(Dtype dtype);

// Sum of squares.
float SquaredNorm(const float* v, size_t dim);
// True when every element is finite.
bool AllFinite(const float* v, size_t dim);

// Products of all of `a` with all of `b`, added to `out`: AddProductsFn. Several times as fast as
// one vector at a time, and fastest where all of one side and four of the other stay in the L2
// cache. The same two vectors give the same bits wherever they stand.
void AddProducts(const ProductRows& a, const ProductRows& b, size_t dim, float* out,
                 size_t out_stride);

// Everything of one level, for tests and benchmarks. REQUIRES: level is in AvailableLevels().
const LevelTable& TableAt(Level level);

}  // namespace sagitta::kernels
