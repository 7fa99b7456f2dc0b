// Primitives of AVX2 with FMA and F16C: 8 floats or 32 bytes a register, 16 registers.

#include <immintrin.h>

#include "kernels/level.inc.h"

namespace sagitta::kernels {
namespace {

struct Avx2 {
  using F = __m256;
  static constexpr size_t kWidth = 8;
  // Two rows of four chains, the query and a row: 10 of the 16 registers.
  static constexpr size_t kRows = 2;

  static F Zero() { return _mm256_setzero_ps(); }
  static F Load(F32, const uint8_t* p) {
    return _mm256_loadu_ps(reinterpret_cast<const float*>(p));
  }
  static F Load(F16, const uint8_t* p) { return Widen(F16{}, Load16(p)); }
  static F Load(Bf16, const uint8_t* p) { return Widen(Bf16{}, Load16(p)); }
  static F Load(I8, const uint8_t* p) { return Widen(I8{}, Load8(p)); }
  static F Load(U8, const uint8_t* p) { return Widen(U8{}, Load8(p)); }
  static F LoadPart(F32, const uint8_t* p, size_t n) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lanes);
    return _mm256_maskload_ps(reinterpret_cast<const float*>(p), mask);
  }
  template <class T>
  static F LoadPart(T t, const uint8_t* p, size_t n) {
    return Widen(t, Load16Part(p, n * T::kBytes));
  }

  static void Store(F32, uint8_t* p, F v) { _mm256_storeu_ps(reinterpret_cast<float*>(p), v); }
  static void Store(F16, uint8_t* p, F v) {
    Store16(p, _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
  }
  static void Store(Bf16, uint8_t* p, F v) {
    const __m256i bits = _mm256_castps_si256(v);
    const __m256i last = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i up = _mm256_add_epi32(last, _mm256_set1_epi32(0x7fff));
    const __m256i rounded = _mm256_add_epi32(bits, up);
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    const __m256i high = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, is_nan), 16);
    Store16(p, _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1)));
  }
  static void Store(I8, uint8_t* p, F v) {
    const __m128i words = Round(v, -128.0f, 127.0f);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(words, words));
  }
  static void Store(U8, uint8_t* p, F v) {
    const __m128i words = Round(v, 0.0f, 255.0f);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(words, words));
  }

  static F Add(F a, F b) { return _mm256_add_ps(a, b); }
  static F Sub(F a, F b) { return _mm256_sub_ps(a, b); }
  static F Abs(F v) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v); }
  static F MulAdd(F a, F b, F sum) { return _mm256_fmadd_ps(a, b, sum); }
  static F NegMulAdd(F a, F b, F sum) { return _mm256_fnmadd_ps(a, b, sum); }
  template <size_t R>
  static void Sum(const F* sums, float* keys) {
    SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) {
      const __m128 half =
          _mm_add_ps(_mm256_castps256_ps128(sums[r]), _mm256_extractf128_ps(sums[r], 1));
      const __m128 pairs = _mm_add_ps(half, _mm_movehdup_ps(half));
      keys[r] = _mm_cvtss_f32(_mm_add_ss(pairs, _mm_movehl_ps(pairs, pairs)));
    }
  }

  using Bytes = __m256i;
  using IntSums = __m256i;
  static constexpr size_t kBytesWidth = 32;
  static IntSums IntZero() { return _mm256_setzero_si256(); }
  static Bytes LoadBytes(const uint8_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static Bytes LoadBytesPart(const uint8_t* p, size_t n) {
    if (n <= 16) return _mm256_zextsi128_si256(Load16Part(p, n));
    return _mm256_setr_m128i(Load16(p), Load16Part(p + 16, n - 16));
  }
  // |a − b| of unsigned bytes; signed ones are shifted by 128 first, which leaves differences as
  // they are.
  static Bytes Distance(U8, Bytes a, Bytes b) {
    return _mm256_or_si256(_mm256_subs_epu8(a, b), _mm256_subs_epu8(b, a));
  }
  static Bytes Distance(I8, Bytes a, Bytes b) {
    const Bytes shift = _mm256_set1_epi8(-128);
    return Distance(U8{}, _mm256_xor_si256(a, shift), _mm256_xor_si256(b, shift));
  }
  // Bytes at even and at odd places, as 16-bit numbers.
  static __m256i Even(U8, Bytes v) { return _mm256_and_si256(v, _mm256_set1_epi16(0xff)); }
  static __m256i Odd(U8, Bytes v) { return _mm256_srli_epi16(v, 8); }
  static __m256i Even(I8, Bytes v) { return _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8); }
  static __m256i Odd(I8, Bytes v) { return _mm256_srai_epi16(v, 8); }
  template <class T>
  static void IntStep(T t, InnerProduct, Bytes a, Bytes b, IntSums& sums) {
    sums = _mm256_add_epi32(sums, _mm256_madd_epi16(Even(t, a), Even(t, b)));
    sums = _mm256_add_epi32(sums, _mm256_madd_epi16(Odd(t, a), Odd(t, b)));
  }
  template <class T>
  static void IntStep(T t, L2, Bytes a, Bytes b, IntSums& sums) {
    const Bytes distance = Distance(t, a, b);
    IntStep(U8{}, InnerProduct{}, distance, distance, sums);
  }
  template <class T>
  static void IntStep(T t, L1, Bytes a, Bytes b, IntSums& sums) {
    const Bytes distance = Distance(t, a, b);
    sums = _mm256_add_epi32(sums, _mm256_sad_epu8(distance, _mm256_setzero_si256()));
  }
  template <class T, class M>
  static int32_t IntTotal(T, M, IntSums even, IntSums odd) {
    const __m256i sums = _mm256_add_epi32(even, odd);
    const __m128i half =
        _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    const __m128i pairs = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(pairs, _mm_shuffle_epi32(pairs, 0xb1)));
  }

 private:
  static __m128i Load16(const uint8_t* p) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  }
  static __m128i Load8(const uint8_t* p) {
    return _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  }
  static __m128i Load16Part(const uint8_t* p, size_t bytes) {
    const SixteenBytes part = ReadUpTo16(p, bytes);
    return _mm_set_epi64x(static_cast<int64_t>(part.high), static_cast<int64_t>(part.low));
  }
  static void Store16(uint8_t* p, __m128i v) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), v); }
  static F Widen(F16, __m128i v) { return _mm256_cvtph_ps(v); }
  static F Widen(Bf16, __m128i v) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(v), 16));
  }
  static F Widen(I8, __m128i v) { return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(v)); }
  static F Widen(U8, __m128i v) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(v)); }
  // Eight 16-bit numbers in [low, high], nearest even; NaN gives 0.
  static __m128i Round(F v, float low, float high) {
    const F number = _mm256_and_ps(v, _mm256_cmp_ps(v, v, _CMP_ORD_Q));
    const F clamped =
        _mm256_min_ps(_mm256_max_ps(number, _mm256_set1_ps(low)), _mm256_set1_ps(high));
    const __m256i whole = _mm256_cvtps_epi32(clamped);
    return _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
  }
};

}  // namespace

constinit const LevelTable kAvx2Table = MakeLevelTable<Avx2>();

}  // namespace sagitta::kernels
