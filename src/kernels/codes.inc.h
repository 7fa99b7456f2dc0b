// The algorithms over codes, written once over a level's primitives S.
//
// S has Acc, kRows (how many rows share the query's registers), Zero(), for each kind C of codes
// Query<C> with LoadQuery(C, p) and Step(C, acc, row line, query), Dots<R>(accs, int32 sums), and
// Hamming, MaxAbs, MoveUp (as MoveUpOneByOne), ListWord (as ListWordBitByBit), kBlocks (how many
// blocks share the tables' registers), AddTables<N> (as SumTablesFn, of N blocks and at most
// kMostAdded columns, adding to the sums), RowsWithin (as RowsWithinOneByOne) and SumBits (as
// SumBitsFn). See code_table.h for the layout.
#pragma once

#include "kernels/code_table.h"
#include "kernels/elements.inc.h"

namespace sagitta::kernels {
namespace {

struct ByteCodes {
  static constexpr size_t kQueryLine = 64;
};
struct NibbleCodes {
  static constexpr size_t kQueryLine = 128;
};
struct BitCodes {
  static constexpr size_t kQueryLine = 256;
};

template <class S, class C, size_t R>
inline void RowDots(const CodeQuery& query, const uint8_t* const* rows, int32_t* dots) {
  typename S::Acc acc[R];
  SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) acc[r] = S::Zero();
  const uint8_t* q = query.values;
  for (size_t line = 0; line < query.lines; ++line, q += C::kQueryLine) {
    const auto part = S::LoadQuery(C{}, q);
    SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) {
      S::Step(C{}, acc[r], rows[r] + line * kCodeLine, part);
    }
  }
  S::template Dots<R>(acc, dots);
}

template <size_t R>
inline void KeysOf(const CodeQuery& query, const uint8_t* const* rows, const int32_t* dots,
                   float* keys) {
  SAGITTA_UNROLL for (size_t r = 0; r < R; ++r) {
    float trailer[2];
    memcpy(trailer, rows[r] + query.lines * kCodeLine - kCodeTrailer, kCodeTrailer);
    const float product = query.dot_factor * static_cast<float>(dots[r]);
    keys[r] = query.norm_factor * trailer[1] + trailer[0] * (product + query.bias);
  }
}

template <class S, class C, size_t R>
inline void RowCodeKeys(const CodeQuery& query, const uint8_t* const* rows, float* keys) {
  int32_t dots[R];
  RowDots<S, C, R>(query, rows, dots);
  KeysOf<R>(query, rows, dots, keys);
}

template <class S, class C>
int32_t CodeDot(const CodeQuery& query, const uint8_t* row) {
  int32_t dot;
  RowDots<S, C, 1>(query, &row, &dot);
  return dot;
}

template <class S, class C>
void CodeMany(const CodeQuery& query, const uint8_t* rows, size_t n, float* keys) {
  constexpr size_t kR = S::kRows;
  const size_t stride = query.lines * kCodeLine;
  size_t i = 0;
  for (; i + kR <= n; i += kR, rows += kR * stride) {
    const uint8_t* group[kR];
    SAGITTA_UNROLL for (size_t r = 0; r < kR; ++r) group[r] = rows + r * stride;
    RowCodeKeys<S, C, kR>(query, group, keys + i);
  }
  for (; i < n; ++i, rows += stride) RowCodeKeys<S, C, 1>(query, &rows, keys + i);
}

// To L2 (T1): more lines can be under way than the L1 cache has fill buffers. Measured on Zen 4,
// random rows of 768 bytes come at 16 to 17 GB/s, with T0 at 9.
inline void FetchCodes(const uint8_t* row, size_t bytes) {
  for (size_t offset = 0; offset < bytes; offset += kCodeLine) {
    __builtin_prefetch(row + offset, 0, 2);
  }
}

template <class S, class C>
void CodeGather(const CodeQuery& query, const uint8_t* rows, const uint32_t* ids, size_t n,
                float* keys) {
  constexpr size_t kR = S::kRows;
  constexpr size_t kAhead = 16;  // rows under way
  const size_t stride = query.lines * kCodeLine;
  size_t fetched = 0;
  for (; fetched < kAhead && fetched < n; ++fetched) {
    FetchCodes(rows + ids[fetched] * stride, stride);
  }
  size_t i = 0;
  for (; i + kR <= n; i += kR) {
    for (const size_t end = fetched + kR < n ? fetched + kR : n; fetched < end; ++fetched) {
      FetchCodes(rows + ids[fetched] * stride, stride);
    }
    const uint8_t* group[kR];
    SAGITTA_UNROLL for (size_t r = 0; r < kR; ++r) group[r] = rows + ids[i + r] * stride;
    RowCodeKeys<S, C, kR>(query, group, keys + i);
  }
  for (; i < n; ++i) {
    const uint8_t* row = rows + ids[i] * stride;
    RowCodeKeys<S, C, 1>(query, &row, keys + i);
  }
}

// Moves those of n ascending keys that are larger than `key`, and their ids, up by one place.
// Returns how many stay.
inline size_t MoveUpOneByOne(float* keys, uint32_t* ids, size_t n, float key) {
  for (; n > 0 && keys[n - 1] > key; --n) {
    keys[n] = keys[n - 1];
    ids[n] = ids[n - 1];
  }
  return n;
}

// Writes the places of the bits of `word`, the first of which is at `base`; returns how many.
inline size_t ListWordBitByBit(uint64_t word, uint32_t base, uint32_t* places) {
  size_t n = 0;
  for (; word != 0; word &= word - 1) {
    places[n++] = base + static_cast<uint32_t>(__builtin_ctzll(word));
  }
  return n;
}

// Which words have bits at all is found without a branch: it cannot be foreseen.
template <class S>
size_t ListBits(const uint64_t* words, size_t first, size_t last, uint32_t* places) {
  constexpr size_t kBlock = 64;
  size_t n = 0;
  for (size_t begin = first; begin < last; begin += kBlock) {
    const size_t end = begin + kBlock < last ? begin + kBlock : last;
    size_t some[kBlock], count = 0;
    for (size_t w = begin; w < end; ++w) {
      some[count] = w;
      count += words[w] != 0;
    }
    for (size_t i = 0; i < count; ++i) {
      n += S::ListWord(words[some[i]], static_cast<uint32_t>(64 * some[i]), places + n);
    }
  }
  return n;
}

// A line of the block that comes next. What the processor fetches by itself comes late where a core
// adds faster than a stream of lines arrives.
inline void FetchAhead(const uint8_t* line) { __builtin_prefetch(line, 0, 3); }

constexpr size_t kMostAdded = 256;  // bytes of a row, 254 each, fit into 16 bits

// Of N blocks.
template <class S, size_t N>
inline void SumTablesOf(const uint8_t* blocks, size_t stride, const uint32_t* columns, size_t count,
                        const uint8_t* tables, uint32_t* sums) {
  for (size_t r = 0; r < N * kBlockRows; ++r) sums[r] = 0;
  for (size_t done = 0; done < count; done += kMostAdded) {
    const size_t n = count - done < kMostAdded ? count - done : kMostAdded;
    S::template AddTables<N>(blocks, stride, columns + done, n, tables + 32 * done, sums);
  }
}

template <class S>
void SumTables(const uint8_t* blocks, size_t n, size_t stride, const uint32_t* columns,
               size_t count, const uint8_t* tables, uint32_t* sums) {
  constexpr size_t kN = S::kBlocks;
  for (; n >= kN; n -= kN, blocks += kN * stride, sums += kN * kBlockRows) {
    SumTablesOf<S, kN>(blocks, stride, columns, count, tables, sums);
  }
  for (; n > 0; --n, blocks += stride, sums += kBlockRows) {
    SumTablesOf<S, 1>(blocks, stride, columns, count, tables, sums);
  }
}

inline float SumByteOfBits(unsigned byte, const float* weights) {
  float sum = 0.0f;
  for (; byte != 0; byte &= byte - 1) sum += weights[__builtin_ctz(byte)];
  return sum;
}

inline uint64_t RowsWithinOneByOne(const uint32_t* sums, const float* factors, const float* norms,
                                   const BlockBound& bound) {
  uint64_t within = 0;
  for (size_t r = 0; r < kBlockRows; ++r) {
    const float product = bound.base + bound.step * static_cast<float>(sums[r]);
    const float factor = factors == nullptr ? 1.0f : factors[r];
    const float norm = norms == nullptr ? 0.0f : norms[r];
    const float least = norm + factor * product - bound.margin * __builtin_fabsf(factor);
    within |= static_cast<uint64_t>(least <= bound.limit) << r;
  }
  return within;
}

template <class S>
size_t Offer(SortedPool* pool, const float* keys, const uint32_t* ids, size_t n) {
  size_t size = pool->size, lowest = pool->limit;
  const size_t limit = pool->limit;
  float bound = size < limit ? __builtin_inff() : pool->keys[size - 1];
  for (size_t i = 0; i < n; ++i) {
    if (!(keys[i] < bound)) continue;
    if (size < limit) ++size;
    // The last one, if the pool was full, is overwritten by what moves up.
    const size_t place = S::MoveUp(pool->keys, pool->ids, size - 1, keys[i]);
    pool->keys[place] = keys[i];
    pool->ids[place] = ids[i];
    lowest = place < lowest ? place : lowest;
    bound = size < limit ? __builtin_inff() : pool->keys[size - 1];
  }
  pool->size = size;
  return lowest;
}

template <class S, class Bytes, class Nibbles, class Bits>
constexpr CodeTable MakeCodeTable() {
  return {{CodeMany<S, Bytes>, CodeMany<S, Nibbles>, CodeMany<S, Bits>},
          {CodeGather<S, Bytes>, CodeGather<S, Nibbles>, CodeGather<S, Bits>},
          {CodeDot<S, Bytes>, CodeDot<S, Nibbles>, CodeDot<S, Bits>},
          S::Hamming,
          S::MaxAbs,
          Offer<S>,
          ListBits<S>,
          SumTables<S>,
          S::RowsWithin,
          S::SumBits};
}

template <class S>
constexpr CodeTable MakeCodeTable() {
  return MakeCodeTable<S, ByteCodes, NibbleCodes, BitCodes>();
}

}  // namespace
}  // namespace sagitta::kernels
