// The function types of the kernels, and the table that each instruction-set level exports.
//
// Included by files that are compiled with instruction-set flags: plain C headers and plain structs
// only.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace sagitta::kernels {

// f32 query against one row of the table's dtype.
using QueryRowFn = float (*)(const float* query, const void* row, size_t dim);
// f32 query against n rows that start `stride` bytes apart; keys[i] of row i.
using QueryManyFn = void (*)(const float* query, const void* rows, size_t stride, size_t n,
                             size_t dim, float* keys);
// f32 query against rows base + ids[i]·stride, prefetched ahead; keys[i].
using QueryGatherFn = void (*)(const float* query, const void* base, size_t stride,
                               const uint32_t* ids, size_t n, size_t dim, float* keys);
// Two rows of the table's dtype. Integer dtypes are exact in int32 up to dim 8,192 before the cast.
using RowRowFn = float (*)(const void* a, const void* b, size_t dim);

// All kernels of one dtype and one metric at one level. A query and a row give the same bits from
// query_row, query_many and query_gather, wherever in the batch the row stands.
struct DistanceTable {
  QueryRowFn query_row;
  QueryManyFn query_many;
  QueryGatherFn query_gather;
  RowRowFn row_row;
};

// Element conversions. f16 and bf16 round to nearest even, too large an f16 becomes infinite; i8
// and u8 round to nearest even and saturate, NaN becomes 0.
using ToFloatFn = void (*)(const void* from, float* to, size_t n);
using FromFloatFn = void (*)(const float* from, void* to, size_t n);

// n float vectors, each `stride` floats after the one before.
struct ProductRows {
  const float* data;
  size_t stride;
  size_t n;
};
// out[i·out_stride + j] += the dot product of a's vector i with b's vector j, of `dim` floats.
using AddProductsFn = void (*)(const ProductRows& a, const ProductRows& b, size_t dim, float* out,
                               size_t out_stride);

inline constexpr size_t kDtypes = 5;   // f32, f16, bf16, i8, u8: Dtype's value less one
inline constexpr size_t kMetrics = 3;  // L2, inner product, L1

struct LevelTable {
  DistanceTable distances[kDtypes][kMetrics];
  ToFloatFn to_float[kDtypes];
  FromFloatFn from_float[kDtypes];
  float (*squared_norm)(const float* v, size_t dim);
  bool (*all_finite)(const float* v, size_t dim);
  AddProductsFn add_products;
};

// What VNNI changes in the AVX-512 table: row_row of i8 and u8.
struct IntegerRowTable {
  RowRowFn i8[kMetrics];
  RowRowFn u8[kMetrics];
};

// Only those of the architecture that the binary is built for are defined. Constant-initialised: no
// code of a level runs before the CPU is known to have it.
extern const LevelTable kScalarTable;
extern const LevelTable kAvx2Table;
extern const LevelTable kAvx512Table;
extern const IntegerRowTable kAvx512VnniRows;
extern const LevelTable kNeonTable;

}  // namespace sagitta::kernels
