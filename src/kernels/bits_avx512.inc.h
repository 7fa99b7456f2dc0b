// Primitives over packed bits of AVX-512 F, BW, VL and DQ; counting is the levels' own.
#pragma once

#include <immintrin.h>

#include "kernels/bits.inc.h"

namespace sagitta::kernels {
namespace {

struct Avx512BitsBase {
  using V = __m512i;
  using Counts = __m512i;
  using Sums = __m512i;  // by 64 bits
  static constexpr size_t kWidth = 64;
  static constexpr size_t kRows = 4;

  static V Load(const uint8_t* p) { return _mm512_loadu_si512(p); }
  static V LoadPart(const uint8_t* p, size_t n) {
    return _mm512_maskz_loadu_epi8((uint64_t{1} << n) - 1, p);
  }
  static V Or(V a, V b) { return _mm512_or_si512(a, b); }
  static V Xor(V a, V b) { return _mm512_xor_si512(a, b); }
  static Counts NoCounts() { return _mm512_setzero_si512(); }
  static Sums NoSums() { return _mm512_setzero_si512(); }
  template <size_t R>
  static void Totals(const Sums* sums, uint32_t* totals) {
    if constexpr (R == 4) {
      // Sums are below 2^32: those of two rows fit side by side into 64 bits.
      const __m512i ab = _mm512_or_si512(sums[0], _mm512_slli_epi64(sums[1], 32));
      const __m512i cd = _mm512_or_si512(sums[2], _mm512_slli_epi64(sums[3], 32));
      const __m512i pairs =
          _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
      const __m256i half =
          _mm256_add_epi32(_mm512_castsi512_si256(pairs), _mm512_extracti64x4_epi64(pairs, 1));
      _mm_storeu_si128(
          reinterpret_cast<__m128i*>(totals),
          _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1)));
    } else {
      static_assert(R == 1);
      totals[0] = static_cast<uint32_t>(_mm512_reduce_add_epi64(sums[0]));
    }
  }
};

}  // namespace
}  // namespace sagitta::kernels
