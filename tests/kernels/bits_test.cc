// Kernels over packed bits at every level that this machine has, against bits counted one by one.
// Sums are whole numbers and JACCARD rounds once, so all comparisons are exact.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace sagitta::kernels {
namespace {

constexpr size_t kDims[] = {1,   7,   8,   9,   63,   64,   65,   127,  128,  129,  255,   256,
                            257, 384, 511, 512, 1000, 1024, 4096, 7936, 7937, 8192, 65'536};
constexpr Metric kMetrics[] = {Metric::kHamming, Metric::kJaccard};

using Bits = std::vector<uint8_t>;

bool BitOf(const uint8_t* row, size_t i) { return (row[i / 8] >> (i % 8) & 1) != 0; }

const float* AsQuery(const uint8_t* bits) { return reinterpret_cast<const float*>(bits); }

// Bits set with probability `density`.
Bits RandomBits(std::mt19937& random, size_t dim, double density) {
  std::bernoulli_distribution set(density);
  Bits bits(VectorBytes(Dtype::kBits, static_cast<uint32_t>(dim)));
  for (size_t i = 0; i < dim; ++i) {
    if (set(random)) bits[i / 8] = static_cast<uint8_t>(bits[i / 8] | 1 << (i % 8));
  }
  return bits;
}

float Naive(Metric metric, const uint8_t* a, const uint8_t* b, size_t dim) {
  size_t differ = 0, either = 0;
  for (size_t i = 0; i < dim; ++i) {
    differ += BitOf(a, i) != BitOf(b, i);
    either += BitOf(a, i) || BitOf(b, i);
  }
  if (metric == Metric::kHamming) return static_cast<float>(differ);
  return either == 0 ? 0.0f : static_cast<float>(differ) / static_cast<float>(either);
}

// Calls `check(what, metric, table, dim)` for every combination.
template <typename Check>
void ForEachTable(const Check& check) {
  for (const Level level : AvailableLevels()) {
    for (const Metric metric : kMetrics) {
      for (const size_t dim : kDims) {
        const std::string what = std::string(LevelName(level)) + " metric " +
                                 std::to_string(static_cast<int>(metric)) + " dim " +
                                 std::to_string(dim);
        check(what, metric, DistancesAt(level, Dtype::kBits, metric), dim);
      }
    }
  }
}

TEST(Bits, RowsAndQueriesAreCountedOneByOne) {
  std::mt19937 random(1);
  for (const size_t dim : kDims) {
    for (const double density : {0.0, 0.03, 0.5, 1.0}) {
      const Bits a = RandomBits(random, dim, 0.5), b = RandomBits(random, dim, density);
      const Bits zero(a.size());
      for (const Metric metric : kMetrics) {
        const float want = Naive(metric, a.data(), b.data(), dim);
        const float from_zero = Naive(metric, zero.data(), b.data(), dim);
        for (const Level level : AvailableLevels()) {
          SCOPED_TRACE(std::string(LevelName(level)) + " dim " + std::to_string(dim));
          const DistanceTable& table = DistancesAt(level, Dtype::kBits, metric);
          EXPECT_EQ(table.row_row(a.data(), b.data(), dim), want);
          EXPECT_EQ(table.query_row(AsQuery(a.data()), b.data(), dim), want);
          EXPECT_EQ(table.row_row(zero.data(), b.data(), dim), from_zero);
          EXPECT_EQ(table.row_row(b.data(), b.data(), dim), 0.0f);
        }
      }
    }
  }
}

TEST(Bits, ManyAndGatherGiveTheBitsOfRowAtAnyAlignmentAndStride) {
  std::mt19937 random(2);
  ForEachTable([&](const std::string& what, Metric, const DistanceTable& table, size_t dim) {
    for (const size_t n : {0, 1, 2, 3, 4, 5, 7, 8, 23}) {
      const size_t bytes = VectorBytes(Dtype::kBits, static_cast<uint32_t>(dim));
      const size_t stride = bytes + dim % 5, offset = 1 + dim % 3;
      Bits rows(offset + stride * n, 0xff);
      std::vector<uint32_t> ids(n);
      for (size_t i = 0; i < n; ++i) {
        const Bits row = RandomBits(random, dim, 0.4);
        std::memcpy(rows.data() + offset + i * stride, row.data(), bytes);
        ids[i] = static_cast<uint32_t>(random() % n);
      }
      const Bits query = RandomBits(random, dim, 0.5);
      const float* q = AsQuery(query.data());
      const uint8_t* base = rows.data() + offset;
      std::vector<float> many(n + 1, 7.5f), gathered(n + 1, 7.5f);
      table.query_many(q, base, stride, n, dim, many.data());
      table.query_gather(q, base, stride, ids.data(), n, dim, gathered.data());
      for (size_t i = 0; i < n; ++i) {
        ASSERT_EQ(many[i], table.query_row(q, base + i * stride, dim)) << what;
        ASSERT_EQ(gathered[i], many[ids[i]]) << what;
      }
      EXPECT_EQ(many[n], 7.5f);
      EXPECT_EQ(gathered[n], 7.5f);
    }
  });
}

TEST(Bits, AllOnesOfTheLongestRowDoNotOverflow) {
  constexpr size_t kDim = 65'536;
  const Bits ones(kDim / 8, 0xff), zeros(kDim / 8, 0);
  for (const Level level : AvailableLevels()) {
    const DistanceTable& hamming = DistancesAt(level, Dtype::kBits, Metric::kHamming);
    EXPECT_EQ(hamming.row_row(ones.data(), zeros.data(), kDim), 65'536.0f) << LevelName(level);
    const DistanceTable& jaccard = DistancesAt(level, Dtype::kBits, Metric::kJaccard);
    EXPECT_EQ(jaccard.row_row(ones.data(), zeros.data(), kDim), 1.0f) << LevelName(level);
  }
}

TEST(Bits, NothingIsReadPastARowsEnd) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t room = 3 * page;
  auto* memory = static_cast<uint8_t*>(
      mmap(nullptr, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(memory, MAP_FAILED);
  ASSERT_EQ(mprotect(memory + room, page, PROT_NONE), 0);
  ForEachTable([&](const std::string& what, Metric, const DistanceTable& table, size_t dim) {
    const size_t bytes = VectorBytes(Dtype::kBits, static_cast<uint32_t>(dim));
    const uint8_t* row = memory + room - bytes;
    const uint32_t id = 0;
    float key = 1;
    EXPECT_EQ(table.row_row(row, row, dim), 0.0f) << what;
    table.query_gather(AsQuery(row), row, bytes, &id, 1, dim, &key);
    EXPECT_EQ(key, 0.0f) << what;
    table.query_many(AsQuery(row), row, bytes, 1, dim, &key);
    EXPECT_EQ(key, 0.0f) << what;
  });
  munmap(memory, room + page);
}

TEST(Bits, ConversionsPackAndUnpack) {
  std::mt19937 random(3);
  for (const size_t dim : kDims) {
    const Bits bits = RandomBits(random, dim, 0.5);
    std::vector<float> floats(dim);
    ToFloat(Dtype::kBits)(bits.data(), floats.data(), dim);
    for (size_t i = 0; i < dim; ++i) EXPECT_EQ(floats[i], BitOf(bits.data(), i) ? 1.0f : 0.0f);
    Bits packed(bits.size(), 0xaa);
    FromFloat(Dtype::kBits)(floats.data(), packed.data(), dim);
    EXPECT_EQ(packed, bits) << dim;
  }
}

}  // namespace
}  // namespace sagitta::kernels
