// Codes with VNNI, VPOPCNTQ for single bits, and VPERMB (VBMI), which every processor with the one
// has too.

#include "kernels/code_avx512.inc.h"

namespace sagitta::kernels {
namespace {

struct Avx512VpopcntdqCodes : Avx512VnniCodes {
  using Avx512VnniCodes::Step;
  // Lanes of 64 bits. Their upper halves must stay zero for the sum of 32-bit lanes, so what is
  // negative is subtracted from the lower ones alone.
  static void Step(BitCodes, Acc& acc, const uint8_t* row, const Query<4>& q) {
    const __m512i x = Load(row);
    __m512i counts = _mm512_popcnt_epi64(_mm512_and_si512(x, q.part[2]));
    counts = _mm512_add_epi64(_mm512_add_epi64(counts, counts),
                              _mm512_popcnt_epi64(_mm512_and_si512(x, q.part[1])));
    counts = _mm512_add_epi64(_mm512_add_epi64(counts, counts),
                              _mm512_popcnt_epi64(_mm512_and_si512(x, q.part[0])));
    const __m512i signs = _mm512_popcnt_epi64(_mm512_and_si512(x, q.part[3]));
    acc = _mm512_sub_epi32(_mm512_add_epi32(acc, counts), _mm512_slli_epi32(signs, 3));
  }
  static uint32_t Hamming(const void* a, const void* b, size_t bytes) {
    const auto* x = static_cast<const uint8_t*>(a);
    const auto* y = static_cast<const uint8_t*>(b);
    __m512i acc = Zero();
    for (size_t i = 0; i < bytes; i += 64) {
      const __m512i bits = _mm512_xor_si512(Part(x + i, bytes - i), Part(y + i, bytes - i));
      acc = _mm512_add_epi64(acc, _mm512_popcnt_epi64(bits));
    }
    return static_cast<uint32_t>(_mm512_reduce_add_epi64(acc));
  }
  template <size_t N>
  static void AddTables(const uint8_t* blocks, size_t stride, const uint32_t* columns, size_t count,
                        const uint8_t* tables, uint32_t* sums) {
    AddFound<Avx512VpopcntdqCodes, N>(blocks, stride, columns, count, tables, sums);
  }
  // VPERMB takes six bits of each byte to look up one of 64. Four times the same table gives the
  // same for the last four of them, so that nothing need be masked.
  static __m512i Find(__m512i x, __m512i low, __m512i high) {
    return _mm512_add_epi8(_mm512_permutexvar_epi8(x, low),
                           _mm512_permutexvar_epi8(_mm512_srli_epi16(x, 4), high));
  }
};

}  // namespace

constinit const CodeTable kAvx512VpopcntdqCodes = MakeCodeTable<Avx512VpopcntdqCodes>();

}  // namespace sagitta::kernels
