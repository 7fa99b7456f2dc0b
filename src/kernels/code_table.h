// Kernels over quantized rows ("codes"): the function types, and the table that each
// instruction-set level exports.
//
// A row is `lines` × 64 bytes, aligned to 64. Its last 8 bytes are two floats, the row's scale and
// norm; before them stand the codes, then zeros. What a code is:
//   kByte    one byte, 0–127: seven bits, so that VPMADDUBSW never saturates
//   kNibble  four bits, two a byte, low half first
//   kBit     one bit, least significant first
// The query is laid out to match, line by line, with zeros against everything that is no code, so
// that no kernel has a tail:
//   kByte    64 signed bytes a line
//   kNibble  64 signed bytes for the low halves, then 64 for the high ones
//   kBit     four planes of 64 bytes: bit b of each dimension's query number, −8 to 7 in two's
//            complement
// The dot product Σ code·query is exact, the same at every level; of it the key is made:
//   key = norm_factor·norm + scale·(dot_factor·dot + bias)
//
// Included by files that are compiled with instruction-set flags: plain C headers and plain structs
// only.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace sagitta::kernels {

inline constexpr size_t kCodeLine = 64;
inline constexpr size_t kCodeTrailer = 8;  // bytes at a row's end: scale, norm
inline constexpr size_t kCodeKinds = 3;    // bytes, nibbles, bits

struct CodeQuery {
  const uint8_t* values;  // aligned to 64; signed for bytes and nibbles
  size_t lines;           // of a row, at most 256
  float norm_factor;
  float dot_factor;
  float bias;
};

// keys[i] of row i of n rows that follow one another.
using CodeManyFn = void (*)(const CodeQuery& query, const uint8_t* rows, size_t n, float* keys);
// keys[i] of row ids[i], prefetched ahead.
using CodeGatherFn = void (*)(const CodeQuery& query, const uint8_t* rows, const uint32_t* ids,
                              size_t n, float* keys);
// The bare dot product of one row; only `values` and `lines` are read.
using CodeDotFn = int32_t (*)(const CodeQuery& query, const uint8_t* row);

// The best of what was offered: keys ascending, and their ids beside them. Both arrays hold
// `limit`.
struct SortedPool {
  float* keys;
  uint32_t* ids;
  size_t size;
  size_t limit;  // at least 1
};
// Offers n keys and their ids. A key enters behind those not larger, where the pool has room or its
// last key is larger, which then goes. A key that is no number never enters. Returns the lowest
// place that was entered, or `limit` when none was.
using OfferFn = size_t (*)(SortedPool* pool, const float* keys, const uint32_t* ids, size_t n);

// The places of the bits that are set in words [first, last), ascending: bit b of word w is at
// 64·w + b, which is below 2^32. `places` has room for them and kListBitsSlack more, which are
// overwritten. Returns how many there are.
using ListBitsFn = size_t (*)(const uint64_t* words, size_t first, size_t last, uint32_t* places);
inline constexpr size_t kListBitsSlack = 16;

// A block is 64 rows whose bytes stand together: byte j of row r is at 64·j + r. Bytes columns[0]
// to columns[count − 1], any of them more than once, are looked up: each with two tables of 16
// numbers from 0 to 127, the first for its low nibble. sums[r] is what row r's bytes find there,
// together; it is exact (André et al., "Quicker ADC", TPAMI 2019). Of n blocks that begin `stride`
// bytes apart, with 64 sums each.
using SumTablesFn = void (*)(const uint8_t* blocks, size_t n, size_t stride,
                             const uint32_t* columns, size_t count, const uint8_t* tables,
                             uint32_t* sums);
inline constexpr size_t kBlockRows = 64;

// What is known of a block's rows from a look at their sums, and up to where they are wanted.
struct BlockBound {
  float base, step;  // a row's product is about base + step·sum
  float margin;      // as much may be missing of it
  float limit;
};
// Bit r is set where norms[r] + factors[r]·(base + step·sums[r]) − margin·|factors[r]| ≤ limit, in
// that order and without fused operations; of kBlockRows rows. Null factors are 1, null norms 0.
// REQUIRES: sums below 2^24.
using RowsWithinFn = uint64_t (*)(const uint32_t* sums, const float* factors, const float* norms,
                                  const BlockBound& bound);

// The sum of those of 8·bytes weights whose bit is set, least significant first, in an order of the
// level's own: exact where all sums are integers below 2^24.
using SumBitsFn = float (*)(const uint8_t* bits, size_t bytes, const float* weights);

struct CodeTable {
  CodeManyFn many[kCodeKinds];
  CodeGatherFn gather[kCodeKinds];
  CodeDotFn dot[kCodeKinds];
  // Bits that differ between two strings of `bytes` bytes, of any alignment.
  uint32_t (*hamming)(const void* a, const void* b, size_t bytes);
  // The largest magnitude of n floats, 0 of none; NaN counts as 0 or as itself.
  float (*max_abs)(const float* v, size_t n);
  OfferFn offer;
  ListBitsFn list_bits;
  SumTablesFn sum_tables;
  RowsWithinFn rows_within;
  SumBitsFn sum_bits;
};

// Only those of the architecture that the binary is built for are defined. Constant-initialised.
extern const CodeTable kScalarCodes;
extern const CodeTable kAvx2Codes;
extern const CodeTable kAvx512Codes;
extern const CodeTable kAvx512VnniCodes;
extern const CodeTable kAvx512VpopcntdqCodes;
extern const CodeTable kNeonCodes;

}  // namespace sagitta::kernels
