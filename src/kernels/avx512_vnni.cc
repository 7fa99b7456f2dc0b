// Exact row_row of bytes with VPDPBUSD, which adds four products of an unsigned by a signed byte to
// each 32-bit sum. Where both are unsigned or both signed, one is shifted by 128, and 128 × the sum
// of the other makes up for it: x·y = x·(y − 128) + 128·Σx.

#include "kernels/avx512.inc.h"
#include "kernels/distance.inc.h"

namespace sagitta::kernels {
namespace {

struct Avx512Vnni : Avx512 {
  struct IntSums {
    __m512i products;
    __m512i others;  // sums of the operand that was not shifted
  };
  static IntSums IntZero() { return {_mm512_setzero_si512(), _mm512_setzero_si512()}; }

  static Bytes Shift(Bytes v) { return _mm512_xor_si512(v, _mm512_set1_epi8(-128)); }
  static void IntStep(U8, InnerProduct, Bytes a, Bytes b, IntSums& sums) {
    sums.products = _mm512_dpbusd_epi32(sums.products, a, Shift(b));
    sums.others = _mm512_dpbusd_epi32(sums.others, a, _mm512_set1_epi8(1));
  }
  static void IntStep(I8, InnerProduct, Bytes a, Bytes b, IntSums& sums) {
    sums.products = _mm512_dpbusd_epi32(sums.products, Shift(a), b);
    sums.others = _mm512_dpbusd_epi32(sums.others, _mm512_set1_epi8(1), b);
  }
  template <class T>
  static void IntStep(T t, L2, Bytes a, Bytes b, IntSums& sums) {
    const Bytes distance = Distance(t, a, b);
    IntStep(U8{}, InnerProduct{}, distance, distance, sums);
  }

  // A lane of `others` holds at most 128·4·255 at dim 8,192, and 2^7 times that fits.
  static __m512i Times128(IntSums even, IntSums odd) {
    return _mm512_slli_epi32(_mm512_add_epi32(even.others, odd.others), 7);
  }
  static __m512i Products(IntSums even, IntSums odd) {
    return _mm512_add_epi32(even.products, odd.products);
  }
  static int32_t IntTotal(U8, InnerProduct, IntSums even, IntSums odd) {
    return _mm512_reduce_add_epi32(_mm512_add_epi32(Products(even, odd), Times128(even, odd)));
  }
  static int32_t IntTotal(I8, InnerProduct, IntSums even, IntSums odd) {
    return _mm512_reduce_add_epi32(_mm512_sub_epi32(Products(even, odd), Times128(even, odd)));
  }
  template <class T>
  static int32_t IntTotal(T, L2, IntSums even, IntSums odd) {
    return IntTotal(U8{}, InnerProduct{}, even, odd);
  }
};

}  // namespace

// VNNI has nothing for L1, where VPSADBW is best.
constinit const IntegerRowTable kAvx512VnniRows = {
    {IntegerRowRow<Avx512Vnni, I8, L2>, IntegerRowRow<Avx512Vnni, I8, InnerProduct>,
     IntegerRowRow<Avx512, I8, L1>},
    {IntegerRowRow<Avx512Vnni, U8, L2>, IntegerRowRow<Avx512Vnni, U8, InnerProduct>,
     IntegerRowRow<Avx512, U8, L1>},
};

}  // namespace sagitta::kernels
