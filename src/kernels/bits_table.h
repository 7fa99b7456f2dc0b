// The kernels over packed bits that each instruction-set level exports.
//
// A row of `dim` bits is ⌈dim/8⌉ bytes: bit i is bit i % 8 of byte i / 8, and what the last byte
// has beyond dim is zero, in rows and queries alike. The functions are distance_table.h's; a query
// is packed bits of any alignment, which its `const float*` only points at.
//
// Included by files that are compiled with instruction-set flags: plain C headers and plain structs
// only.
#pragma once

#include "kernels/distance_table.h"

namespace sagitta::kernels {

inline constexpr size_t kBitMetrics = 2;  // Hamming, Jaccard

struct BitTable {
  DistanceTable distances[kBitMetrics];
};

// Internal linkage: this header is included under several sets of flags.
static inline size_t PackedBytes(size_t dim) { return (dim + 7) / 8; }

// Only those of the architecture that the binary is built for are defined. Constant-initialised.
extern const BitTable kScalarBits;
extern const BitTable kAvx2Bits;
extern const BitTable kAvx512Bits;
extern const BitTable kAvx512VpopcntdqBits;
extern const BitTable kNeonBits;

// Conversions of n bits, the same at every level: floats 0 and 1, and back where above 0.5.
void UnpackBits(const void* from, float* to, size_t n);
void PackBits(const float* from, void* to, size_t n);

}  // namespace sagitta::kernels
