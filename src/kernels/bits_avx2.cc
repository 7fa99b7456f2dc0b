// Packed bits with AVX2: a byte's ones are those of its halves, looked up 32 at a time (Muła et
// al., "Faster Population Counts Using AVX2 Instructions", 2018).

#include <immintrin.h>

#include "kernels/bits.inc.h"

namespace sagitta::kernels {
namespace {

struct Avx2Bits {
  using V = __m256i;
  using Counts = __m256i;  // by byte
  using Sums = __m256i;    // by 64 bits
  static constexpr size_t kWidth = 32;
  static constexpr size_t kRows = 4;
  static constexpr size_t kMostCounted = 31;  // times 8 fits into a byte

  static V Load(const uint8_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static V LoadPart(const uint8_t* p, size_t n) {
    if (n <= 16) return _mm256_zextsi128_si256(Load16Part(p, n));
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm256_setr_m128i(low, Load16Part(p + 16, n - 16));
  }
  static V Or(V a, V b) { return _mm256_or_si256(a, b); }
  static V Xor(V a, V b) { return _mm256_xor_si256(a, b); }
  static Counts NoCounts() { return _mm256_setzero_si256(); }
  static Sums NoSums() { return _mm256_setzero_si256(); }
  static Counts Count(Counts counts, V v) {
    const __m256i ones = _mm256_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,  //
                                          0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
    const __m256i half = _mm256_set1_epi8(15);
    const __m256i low = _mm256_shuffle_epi8(ones, _mm256_and_si256(v, half));
    const __m256i high = _mm256_shuffle_epi8(ones, _mm256_and_si256(_mm256_srli_epi16(v, 4), half));
    return _mm256_add_epi8(counts, _mm256_add_epi8(low, high));
  }
  static Sums Widen(Sums sums, Counts counts) {
    return _mm256_add_epi64(sums, _mm256_sad_epu8(counts, _mm256_setzero_si256()));
  }
  template <size_t R>
  static void Totals(const Sums* sums, uint32_t* totals) {
    if constexpr (R == 4) {
      // Sums are below 2^32: those of two rows fit side by side into 64 bits.
      const __m256i ab = _mm256_or_si256(sums[0], _mm256_slli_epi64(sums[1], 32));
      const __m256i cd = _mm256_or_si256(sums[2], _mm256_slli_epi64(sums[3], 32));
      const __m256i pairs =
          _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd));
      _mm_storeu_si128(
          reinterpret_cast<__m128i*>(totals),
          _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1)));
    } else {
      static_assert(R == 1);
      const __m128i half =
          _mm_add_epi64(_mm256_castsi256_si128(sums[0]), _mm256_extracti128_si256(sums[0], 1));
      totals[0] = static_cast<uint32_t>(_mm_cvtsi128_si64(half) + _mm_extract_epi64(half, 1));
    }
  }

 private:
  static __m128i Load16Part(const uint8_t* p, size_t n) {
    const SixteenBytes part = ReadUpTo16(p, n);
    return _mm_set_epi64x(static_cast<int64_t>(part.high), static_cast<int64_t>(part.low));
  }
};

}  // namespace

constinit const BitTable kAvx2Bits = MakeBitTable<Avx2Bits>();

}  // namespace sagitta::kernels
