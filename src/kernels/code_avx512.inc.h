// Primitives over codes of AVX-512 (F, BW, VL, DQ): a line is a register.
#pragma once

#include <immintrin.h>

#include "kernels/codes.inc.h"

namespace sagitta::kernels {
namespace {

struct Avx512Codes {
  using Acc = __m512i;
  static constexpr size_t kRows = 4;

  template <size_t kRegisters>
  struct Query {
    __m512i part[kRegisters];
  };

  static Acc Zero() { return _mm512_setzero_si512(); }
  static __m512i Load(const uint8_t* p) { return _mm512_loadu_si512(p); }
  template <class C>
  static auto LoadQuery(C, const uint8_t* q) {
    Query<C::kQueryLine / 64> query;
    SAGITTA_UNROLL for (size_t i = 0; i < C::kQueryLine / 64; ++i) query.part[i] = Load(q + 64 * i);
    return query;
  }
  static void Widen(Acc& acc, __m512i pairs) {
    acc = _mm512_add_epi32(acc, _mm512_madd_epi16(pairs, _mm512_set1_epi16(1)));
  }
  static void Step(ByteCodes, Acc& acc, const uint8_t* row, const Query<1>& q) {
    Widen(acc, _mm512_maddubs_epi16(Load(row), q.part[0]));
  }
  static void Step(NibbleCodes, Acc& acc, const uint8_t* row, const Query<2>& q) {
    const __m512i x = Load(row);
    Widen(acc, _mm512_add_epi16(_mm512_maddubs_epi16(Low(x), q.part[0]),
                                _mm512_maddubs_epi16(High(x), q.part[1])));
  }
  // Counts of bits by byte, at most 8 each: weighted before they are widened, 7·8 fits into a byte.
  static void Step(BitCodes, Acc& acc, const uint8_t* row, const Query<4>& q) {
    const __m512i x = Load(row);
    __m512i counts = CountBits(_mm512_and_si512(x, q.part[2]));
    counts =
        _mm512_add_epi8(_mm512_add_epi8(counts, counts), CountBits(_mm512_and_si512(x, q.part[1])));
    counts =
        _mm512_add_epi8(_mm512_add_epi8(counts, counts), CountBits(_mm512_and_si512(x, q.part[0])));
    const __m512i signs = CountBits(_mm512_and_si512(x, q.part[3]));
    acc = _mm512_add_epi32(acc, _mm512_sad_epu8(counts, _mm512_setzero_si512()));
    const __m512i eighths = _mm512_sad_epu8(signs, _mm512_setzero_si512());
    acc = _mm512_sub_epi32(acc, _mm512_slli_epi32(eighths, 3));
  }
  template <size_t R>
  static void Dots(const Acc* accs, int32_t* dots) {
    if constexpr (R == 4) {
      const __m256i ab = _mm256_hadd_epi32(Halve(accs[0]), Halve(accs[1]));
      const __m256i cd = _mm256_hadd_epi32(Halve(accs[2]), Halve(accs[3]));
      const __m256i all = _mm256_hadd_epi32(ab, cd);
      const __m128i sums =
          _mm_add_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(dots), sums);
    } else {
      static_assert(R == 1);
      dots[0] = _mm512_reduce_add_epi32(accs[0]);
    }
  }

  static uint32_t Hamming(const void* a, const void* b, size_t bytes) {
    const auto* x = static_cast<const uint8_t*>(a);
    const auto* y = static_cast<const uint8_t*>(b);
    Acc acc = Zero();
    for (size_t i = 0; i < bytes; i += 64) {
      const __m512i bits = _mm512_xor_si512(Part(x + i, bytes - i), Part(y + i, bytes - i));
      const __m512i ones = CountBits(bits);
      acc = _mm512_add_epi32(acc, _mm512_sad_epu8(ones, _mm512_setzero_si512()));
    }
    return static_cast<uint32_t>(_mm512_reduce_add_epi32(acc));
  }
  static float MaxAbs(const float* v, size_t n) {
    __m512 most = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += 16) {
      const size_t rest = n - i;
      const auto lanes = static_cast<__mmask16>(rest >= 16 ? 0xffff : (1u << rest) - 1);
      most = _mm512_max_ps(_mm512_abs_ps(_mm512_maskz_loadu_ps(lanes, v + i)), most);
    }
    return _mm512_reduce_max_ps(most);
  }
  static size_t MoveUp(float* keys, uint32_t* ids, size_t n, float key) {
    const __m512 wanted = _mm512_set1_ps(key);
    while (n > 0) {
      const size_t count = n < 16 ? n : 16;
      float* block = keys + (n - count);
      uint32_t* block_ids = ids + (n - count);
      const auto lanes = static_cast<__mmask16>((1u << count) - 1);
      const __m512 values = _mm512_maskz_loadu_ps(lanes, block);
      const __mmask16 larger = _mm512_mask_cmp_ps_mask(lanes, values, wanted, _CMP_GT_OQ);
      const __m512i moved = _mm512_maskz_loadu_epi32(larger, block_ids);
      _mm512_mask_storeu_ps(block + 1, larger, values);
      _mm512_mask_storeu_epi32(block_ids + 1, larger, moved);
      if (larger != lanes) return n - static_cast<size_t>(__builtin_popcount(larger));
      n -= count;
    }
    return 0;
  }
  static constexpr size_t kBlocks = 2;
  template <size_t N>
  static void AddTables(const uint8_t* blocks, size_t stride, const uint32_t* columns, size_t count,
                        const uint8_t* tables, uint32_t* sums) {
    AddFound<Avx512Codes, N>(blocks, stride, columns, count, tables, sums);
  }
  static uint64_t RowsWithin(const uint32_t* sums, const float* factors, const float* norms,
                             const BlockBound& bound) {
    const __m512 base = _mm512_set1_ps(bound.base), step = _mm512_set1_ps(bound.step);
    const __m512 margin = _mm512_set1_ps(bound.margin), limit = _mm512_set1_ps(bound.limit);
    uint64_t within = 0;
    SAGITTA_UNROLL for (int r = 0; r < 64; r += 16) {
      const __m512 sum = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums + r));
      const __m512 factor =
          factors == nullptr ? _mm512_set1_ps(1.0f) : _mm512_loadu_ps(factors + r);
      const __m512 norm = norms == nullptr ? _mm512_setzero_ps() : _mm512_loadu_ps(norms + r);
      const __m512 product = _mm512_add_ps(base, _mm512_mul_ps(step, sum));
      const __m512 missing = _mm512_mul_ps(margin, _mm512_abs_ps(factor));
      const __m512 key = _mm512_add_ps(norm, _mm512_mul_ps(factor, product));
      const __mmask16 near =
          _mm512_cmp_ps_mask(_mm512_sub_ps(key, missing), limit, _CMP_LE_OQ);
      within |= static_cast<uint64_t>(near) << r;
    }
    return within;
  }
  static float SumBits(const uint8_t* bits, size_t bytes, const float* weights) {
    __m512 sums[4] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps(),
                      _mm512_setzero_ps()};
    const auto add = [&](__m512& sum, uint64_t taken, size_t i) {
      const auto lanes = static_cast<__mmask16>(taken);
      sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(lanes, weights + 8 * i));
    };
    size_t i = 0;
    for (; i + 8 <= bytes; i += 8) {
      uint64_t word;
      memcpy(&word, bits + i, sizeof word);
      SAGITTA_UNROLL for (size_t j = 0; j < 4; ++j) add(sums[j], word >> 16 * j, i + 2 * j);
    }
    for (; i < bytes; ++i) add(sums[0], bits[i], i);
    return _mm512_reduce_add_ps(
        _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3])));
  }
  static size_t ListWord(uint64_t word, uint32_t base, uint32_t* places) {
    const __m512i lanes =
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    size_t n = 0;
    SAGITTA_UNROLL for (int at = 0; at < 64; at += 16) {
      const auto bits = static_cast<__mmask16>(word >> at);
      const __m512i all =
          _mm512_add_epi32(lanes, _mm512_set1_epi32(static_cast<int>(base) + at));
      // A compressing store to memory is many times slower on Zen 4.
      _mm512_storeu_si512(places + n, _mm512_maskz_compress_epi32(bits, all));
      n += static_cast<size_t>(__builtin_popcount(bits));
    }
    return n;
  }

 protected:
  // AddTables with S::Find. 16-bit lanes hold two rows: their sum with the second one 256-fold, and
  // the second one's alone, taken out by a multiplication: shifts compete with look-ups for ports.
  template <class S, size_t N>
  static void AddFound(const uint8_t* blocks, size_t stride, const uint32_t* columns, size_t count,
                       const uint8_t* tables, uint32_t* sums) {
    const __m512i only_second = _mm512_set1_epi16(0x0100);
    __m512i both[N], second[N];
    SAGITTA_UNROLL for (size_t i = 0; i < N; ++i) both[i] = second[i] = Zero();
    for (size_t j = 0; j < count; ++j, tables += 32) {
      const uint8_t* column = blocks + kBlockRows * columns[j];
      const __m512i low = Table(tables), high = Table(tables + 16);
      SAGITTA_UNROLL for (size_t i = 0; i < N; ++i) {
        FetchAhead(column + (N + i) * stride);
        const __m512i found = S::Find(Load(column + i * stride), low, high);
        both[i] = _mm512_add_epi16(both[i], found);
        second[i] = _mm512_add_epi16(second[i], _mm512_maddubs_epi16(found, only_second));
      }
    }
    SAGITTA_UNROLL for (size_t i = 0; i < N; ++i) {
      const __m512i first = _mm512_sub_epi16(both[i], _mm512_slli_epi16(second[i], 8));
      AddInTurn(first, second[i], sums + kBlockRows * i);
    }
  }
  // Adds 16-bit lanes of `even` and `odd` in turn to 64 sums.
  static void AddInTurn(__m512i even, __m512i odd, uint32_t* sums) {
    const __m512i low = _mm512_unpacklo_epi16(even, odd), high = _mm512_unpackhi_epi16(even, odd);
    const __m512i half[2] = {
        _mm512_permutex2var_epi64(low, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), high),
        _mm512_permutex2var_epi64(low, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), high)};
    const auto add = [](uint32_t* to, __m256i lanes) {
      const __m512i wide = _mm512_cvtepu16_epi32(lanes);
      _mm512_storeu_si512(to, _mm512_add_epi32(_mm512_loadu_si512(to), wide));
    };
    SAGITTA_UNROLL for (size_t h = 0; h < 2; ++h, sums += 32) {
      add(sums, _mm512_castsi512_si256(half[h]));
      add(sums + 16, _mm512_extracti64x4_epi64(half[h], 1));
    }
  }
  static __m512i Table(const uint8_t* numbers) {
    return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(numbers)));
  }
  // What both nibbles of 64 bytes find, together.
  static __m512i Find(__m512i x, __m512i low, __m512i high) {
    return _mm512_add_epi8(_mm512_shuffle_epi8(low, Low(x)), _mm512_shuffle_epi8(high, High(x)));
  }
  static __m512i Part(const uint8_t* p, size_t n) {
    const uint64_t mask = n >= 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1;
    return _mm512_maskz_loadu_epi8(mask, p);
  }
  static __m512i Low(__m512i v) { return _mm512_and_si512(v, _mm512_set1_epi8(15)); }
  static __m512i High(__m512i v) { return Low(_mm512_srli_epi16(v, 4)); }
  static __m512i CountBits(__m512i v) {
    const __m512i table =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    return _mm512_add_epi8(_mm512_shuffle_epi8(table, Low(v)), _mm512_shuffle_epi8(table, High(v)));
  }
  static __m256i Halve(__m512i v) {
    return _mm256_add_epi32(_mm512_castsi512_si256(v), _mm512_extracti32x8_epi32(v, 1));
  }
};

// VPDPBUSD adds four products of an unsigned by a signed byte to each 32-bit sum.
#if defined(__AVX512VNNI__)
struct Avx512VnniCodes : Avx512Codes {
  using Avx512Codes::Step;
  static void Step(ByteCodes, Acc& acc, const uint8_t* row, const Query<1>& q) {
    acc = _mm512_dpbusd_epi32(acc, Load(row), q.part[0]);
  }
  static void Step(NibbleCodes, Acc& acc, const uint8_t* row, const Query<2>& q) {
    const __m512i x = Load(row);
    acc = _mm512_dpbusd_epi32(acc, Low(x), q.part[0]);
    acc = _mm512_dpbusd_epi32(acc, High(x), q.part[1]);
  }
};
#endif

}  // namespace
}  // namespace sagitta::kernels
