// Every level that this machine has against arithmetic of the test's own, which knows the layout
// from code_table.h only. Dot products are exact; so, with them, are the keys of all levels alike.
#include "kernels/codes.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "tests/kernels/rows.h"

namespace sagitta::kernels {
namespace {

constexpr CodeKind kKinds[] = {CodeKind::kByte, CodeKind::kNibble, CodeKind::kBit};
constexpr size_t kCodeDims[] = {1,  2,  3,  7,  8,   9,   15,  16,  17,  31,  32,  33,  55,   56,
                                57, 63, 64, 65, 100, 111, 112, 113, 127, 128, 384, 784, 1536, 8192};

// Rows and a query of random numbers laid out by hand; what is no code is zero in the query and
// random in the rows where the kind leaves room for it.
struct Sample {
  Sample(CodeKind code_kind, size_t code_dims, size_t rows, std::mt19937* random)
      : kind(code_kind), dims(code_dims), n(rows) {
    const size_t codes_per_line = kind == CodeKind::kByte     ? 64
                                  : kind == CodeKind::kNibble ? 128
                                                              : 512;
    const size_t lost = codes_per_line / 8;  // to the trailer
    lines = (dims + lost + codes_per_line - 1) / codes_per_line;
    numbers.resize(dims);
    for (int& v : numbers) {
      v = static_cast<int>((*random)() % (kind == CodeKind::kBit ? 16 : 255));
      v -= kind == CodeKind::kBit ? 8 : 127;
    }
    codes.resize(n * dims);
    const uint32_t levels = kind == CodeKind::kByte ? 128 : kind == CodeKind::kNibble ? 16 : 2;
    for (uint32_t& code : codes) code = (*random)() % levels;
    LayOut(random);
  }

  void LayOut(std::mt19937* random) {
    const size_t per_line = kind == CodeKind::kByte ? 64 : kind == CodeKind::kNibble ? 128 : 256;
    values.assign(lines * per_line, 0);
    rows.assign(n * stride(), 0);
    for (size_t d = 0; d < dims; ++d) PutNumber(d, numbers[d]);
    for (size_t i = 0; i < n; ++i) {
      for (size_t d = 0; d < dims; ++d) PutCode(i, d, codes[i * dims + d]);
      trailers.push_back(static_cast<float>((*random)() % 1000) / 500.0f);
      trailers.push_back(static_cast<float>((*random)() % 1000));
      std::memcpy(rows.data() + (i + 1) * stride() - 8, trailers.data() + 2 * i, 8);
    }
    query = {values.data(), lines, 0.5f, 0.25f, -3.0f};
  }

  // A nibble's place: 64 bytes a line, 56 in the last one; low halves first.
  size_t NibbleByte(size_t d, bool* high) const {
    const size_t line = d / 128, width = line + 1 == lines ? 56 : 64;
    *high = d % 128 >= width;
    return line * 64 + (d % 128) % width;
  }
  void PutNumber(size_t d, int number) {
    const auto byte = static_cast<uint8_t>(number);
    if (kind == CodeKind::kByte) {
      values[d] = byte;
    } else if (kind == CodeKind::kNibble) {
      bool high = false;
      const size_t at = NibbleByte(d, &high);
      values[at / 64 * 128 + (high ? 64 : 0) + at % 64] = byte;
    } else {
      for (size_t plane = 0; plane < 4; ++plane) {
        uint8_t& bits = values[d / 512 * 256 + plane * 64 + d % 512 / 8];
        bits = static_cast<uint8_t>(bits | (byte >> plane & 1) << d % 8);
      }
    }
  }
  void PutCode(size_t row, size_t d, uint32_t code) {
    uint8_t* bytes = rows.data() + row * stride();
    if (kind == CodeKind::kByte) {
      bytes[d] = static_cast<uint8_t>(code);
    } else if (kind == CodeKind::kNibble) {
      bool high = false;
      const size_t at = NibbleByte(d, &high);
      bytes[at] = static_cast<uint8_t>(bytes[at] | (high ? code << 4 : code));
    } else {
      bytes[d / 8] = static_cast<uint8_t>(bytes[d / 8] | code << d % 8);
    }
  }

  size_t stride() const { return lines * 64; }
  int64_t Dot(size_t row) const {
    int64_t dot = 0;
    for (size_t d = 0; d < dims; ++d) dot += int64_t{codes[row * dims + d]} * numbers[d];
    return dot;
  }
  float Key(size_t row) const {
    const float product = query.dot_factor * static_cast<float>(Dot(row));
    return query.norm_factor * trailers[2 * row + 1] + trailers[2 * row] * (product + query.bias);
  }

  CodeKind kind;
  size_t dims, n, lines = 0;
  std::vector<int> numbers;
  std::vector<uint32_t> codes;
  std::vector<float> trailers;
  std::vector<uint8_t> values, rows;
  CodeQuery query{};
};

std::string Describe(Level level, const Sample& sample) {
  return std::string(LevelName(level)) + " kind " + std::to_string(static_cast<int>(sample.kind)) +
         " dims " + std::to_string(sample.dims);
}

TEST(Codes, DotProductsAreExactAtEveryLevel) {
  std::mt19937 random(1);
  for (const CodeKind kind : kKinds) {
    for (const size_t dims : kCodeDims) {
      const Sample sample(kind, dims, 3, &random);
      for (const Level level : AvailableLevels()) {
        const CodeDotFn dot = CodesAt(level).dot[static_cast<size_t>(kind)];
        for (size_t i = 0; i < sample.n; ++i) {
          EXPECT_EQ(dot(sample.query, sample.rows.data() + i * sample.stride()), sample.Dot(i))
              << Describe(level, sample);
        }
      }
    }
  }
}

// The largest products a kind can have, where 16-bit sums would overflow if they could.
TEST(Codes, ExtremeNumbersDoNotOverflow) {
  std::mt19937 random(2);
  for (const CodeKind kind : kKinds) {
    for (const int sign : {-1, 1}) {
      Sample sample(kind, 8192, 1, &random);
      const int most = kind == CodeKind::kBit ? (sign < 0 ? 8 : 7) : 127;
      std::fill(sample.numbers.begin(), sample.numbers.end(), sign * most);
      std::fill(sample.codes.begin(), sample.codes.end(),
                kind == CodeKind::kByte     ? 127
                : kind == CodeKind::kNibble ? 15
                                            : 1);
      sample.LayOut(&random);
      for (const Level level : AvailableLevels()) {
        const CodeDotFn dot = CodesAt(level).dot[static_cast<size_t>(kind)];
        EXPECT_EQ(dot(sample.query, sample.rows.data()), sample.Dot(0)) << Describe(level, sample);
      }
    }
  }
}

TEST(Codes, ManyAndGatherGiveTheKeysOfTheirRows) {
  std::mt19937 random(3);
  for (const CodeKind kind : kKinds) {
    for (const size_t dims : {size_t{1}, size_t{57}, size_t{240}, size_t{784}}) {
      const Sample sample(kind, dims, 41, &random);
      for (const Level level : AvailableLevels()) {
        const CodeTable& table = CodesAt(level);
        for (const size_t n : {0, 1, 2, 3, 4, 5, 7, 8, 16, 17, 31, 40, 41}) {
          std::vector<uint32_t> ids(n);
          for (uint32_t& id : ids) id = static_cast<uint32_t>(random() % sample.n);
          std::vector<float> keys(n + 1, -1.0f);
          table.gather[static_cast<size_t>(kind)](sample.query, sample.rows.data(), ids.data(), n,
                                                  keys.data());
          for (size_t i = 0; i < n; ++i) {
            EXPECT_FLOAT_EQ(keys[i], sample.Key(ids[i])) << Describe(level, sample);
          }
          EXPECT_EQ(keys[n], -1.0f);
          table.many[static_cast<size_t>(kind)](sample.query, sample.rows.data(), n, keys.data());
          for (size_t i = 0; i < n; ++i) {
            EXPECT_FLOAT_EQ(keys[i], sample.Key(i)) << Describe(level, sample);
          }
          EXPECT_EQ(keys[n], -1.0f);
        }
      }
    }
  }
}

TEST(Codes, HammingCountsDifferingBits) {
  std::mt19937 random(4);
  for (size_t bytes = 0; bytes <= 200; ++bytes) {
    std::vector<uint8_t> a(bytes), b(bytes);
    uint32_t want = 0;
    for (size_t i = 0; i < bytes; ++i) {
      a[i] = static_cast<uint8_t>(random());
      b[i] = static_cast<uint8_t>(random());
      want += static_cast<uint32_t>(std::popcount(static_cast<uint8_t>(a[i] ^ b[i])));
    }
    for (const Level level : AvailableLevels()) {
      EXPECT_EQ(CodesAt(level).hamming(a.data(), b.data(), bytes), want) << LevelName(level);
    }
  }
}

TEST(Codes, SumTablesAddsWhatEveryNibbleFinds) {
  std::mt19937 random(9);
  constexpr size_t kBlocks = 5;
  for (const size_t bytes : {0u, 1u, 2u, 47u, 96u, 255u, 256u, 257u, 700u}) {
    const size_t stride = kBlockRows * bytes + 24;  // blocks end with other things
    // Every third time, bytes are looked up in any order, and some of them several times.
    std::vector<uint32_t> columns(bytes);
    std::iota(columns.begin(), columns.end(), 0u);
    if (bytes % 3 == 2) {
      for (uint32_t& column : columns) column = static_cast<uint32_t>(random() % bytes);
    }
    std::vector<uint8_t> blocks(kBlocks * stride), tables(32 * bytes);
    // The largest numbers everywhere must not overflow.
    for (uint8_t& v : blocks) v = static_cast<uint8_t>(random());
    for (uint8_t& v : tables) v = bytes % 2 == 0 ? static_cast<uint8_t>(random() % 128) : 127;
    if (bytes == 256) tables.assign(tables.size(), 127);
    std::vector<uint32_t> want(kBlocks * kBlockRows);
    for (size_t i = 0; i < want.size(); ++i) {
      for (size_t j = 0; j < bytes; ++j) {
        const size_t place = kBlockRows * columns[j] + i % kBlockRows;
        const uint8_t byte = blocks[i / kBlockRows * stride + place];
        want[i] += tables[32 * j + byte % 16] + uint32_t{tables[32 * j + 16 + byte / 16]};
      }
    }
    for (const Level level : AvailableLevels()) {
      for (const size_t n : {size_t{0}, size_t{1}, size_t{2}, kBlocks}) {
        std::vector<uint32_t> sums(kBlocks * kBlockRows, 5), first = want;
        std::fill(first.begin() + static_cast<ptrdiff_t>(n * kBlockRows), first.end(), 5u);
        CodesAt(level).sum_tables(blocks.data(), n, stride, columns.data(), bytes, tables.data(),
                                   sums.data());
        EXPECT_EQ(sums, first) << LevelName(level) << " " << n << " blocks, " << bytes << " bytes";
      }
    }
  }
}

TEST(Codes, RowsWithinAreThoseThatMayBeNearer) {
  std::mt19937 random(12);
  std::normal_distribution<float> normal;
  for (const bool plain : {false, true}) {
    std::vector<uint32_t> sums(kBlockRows);
    std::vector<float> factors(kBlockRows, 1.0f), norms(kBlockRows, 0.0f);
    for (size_t r = 0; r < kBlockRows; ++r) {
      sums[r] = random() % 20'000;
      if (plain) continue;
      factors[r] = normal(random);
      norms[r] = 100 * normal(random);
    }
    if (!plain) factors[7] = std::numeric_limits<float>::quiet_NaN();
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    for (const float limit : {-1e30f, -50.0f, 0.0f, 60.0f, kInfinity}) {
      const BlockBound bound{-95.0f, 0.01f, 3.0f, limit};
      uint64_t want = 0;
      for (size_t r = 0; r < kBlockRows; ++r) {
        const float product = bound.base + bound.step * static_cast<float>(sums[r]);
        const float key = norms[r] + factors[r] * product;
        want |= uint64_t{key - bound.margin * std::abs(factors[r]) <= limit} << r;
      }
      for (const Level level : AvailableLevels()) {
        const auto within = CodesAt(level).rows_within;
        EXPECT_EQ(within(sums.data(), factors.data(), norms.data(), bound), want)
            << LevelName(level) << " up to " << limit;
        if (!plain) continue;
        EXPECT_EQ(within(sums.data(), nullptr, norms.data(), bound), want) << LevelName(level);
        EXPECT_EQ(within(sums.data(), factors.data(), nullptr, bound), want) << LevelName(level);
      }
    }
  }
}

TEST(Codes, SumBitsAddsTheWeightsOfSetBits) {
  std::mt19937 random(21);
  for (const size_t bytes : {0u, 1u, 2u, 3u, 7u, 8u, 9u, 47u, 48u, 144u}) {
    std::vector<uint8_t> bits(bytes);
    std::vector<float> weights(8 * bytes), whole(8 * bytes);
    for (uint8_t& v : bits) v = static_cast<uint8_t>(random());
    std::normal_distribution<float> normal;
    for (float& v : weights) v = normal(random);
    for (float& v : whole) v = static_cast<float>(random() % 2001) - 1000.0f;
    double want = 0, want_whole = 0;
    for (size_t i = 0; i < 8 * bytes; ++i) {
      if ((bits[i / 8] >> i % 8 & 1) == 0) continue;
      want += weights[i];
      want_whole += whole[i];
    }
    for (const Level level : AvailableLevels()) {
      const auto sum_bits = CodesAt(level).sum_bits;
      EXPECT_NEAR(sum_bits(bits.data(), bytes, weights.data()), want, 1e-3) << LevelName(level);
      EXPECT_EQ(sum_bits(bits.data(), bytes, whole.data()), want_whole) << LevelName(level);
    }
  }
}

TEST(Codes, ListBitsIsEveryBitInOrder) {
  std::mt19937_64 random(3);
  for (const size_t words : {0u, 1u, 2u, 63u, 64u, 65u, 200u}) {
    for (const unsigned sparse : {0u, 1u, 2u, 4u, 7u}) {  // a bit in 2^sparse is set
      std::vector<uint64_t> bits(words, ~uint64_t{0});
      for (uint64_t& word : bits) {
        for (unsigned i = 0; i < sparse; ++i) word &= random();
      }
      const size_t first = words == 0 ? 0 : random() % words, last = words;
      std::vector<uint32_t> want;
      for (size_t place = 64 * first; place < 64 * last; ++place) {
        if (bits[place / 64] >> place % 64 & 1) want.push_back(static_cast<uint32_t>(place));
      }
      for (const Level level : AvailableLevels()) {
        // What lies behind the room that is asked for is not touched.
        std::vector<uint32_t> places(want.size() + kListBitsSlack + 1, 77);
        ASSERT_EQ(CodesAt(level).list_bits(bits.data(), first, last, places.data()), want.size());
        EXPECT_EQ(places.back(), 77u) << LevelName(level);
        places.resize(want.size());
        EXPECT_EQ(places, want) << LevelName(level) << " " << words << " words";
      }
    }
  }
}

// Against keys kept in order by inserting behind equal ones.
TEST(Codes, OfferKeepsTheBestInOrder) {
  struct Kept {
    float key;
    uint32_t id;
  };
  for (const Level level : AvailableLevels()) {
    const auto offer = CodesAt(level).offer;
    std::mt19937 random(8);
    for (const size_t limit : {1u, 2u, 7u, 8u, 9u, 16u, 17u, 100u, 128u, 333u}) {
      // What lies behind the arrays is not touched.
      std::vector<float> keys(limit + 1, -7.0f);
      std::vector<uint32_t> ids(limit + 1, 77);
      SortedPool pool{keys.data(), ids.data(), 0, limit};
      std::vector<Kept> model;
      for (uint32_t round = 0; round < 60; ++round) {
        std::vector<float> offered(random() % 40);
        std::vector<uint32_t> names(offered.size());
        size_t lowest = limit;
        for (size_t i = 0; i < offered.size(); ++i) {
          offered[i] = static_cast<float>(random() % 500);
          if (random() % 20 == 0) offered[i] = std::numeric_limits<float>::quiet_NaN();
          if (random() % 20 == 0) offered[i] = std::numeric_limits<float>::infinity();
          names[i] = round * 64 + static_cast<uint32_t>(i);
          const bool room = model.size() < limit;
          if (!(offered[i] < (room ? std::numeric_limits<float>::infinity() : model.back().key))) {
            continue;
          }
          if (!room) model.pop_back();
          const auto at = std::upper_bound(model.begin(), model.end(), offered[i],
                                           [](float key, const Kept& k) { return key < k.key; });
          lowest = std::min(lowest, static_cast<size_t>(at - model.begin()));
          model.insert(at, {offered[i], names[i]});
        }
        ASSERT_EQ(offer(&pool, offered.data(), names.data(), offered.size()), lowest);
        ASSERT_EQ(pool.size, model.size());
        for (size_t i = 0; i < model.size(); ++i) {
          ASSERT_EQ(keys[i], model[i].key) << LevelName(level) << " " << limit << " at " << i;
          ASSERT_EQ(ids[i], model[i].id) << LevelName(level) << " " << limit << " at " << i;
        }
        ASSERT_EQ(keys[limit], -7.0f);
        ASSERT_EQ(ids[limit], 77u);
      }
    }
  }
}

TEST(Codes, MaxAbsSeesEveryPlace) {
  for (const Level level : AvailableLevels()) {
    const auto max_abs = CodesAt(level).max_abs;
    EXPECT_EQ(max_abs(nullptr, 0), 0.0f);
    for (const size_t n : kDims) {
      std::vector<float> v(n, 0.25f);
      EXPECT_EQ(max_abs(v.data(), n), 0.25f);
      for (size_t i = 0; i < n; ++i) {
        v[i] = i % 2 == 0 ? -3.0f : 3.0f;
        EXPECT_EQ(max_abs(v.data(), n), 3.0f) << LevelName(level) << " at " << i << " of " << n;
        v[i] = 0.25f;
      }
    }
  }
}

}  // namespace
}  // namespace sagitta::kernels
