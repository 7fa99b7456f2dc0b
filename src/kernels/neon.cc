// Primitives of NEON as every AArch64 CPU has it: 4 floats or 16 bytes a register, 32 registers.

#include <arm_neon.h>

#include "kernels/level.inc.h"

namespace sagitta::kernels {
namespace {

struct Neon {
  using F = float32x4_t;
  static constexpr size_t kWidth = 4;
  static constexpr size_t kRows = 4;

  static F Zero() { return vdupq_n_f32(0.0f); }
  static F Load(F32, const uint8_t* p) { return vreinterpretq_f32_u8(vld1q_u8(p)); }
  template <class T>
  static F Load(T t, const uint8_t* p) {
    return Widen(t, LoadWords(p, kWidth * T::kBytes));
  }
  static F LoadPart(F32, const uint8_t* p, size_t n) {
    return vreinterpretq_f32_u8(LoadBytesPart(p, n * 4));
  }
  template <class T>
  static F LoadPart(T t, const uint8_t* p, size_t n) {
    return Widen(t, LoadWords(p, n * T::kBytes));
  }

  static void Store(F32, uint8_t* p, F v) { vst1q_u8(p, vreinterpretq_u8_f32(v)); }
  static void Store(F16, uint8_t* p, F v) { vst1_u8(p, vreinterpret_u8_f16(vcvt_f16_f32(v))); }
  static void Store(Bf16, uint8_t* p, F v) {
    const uint32x4_t bits = vreinterpretq_u32_f32(v);
    const uint32x4_t last = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    const uint32x4_t rounded = vaddq_u32(bits, vaddq_u32(last, vdupq_n_u32(0x7fff)));
    const uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x400000));
    const uint32x4_t chosen = vbslq_u32(vceqq_f32(v, v), rounded, quiet);
    vst1_u8(p, vreinterpret_u8_u16(vshrn_n_u32(chosen, 16)));
  }
  // The conversions saturate, and make 0 of NaN.
  static void Store(I8, uint8_t* p, F v) {
    const int16x4_t words = vqmovn_s32(vcvtnq_s32_f32(v));
    StoreFour(p, vreinterpret_u8_s8(vqmovn_s16(vcombine_s16(words, words))));
  }
  static void Store(U8, uint8_t* p, F v) {
    const int16x4_t words = vqmovn_s32(vcvtnq_s32_f32(v));
    StoreFour(p, vqmovun_s16(vcombine_s16(words, words)));
  }

  static F Add(F a, F b) { return vaddq_f32(a, b); }
  static F Sub(F a, F b) { return vsubq_f32(a, b); }
  static F Abs(F v) { return vabsq_f32(v); }
  static F MulAdd(F a, F b, F sum) { return vfmaq_f32(sum, a, b); }
  static F NegMulAdd(F a, F b, F sum) { return vfmsq_f32(sum, a, b); }
  template <size_t R>
  static void Sum(const F* sums, float* keys) {
    if constexpr (R == 4) {
      const F all = vpaddq_f32(vpaddq_f32(sums[0], sums[1]), vpaddq_f32(sums[2], sums[3]));
      vst1q_f32(keys, all);
    } else {
      static_assert(R == 1);
      keys[0] = vaddvq_f32(sums[0]);  // adds neighbours, then pairs: the same tree
    }
  }

  using Bytes = uint8x16_t;
  using IntSums = int32x4_t;
  static constexpr size_t kBytesWidth = 16;
  static IntSums IntZero() { return vdupq_n_s32(0); }
  static Bytes LoadBytes(const uint8_t* p) { return vld1q_u8(p); }
  static Bytes LoadBytesPart(const uint8_t* p, size_t n) {
    const SixteenBytes part = ReadUpTo16(p, n);
    return vcombine_u8(vcreate_u8(part.low), vcreate_u8(part.high));
  }
  static Bytes Distance(U8, Bytes a, Bytes b) { return vabdq_u8(a, b); }
  static Bytes Distance(I8, Bytes a, Bytes b) {
    return vreinterpretq_u8_s8(vabdq_s8(vreinterpretq_s8_u8(a), vreinterpretq_s8_u8(b)));
  }
  static void IntStep(U8, InnerProduct, Bytes a, Bytes b, IntSums& sums) {
    uint32x4_t total = vreinterpretq_u32_s32(sums);
    total = vpadalq_u16(total, vmull_u8(vget_low_u8(a), vget_low_u8(b)));
    total = vpadalq_u16(total, vmull_high_u8(a, b));
    sums = vreinterpretq_s32_u32(total);
  }
  static void IntStep(I8, InnerProduct, Bytes a, Bytes b, IntSums& sums) {
    const int8x16_t x = vreinterpretq_s8_u8(a), y = vreinterpretq_s8_u8(b);
    sums = vpadalq_s16(sums, vmull_s8(vget_low_s8(x), vget_low_s8(y)));
    sums = vpadalq_s16(sums, vmull_high_s8(x, y));
  }
  template <class T>
  static void IntStep(T t, L2, Bytes a, Bytes b, IntSums& sums) {
    const Bytes distance = Distance(t, a, b);
    IntStep(U8{}, InnerProduct{}, distance, distance, sums);
  }
  template <class T>
  static void IntStep(T t, L1, Bytes a, Bytes b, IntSums& sums) {
    const uint16x8_t words = vpaddlq_u8(Distance(t, a, b));
    sums = vreinterpretq_s32_u32(vpadalq_u16(vreinterpretq_u32_s32(sums), words));
  }
  template <class T, class M>
  static int32_t IntTotal(T, M, IntSums even, IntSums odd) {
    return vaddvq_s32(vaddq_s32(even, odd));
  }

 private:
  static uint8x8_t LoadWords(const uint8_t* p, size_t bytes) {
    return vcreate_u8(ReadUpTo8(p, bytes));
  }
  static void StoreFour(uint8_t* p, uint8x8_t v) {
    const uint32_t word = vget_lane_u32(vreinterpret_u32_u8(v), 0);
    memcpy(p, &word, 4);
  }
  static F Widen(F16, uint8x8_t v) { return vcvt_f32_f16(vreinterpret_f16_u8(v)); }
  static F Widen(Bf16, uint8x8_t v) {
    return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(v), 16));
  }
  static F Widen(I8, uint8x8_t v) {
    return vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_u8(v)))));
  }
  static F Widen(U8, uint8x8_t v) { return vcvtq_f32_u32(vmovl_u16(vget_low_u16(vmovl_u8(v)))); }
};

}  // namespace

constinit const LevelTable kNeonTable = MakeLevelTable<Neon>();

}  // namespace sagitta::kernels
