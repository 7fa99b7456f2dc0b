// Codes without vector instructions: the reference.

#include "kernels/codes.inc.h"

namespace sagitta::kernels {
namespace {

struct ScalarCodes {
  using Acc = int32_t;
  static constexpr size_t kRows = 1;

  static Acc Zero() { return 0; }
  template <class C>
  static const uint8_t* LoadQuery(C, const uint8_t* q) {
    return q;
  }
  static void Step(ByteCodes, Acc& acc, const uint8_t* row, const uint8_t* q) {
    for (size_t i = 0; i < kCodeLine; ++i) acc += row[i] * static_cast<int8_t>(q[i]);
  }
  static void Step(NibbleCodes, Acc& acc, const uint8_t* row, const uint8_t* q) {
    for (size_t i = 0; i < kCodeLine; ++i) {
      acc += (row[i] & 15) * static_cast<int8_t>(q[i]);
      acc += (row[i] >> 4) * static_cast<int8_t>(q[kCodeLine + i]);
    }
  }
  static void Step(BitCodes, Acc& acc, const uint8_t* row, const uint8_t* q) {
    for (size_t plane = 0; plane < 4; ++plane) {
      for (size_t i = 0; i < kCodeLine; ++i) {
        const int32_t ones = __builtin_popcount(row[i] & q[plane * kCodeLine + i]);
        acc += ones * (plane == 3 ? -8 : 1 << plane);
      }
    }
  }
  template <size_t R>
  static void Dots(const Acc* accs, int32_t* dots) {
    for (size_t r = 0; r < R; ++r) dots[r] = accs[r];
  }

  static uint32_t Hamming(const void* a, const void* b, size_t bytes) {
    const auto* x = static_cast<const uint8_t*>(a);
    const auto* y = static_cast<const uint8_t*>(b);
    uint32_t bits = 0;
    for (size_t i = 0; i < bytes; ++i) {
      bits += static_cast<uint32_t>(__builtin_popcount(static_cast<unsigned>(x[i] ^ y[i])));
    }
    return bits;
  }
  static float MaxAbs(const float* v, size_t n) {
    float most = 0.0f;
    for (size_t i = 0; i < n; ++i) {
      const float magnitude = v[i] < 0.0f ? -v[i] : v[i];
      if (magnitude > most) most = magnitude;
    }
    return most;
  }
  static size_t MoveUp(float* keys, uint32_t* ids, size_t n, float key) {
    return MoveUpOneByOne(keys, ids, n, key);
  }
  static constexpr size_t kBlocks = 1;
  template <size_t N>
  static void AddTables(const uint8_t* block, size_t, const uint32_t* columns, size_t count,
                        const uint8_t* tables, uint32_t* sums) {
    static_assert(N == 1);
    for (size_t j = 0; j < count; ++j, tables += 32) {
      const uint8_t* column = block + kBlockRows * columns[j];
      for (size_t r = 0; r < kBlockRows; ++r) {
        sums[r] += static_cast<uint32_t>(tables[column[r] & 15] + tables[16 + (column[r] >> 4)]);
      }
    }
  }
  static uint64_t RowsWithin(const uint32_t* sums, const float* factors, const float* norms,
                             const BlockBound& bound) {
    return RowsWithinOneByOne(sums, factors, norms, bound);
  }
  static float SumBits(const uint8_t* bits, size_t bytes, const float* weights) {
    float sum = 0.0f;
    for (size_t i = 0; i < bytes; ++i) sum += SumByteOfBits(bits[i], weights + 8 * i);
    return sum;
  }
  static size_t ListWord(uint64_t word, uint32_t base, uint32_t* places) {
    return ListWordBitByBit(word, base, places);
  }
};

}  // namespace

constinit const CodeTable kScalarCodes = MakeCodeTable<ScalarCodes>();

}  // namespace sagitta::kernels
