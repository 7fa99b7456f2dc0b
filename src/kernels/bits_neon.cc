// Packed bits with NEON as every AArch64 CPU has it.

#include <arm_neon.h>

#include "kernels/bits.inc.h"

namespace sagitta::kernels {
namespace {

struct NeonBits {
  using V = uint8x16_t;
  using Counts = uint8x16_t;
  using Sums = uint64x2_t;
  static constexpr size_t kWidth = 16;
  static constexpr size_t kRows = 4;
  static constexpr size_t kMostCounted = 31;  // times 8 fits into a byte

  static V Load(const uint8_t* p) { return vld1q_u8(p); }
  static V LoadPart(const uint8_t* p, size_t n) {
    const SixteenBytes part = ReadUpTo16(p, n);
    return vreinterpretq_u8_u64(vcombine_u64(vcreate_u64(part.low), vcreate_u64(part.high)));
  }
  static V Or(V a, V b) { return vorrq_u8(a, b); }
  static V Xor(V a, V b) { return veorq_u8(a, b); }
  static Counts NoCounts() { return vdupq_n_u8(0); }
  static Sums NoSums() { return vdupq_n_u64(0); }
  static Counts Count(Counts counts, V v) { return vaddq_u8(counts, vcntq_u8(v)); }
  static Sums Widen(Sums sums, Counts counts) {
    return vpadalq_u32(sums, vpaddlq_u16(vpaddlq_u8(counts)));
  }
  template <size_t R>
  static void Totals(const Sums* sums, uint32_t* totals) {
    for (size_t r = 0; r < R; ++r) totals[r] = static_cast<uint32_t>(vaddvq_u64(sums[r]));
  }
};

}  // namespace

constinit const BitTable kNeonBits = MakeBitTable<NeonBits>();

}  // namespace sagitta::kernels
