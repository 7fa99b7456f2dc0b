// Codes with NEON as every AArch64 CPU has it: a line is four registers.

#include <arm_neon.h>

#include "kernels/codes.inc.h"

namespace sagitta::kernels {
namespace {

struct NeonCodes {
  using Acc = int32x4_t;
  static constexpr size_t kRows = 4;

  template <size_t kRegisters>
  struct Query {
    uint8x16_t part[kRegisters];
  };

  static Acc Zero() { return vdupq_n_s32(0); }
  template <class C>
  static auto LoadQuery(C, const uint8_t* q) {
    Query<C::kQueryLine / 16> query;
    for (size_t i = 0; i < C::kQueryLine / 16; ++i) query.part[i] = vld1q_u8(q + 16 * i);
    return query;
  }
  // Codes are below 128, so that they are signed bytes as well.
  static void Products(Acc& acc, uint8x16_t codes, uint8x16_t query) {
    const int8x16_t x = vreinterpretq_s8_u8(codes), q = vreinterpretq_s8_u8(query);
    acc = vpadalq_s16(acc, vmull_s8(vget_low_s8(x), vget_low_s8(q)));
    acc = vpadalq_s16(acc, vmull_s8(vget_high_s8(x), vget_high_s8(q)));
  }
  static void Step(ByteCodes, Acc& acc, const uint8_t* row, const Query<4>& q) {
    for (size_t i = 0; i < 4; ++i) Products(acc, vld1q_u8(row + 16 * i), q.part[i]);
  }
  static void Step(NibbleCodes, Acc& acc, const uint8_t* row, const Query<8>& q) {
    for (size_t i = 0; i < 4; ++i) {
      const uint8x16_t x = vld1q_u8(row + 16 * i);
      Products(acc, vandq_u8(x, vdupq_n_u8(15)), q.part[i]);
      Products(acc, vshrq_n_u8(x, 4), q.part[4 + i]);
    }
  }
  // Counts of bits by byte, at most 8 each: weighted before they are widened, 7·8 fits into a byte.
  static void Step(BitCodes, Acc& acc, const uint8_t* row, const Query<16>& q) {
    for (size_t i = 0; i < 4; ++i) {
      const uint8x16_t x = vld1q_u8(row + 16 * i);
      uint8x16_t counts = vcntq_u8(vandq_u8(x, q.part[8 + i]));
      counts = vaddq_u8(vshlq_n_u8(counts, 1), vcntq_u8(vandq_u8(x, q.part[4 + i])));
      counts = vaddq_u8(vshlq_n_u8(counts, 1), vcntq_u8(vandq_u8(x, q.part[i])));
      const uint8x16_t signs = vshlq_n_u8(vcntq_u8(vandq_u8(x, q.part[12 + i])), 3);
      acc = vaddq_s32(acc, vreinterpretq_s32_u32(vpaddlq_u16(vpaddlq_u8(counts))));
      acc = vsubq_s32(acc, vreinterpretq_s32_u32(vpaddlq_u16(vpaddlq_u8(signs))));
    }
  }
  template <size_t R>
  static void Dots(const Acc* accs, int32_t* dots) {
    for (size_t r = 0; r < R; ++r) dots[r] = vaddvq_s32(accs[r]);
  }

  static uint32_t Hamming(const void* a, const void* b, size_t bytes) {
    const auto* x = static_cast<const uint8_t*>(a);
    const auto* y = static_cast<const uint8_t*>(b);
    uint64_t total = 0;
    size_t i = 0;
    for (; i + 16 <= bytes; i += 16) {
      total += vaddlvq_u8(vcntq_u8(veorq_u8(vld1q_u8(x + i), vld1q_u8(y + i))));
    }
    for (; i < bytes; i += 8) {
      const size_t rest = bytes - i;
      total += static_cast<uint64_t>(
          __builtin_popcountll(ReadUpTo8(x + i, rest) ^ ReadUpTo8(y + i, rest)));
    }
    return static_cast<uint32_t>(total);
  }
  static float MaxAbs(const float* v, size_t n) {
    float32x4_t most = vdupq_n_f32(0.0f);
    size_t i = 0;
    for (; i + 4 <= n; i += 4) most = vmaxq_f32(vabsq_f32(vld1q_f32(v + i)), most);
    float result = vmaxvq_f32(most);
    for (; i < n; ++i) {
      const float magnitude = v[i] < 0.0f ? -v[i] : v[i];
      result = magnitude > result ? magnitude : result;
    }
    return result;
  }
  static size_t MoveUp(float* keys, uint32_t* ids, size_t n, float key) {
    return MoveUpOneByOne(keys, ids, n, key);
  }
  static constexpr size_t kBlocks = 1;
  template <size_t N>
  static void AddTables(const uint8_t* block, size_t stride, const uint32_t* columns, size_t count,
                        const uint8_t* tables, uint32_t* sums) {
    static_assert(N == 1);
    uint16x8_t first[4], second[4];  // of 16 rows each
    for (size_t i = 0; i < 4; ++i) first[i] = second[i] = vdupq_n_u16(0);
    for (size_t j = 0; j < count; ++j, tables += 32) {
      const uint8_t* column = block + kBlockRows * columns[j];
      FetchAhead(column + stride);
      const uint8x16_t low = vld1q_u8(tables), high = vld1q_u8(tables + 16);
      for (size_t i = 0; i < 4; ++i) {
        const uint8x16_t x = vld1q_u8(column + 16 * i);
        const uint8x16_t both = vaddq_u8(vqtbl1q_u8(low, vandq_u8(x, vdupq_n_u8(15))),
                                         vqtbl1q_u8(high, vshrq_n_u8(x, 4)));
        first[i] = vaddw_u8(first[i], vget_low_u8(both));
        second[i] = vaddw_u8(second[i], vget_high_u8(both));
      }
    }
    for (size_t i = 0; i < 4; ++i) {
      uint16_t lanes[16];
      vst1q_u16(lanes, first[i]);
      vst1q_u16(lanes + 8, second[i]);
      for (size_t r = 0; r < 16; ++r) sums[16 * i + r] += lanes[r];
    }
  }
  static uint64_t RowsWithin(const uint32_t* sums, const float* factors, const float* norms,
                             const BlockBound& bound) {
    return RowsWithinOneByOne(sums, factors, norms, bound);
  }
  static float SumBits(const uint8_t* bits, size_t bytes, const float* weights) {
    const uint32_t ones[8] = {1, 2, 4, 8, 16, 32, 64, 128};
    const uint32x4_t low = vld1q_u32(ones), high = vld1q_u32(ones + 4);
    float32x4_t sums[2] = {vdupq_n_f32(0.0f), vdupq_n_f32(0.0f)};
    for (size_t i = 0; i < bytes; ++i, weights += 8) {
      const uint32x4_t byte = vdupq_n_u32(bits[i]);
      const uint32x4_t first = vreinterpretq_u32_f32(vld1q_f32(weights));
      const uint32x4_t second = vreinterpretq_u32_f32(vld1q_f32(weights + 4));
      const uint32x4_t a = vandq_u32(first, vtstq_u32(byte, low));
      const uint32x4_t b = vandq_u32(second, vtstq_u32(byte, high));
      sums[0] = vaddq_f32(sums[0], vreinterpretq_f32_u32(a));
      sums[1] = vaddq_f32(sums[1], vreinterpretq_f32_u32(b));
    }
    return vaddvq_f32(vaddq_f32(sums[0], sums[1]));
  }
  static size_t ListWord(uint64_t word, uint32_t base, uint32_t* places) {
    return ListWordBitByBit(word, base, places);
  }
};

}  // namespace

constinit const CodeTable kNeonCodes = MakeCodeTable<NeonCodes>();

}  // namespace sagitta::kernels
