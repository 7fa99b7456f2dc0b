// Packed bits with AVX-512 but without VPOPCNTQ: looked up as by AVX2.

#include "kernels/bits_avx512.inc.h"

namespace sagitta::kernels {
namespace {

struct Avx512Bits : Avx512BitsBase {
  static constexpr size_t kMostCounted = 31;  // times 8 fits into a byte

  static Counts Count(Counts counts, V v) {
    const __m512i ones =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    const __m512i half = _mm512_set1_epi8(15);
    const __m512i low = _mm512_shuffle_epi8(ones, _mm512_and_si512(v, half));
    const __m512i high = _mm512_shuffle_epi8(ones, _mm512_and_si512(_mm512_srli_epi16(v, 4), half));
    return _mm512_add_epi8(counts, _mm512_add_epi8(low, high));
  }
  static Sums Widen(Sums sums, Counts counts) {
    return _mm512_add_epi64(sums, _mm512_sad_epu8(counts, _mm512_setzero_si512()));
  }
};

}  // namespace

constinit const BitTable kAvx512Bits = MakeBitTable<Avx512Bits>();

}  // namespace sagitta::kernels
