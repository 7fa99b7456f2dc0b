// Primitives of AVX-512 F, BW, VL and DQ: 16 floats or 64 bytes a register, 32 registers, masked
// tails.
#pragma once

#include <immintrin.h>

#include "kernels/elements.inc.h"

namespace sagitta::kernels {
namespace {

struct Avx512 {
  using F = __m512;
  static constexpr size_t kWidth = 16;
  static constexpr size_t kRows = 4;

  static F Zero() { return _mm512_setzero_ps(); }
  static F Load(F32, const uint8_t* p) { return _mm512_loadu_ps(p); }
  static F Load(F16, const uint8_t* p) { return Widen(F16{}, Load32(p)); }
  static F Load(Bf16, const uint8_t* p) { return Widen(Bf16{}, Load32(p)); }
  static F Load(I8, const uint8_t* p) { return Widen(I8{}, Load16(p)); }
  static F Load(U8, const uint8_t* p) { return Widen(U8{}, Load16(p)); }
  static F LoadPart(F32, const uint8_t* p, size_t n) {
    return _mm512_maskz_loadu_ps(FirstLanes(n), p);
  }
  static F LoadPart(F16, const uint8_t* p, size_t n) { return Widen(F16{}, Load32Part(p, n)); }
  static F LoadPart(Bf16, const uint8_t* p, size_t n) { return Widen(Bf16{}, Load32Part(p, n)); }
  static F LoadPart(I8, const uint8_t* p, size_t n) { return Widen(I8{}, Load16Part(p, n)); }
  static F LoadPart(U8, const uint8_t* p, size_t n) { return Widen(U8{}, Load16Part(p, n)); }

  static void Store(F32, uint8_t* p, F v) { _mm512_storeu_ps(p, v); }
  static void Store(F16, uint8_t* p, F v) {
    Store32(p, _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
  static void Store(Bf16, uint8_t* p, F v) {
    const __m512i bits = _mm512_castps_si512(v);
    const __m512i last = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i up = _mm512_add_epi32(last, _mm512_set1_epi32(0x7fff));
    const __mmask16 is_nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    const __m512i quiet = _mm512_set1_epi32(0x400000);
    const __m512i rounded = _mm512_mask_or_epi32(_mm512_add_epi32(bits, up), is_nan, bits, quiet);
    Store32(p, _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
  }
  static void Store(I8, uint8_t* p, F v) { StoreBytes(p, Round(v, -128.0f, 127.0f)); }
  static void Store(U8, uint8_t* p, F v) { StoreBytes(p, Round(v, 0.0f, 255.0f)); }

  static F Add(F a, F b) { return _mm512_add_ps(a, b); }
  static F Sub(F a, F b) { return _mm512_sub_ps(a, b); }
  static F Abs(F v) { return _mm512_andnot_ps(_mm512_set1_ps(-0.0f), v); }
  static F MulAdd(F a, F b, F sum) { return _mm512_fmadd_ps(a, b, sum); }
  static F NegMulAdd(F a, F b, F sum) { return _mm512_fnmadd_ps(a, b, sum); }
  template <size_t R>
  static void Sum(const F* sums, float* keys) {
    if constexpr (R == 4) {
      const __m256 ab = _mm256_hadd_ps(Halve(sums[0]), Halve(sums[1]));
      const __m256 cd = _mm256_hadd_ps(Halve(sums[2]), Halve(sums[3]));
      const __m256 all = _mm256_hadd_ps(ab, cd);
      _mm_storeu_ps(keys, _mm_add_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1)));
    } else {
      static_assert(R == 1);
      const __m256 half = Halve(sums[0]);  // the same tree: neighbours, pairs, then the two halves
      const __m256 pairs = _mm256_add_ps(half, _mm256_movehdup_ps(half));
      const __m256 fours = _mm256_add_ps(pairs, _mm256_permute_ps(pairs, 0x4e));
      const __m128 high = _mm256_extractf128_ps(fours, 1);
      keys[0] = _mm_cvtss_f32(_mm_add_ss(_mm256_castps256_ps128(fours), high));
    }
  }

  using Bytes = __m512i;
  using IntSums = __m512i;
  static constexpr size_t kBytesWidth = 64;
  static IntSums IntZero() { return _mm512_setzero_si512(); }
  static Bytes LoadBytes(const uint8_t* p) { return _mm512_loadu_si512(p); }
  static Bytes LoadBytesPart(const uint8_t* p, size_t n) {
    return _mm512_maskz_loadu_epi8((uint64_t{1} << n) - 1, p);
  }
  // |a − b| of unsigned bytes; signed ones are shifted by 128 first, which leaves differences as
  // they are.
  static Bytes Distance(U8, Bytes a, Bytes b) {
    return _mm512_or_si512(_mm512_subs_epu8(a, b), _mm512_subs_epu8(b, a));
  }
  static Bytes Distance(I8, Bytes a, Bytes b) {
    const Bytes shift = _mm512_set1_epi8(-128);
    return Distance(U8{}, _mm512_xor_si512(a, shift), _mm512_xor_si512(b, shift));
  }
  // Bytes at even and at odd places, as 16-bit numbers.
  static __m512i Even(U8, Bytes v) { return _mm512_and_si512(v, _mm512_set1_epi16(0xff)); }
  static __m512i Odd(U8, Bytes v) { return _mm512_srli_epi16(v, 8); }
  static __m512i Even(I8, Bytes v) { return _mm512_srai_epi16(_mm512_slli_epi16(v, 8), 8); }
  static __m512i Odd(I8, Bytes v) { return _mm512_srai_epi16(v, 8); }
  template <class T>
  static void IntStep(T t, InnerProduct, Bytes a, Bytes b, IntSums& sums) {
    sums = _mm512_add_epi32(sums, _mm512_madd_epi16(Even(t, a), Even(t, b)));
    sums = _mm512_add_epi32(sums, _mm512_madd_epi16(Odd(t, a), Odd(t, b)));
  }
  template <class T>
  static void IntStep(T t, L2, Bytes a, Bytes b, IntSums& sums) {
    const Bytes distance = Distance(t, a, b);
    IntStep(U8{}, InnerProduct{}, distance, distance, sums);
  }
  template <class T>
  static void IntStep(T t, L1, Bytes a, Bytes b, IntSums& sums) {
    const Bytes distance = Distance(t, a, b);
    sums = _mm512_add_epi32(sums, _mm512_sad_epu8(distance, _mm512_setzero_si512()));
  }
  template <class T, class M>
  static int32_t IntTotal(T, M, IntSums even, IntSums odd) {
    return _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd));
  }

 private:
  static __mmask16 FirstLanes(size_t n) { return static_cast<__mmask16>((1u << n) - 1); }
  static __m256i Load32(const uint8_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static __m256i Load32Part(const uint8_t* p, size_t n) {
    return _mm256_maskz_loadu_epi16(FirstLanes(n), p);
  }
  static __m128i Load16(const uint8_t* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  static __m128i Load16Part(const uint8_t* p, size_t n) {
    return _mm_maskz_loadu_epi8(FirstLanes(n), p);
  }
  static void Store32(uint8_t* p, __m256i v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
  }
  static void StoreBytes(uint8_t* p, __m512i v) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(v));
  }
  static F Widen(F16, __m256i v) { return _mm512_cvtph_ps(v); }
  static F Widen(Bf16, __m256i v) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16));
  }
  static F Widen(I8, __m128i v) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(v)); }
  static F Widen(U8, __m128i v) { return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(v)); }
  // Sixteen numbers in [low, high], nearest even; NaN gives 0.
  static __m512i Round(F v, float low, float high) {
    const F number = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(v, v, _CMP_ORD_Q), v);
    const F clamped =
        _mm512_min_ps(_mm512_max_ps(number, _mm512_set1_ps(low)), _mm512_set1_ps(high));
    return _mm512_cvtps_epi32(clamped);
  }
  static __m256 Halve(F v) {
    return _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  }
};

}  // namespace
}  // namespace sagitta::kernels
