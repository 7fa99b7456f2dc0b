// Codes whose highest bits are stored apart: the layout, and the scan that looks at these first.
#include "codec/plane_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/plane_layout.h"
#include "kernels/kernels.h"
#include "tests/codec/codec_testing.h"

namespace sagitta::codec {
namespace {

Grid EvenGrid(size_t dims, uint32_t bits) {
  const float step = NormalStep(bits), offset = -step * static_cast<float>((1u << bits) - 1) / 2;
  return {std::vector<uint8_t>(dims, static_cast<uint8_t>(bits)), std::vector<float>(dims, offset),
          std::vector<float>(dims, step)};
}

TEST(PlaneLayout, SuitsEvenGridsAlone) {
  EXPECT_TRUE(PlaneLayout::Suits(EvenGrid(40, 2)));
  EXPECT_TRUE(PlaneLayout::Suits(EvenGrid(8, 8)));
  EXPECT_FALSE(PlaneLayout::Suits(EvenGrid(40, 1))) << "there are no other bits";
  EXPECT_FALSE(PlaneLayout::Suits(EvenGrid(42, 2))) << "a plane ends within a byte";
  EXPECT_FALSE(PlaneLayout::Suits(Grid{}));
  for (const size_t d : {size_t{0}, size_t{39}}) {
    Grid grid = EvenGrid(40, 3);
    grid.step[d] *= 1.5f;
    EXPECT_FALSE(PlaneLayout::Suits(grid));
    grid = EvenGrid(40, 3);
    grid.offset[d] += 0.1f;
    EXPECT_FALSE(PlaneLayout::Suits(grid));
    grid = EvenGrid(40, 3);
    grid.bits[d] = 2;
    EXPECT_FALSE(PlaneLayout::Suits(grid));
  }
}

TEST(PlaneLayout, GivesBackWhatWasPacked) {
  std::mt19937 random(3);
  for (uint32_t bits = 2; bits <= 8; ++bits) {
    for (const bool has_norm : {false, true}) {
      constexpr size_t kDims = 24, kN = 70;
      const RowLayout row{.code = kDims * bits / 8, .has_factor = true, .has_norm = has_norm};
      const PlaneLayout layout(EvenGrid(kDims, bits), row);
      std::vector<uint8_t> rows(kN * row.bytes());
      for (uint8_t& v : rows) v = static_cast<uint8_t>(random());
      for (size_t i = 0; i < kN; ++i) row.PutFactor(0.25f, rows.data() + i * row.bytes());
      std::vector<uint8_t> stored(layout.stored_bytes(kN), 0xee), back(row.bytes());
      layout.Pack(rows.data(), kN, stored.data());
      for (size_t i = 0; i < kN; ++i) {
        const uint8_t* block = stored.data() + i / 64 * layout.block_bytes();
        const uint8_t* want = rows.data() + i * row.bytes();
        layout.Unpack(block, i % 64, back.data());
        EXPECT_EQ(back, std::vector<uint8_t>(want, want + row.bytes())) << bits << " bits, " << i;
        std::vector<uint8_t> head(layout.plane());
        layout.Head(block, i % 64, head.data());
        for (size_t d = 0; d < kDims; ++d) {
          const size_t at = d * bits + bits - 1;
          EXPECT_EQ(head[d / 8] >> d % 8 & 1, want[at / 8] >> at % 8 & 1) << d;
          for (uint32_t b = 0; b + 1 < bits; ++b) {
            const uint8_t byte = layout.Rest(block, i % 64)[b * layout.plane() + d / 8];
            const size_t place = d * bits + b;
            EXPECT_EQ(byte >> d % 8 & 1, want[place / 8] >> place % 8 & 1) << d << ", bit " << b;
          }
        }
        const float factor = BlockNumbers(layout.head, block).factor(i % 64);
        EXPECT_NEAR(factor, layout.HeadFactor(want), 1e-3 * factor);
        EXPECT_EQ(layout.Factor(layout.Rest(block, i % 64)), 0.25f);
      }
      // What is left of the last block.
      layout.Unpack(stored.data() + layout.block_bytes(), 63, back.data());
      EXPECT_EQ(back, std::vector<uint8_t>(row.bytes(), 0));
    }
  }
}

// A row's own direction is what its highest bits are to estimate without a bias.
TEST(PlaneLayout, HeadFactorIsRightForTheRowItself) {
  constexpr size_t kDims = 40;
  for (const uint32_t bits : {2u, 4u}) {
    const Grid grid = EvenGrid(kDims, bits);
    const RowLayout row{.code = grid.bytes(), .has_factor = true, .has_norm = false};
    const PlaneLayout layout(grid, row);
    std::vector<float> y(kDims), value(kDims);
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    for (float& v : y) v = normal(random);
    std::vector<uint8_t> code(row.bytes());
    grid.Quantize(y.data(), 1.0f, code.data(), value.data());
    row.PutFactor(2.0f, code.data());
    double by_signs = 0, whole = 0;
    for (const float v : value) {
      by_signs += std::abs(v);
      whole += 2.0 * v * v;
    }
    EXPECT_NEAR(by_signs * layout.HeadFactor(code.data()), whole, 1e-4 * whole);
  }
}

std::vector<CodecSpec> PlaneSpecs(Metric metric) {
  std::vector<CodecSpec> specs;
  for (const uint32_t bits : {2u, 3u, 4u, 8u}) {
    specs.push_back({.kind = CodecKind::kRotated, .metric = metric, .bits = bits});
  }
  for (const uint32_t bits : {2u, 4u}) {
    specs.push_back({.kind = CodecKind::kRecurrent, .metric = metric, .bits = bits});
  }
  return specs;
}

// With products, the rows that are found are the long ones, which look least like the others; and
// what is learned of the rows at the front may be of no use for the others.
TEST(PlaneScan, RowsOfAnyLengthAreFound) {
  constexpr size_t kMany = 6000;
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct}) {
    for (const bool empty_first : {false, true}) {
      std::vector<float> rows = Rows(kMany, 31), queries = Rows(20, 32);
      std::mt19937 random(33);
      std::uniform_real_distribution<float> power(-1.0f, 1.0f);
      for (size_t i = 0; i < kMany; ++i) {
        const float times = empty_first && i < 1024 ? 0.0f : std::pow(10.0f, power(random));
        for (uint32_t d = 0; d < kDim; ++d) rows[i * kDim + d] *= times;
      }
      for (const CodecSpec& spec : PlaneSpecs(metric)) {
        const Stored stored = Store(Train(spec, rows), rows);
        ASSERT_EQ(stored.codec->format(), CodecFormat::kPlanes);
        size_t missed = 0;
        for (size_t q = 0; q < 20; ++q) {
          const auto query = stored.codec->Prepare(queries.data() + q * kDim);
          missed += Missed(*query, stored, kMany, 10, 1024);
        }
        EXPECT_LE(missed, 2u) << CodecName(spec.kind) << " of " << spec.bits << " bits";
      }
    }
  }
}

TEST(PlaneScan, RowsThatAreAllTheSameAndFewRows) {
  std::vector<float> rows = Rows(300, 41);
  for (size_t i = 0; i < 200; ++i) std::copy_n(rows.begin(), kDim, rows.begin() + i * kDim);
  for (const CodecSpec& spec : PlaneSpecs(Metric::kL2)) {
    const Stored stored = Store(Train(spec, rows), rows);
    const auto query = stored.codec->Prepare(rows.data());
    for (const size_t n : {size_t{0}, size_t{1}, size_t{5}, size_t{200}, size_t{300}}) {
      for (const size_t k : {size_t{1}, size_t{10}, size_t{1000}}) {
        EXPECT_EQ(Missed(*query, stored, n, k, 64), 0u) << n << " rows, k = " << k;
      }
    }
  }
}

// As a version wrote them that did not know planes.
std::unique_ptr<Codec> InFirstFormat(const Codec& codec) {
  std::string bytes = codec.Serialize();
  EXPECT_EQ(bytes[0], 2);
  bytes.resize(bytes.size() - 4);
  bytes[0] = 1;
  base::PutLe(bytes, base::Crc32c(bytes));
  auto read = Codec::Deserialize(bytes);
  EXPECT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ((*read)->Serialize(), bytes) << "it stays in its format";
  return std::move(*read);
}

// Segments keep the format that they were written in; a query that either codec prepares is for
// rows of both.
TEST(PlaneScan, BothFormatsAnswerTheSame) {
  const std::vector<float> rows = Rows(kRows, 51), queries = Rows(10, 52);
  for (CodecSpec spec : PlaneSpecs(Metric::kInnerProduct)) {
    // Rows of products were others.
    if (spec.kind == CodecKind::kRotated) spec.metric = Metric::kL2;
    const Stored now = Store(Train(spec, rows), rows);
    const Stored before = Store(InFirstFormat(*now.codec), rows);
    EXPECT_EQ(before.codec->format(), CodecFormat::kFirst);
    EXPECT_EQ(before.codes, now.codes);
    EXPECT_NE(before.stored, now.stored);
    for (size_t q = 0; q < 10; ++q) {
      for (const Stored* asks : {&now, &before}) {
        const auto query = asks->codec->Prepare(queries.data() + q * kDim);
        EXPECT_EQ(Missed(*query, now, kRows, 10, kRows), 0u) << spec.bits;
        EXPECT_EQ(Missed(*query, before, kRows, 10, kRows), 0u) << spec.bits;
      }
    }
  }
}

// All rows and queries are far out in one direction: what is estimated is what lies beyond.
TEST(PlaneScan, ProductsWithACommonPartAreEstimatedWithoutIt) {
  std::vector<float> rows = Rows(kRows, 71), queries = Rows(40, 72);
  for (std::vector<float>* vectors : {&rows, &queries}) {
    for (size_t i = 0; i < vectors->size(); i += kDim) (*vectors)[i] = 50.0f;
  }
  const auto now =
      Train({.kind = CodecKind::kRotated, .metric = Metric::kInnerProduct, .bits = 4}, rows);
  const auto before = InFirstFormat(*now);
  EXPECT_EQ(now->code_bytes(), before->code_bytes() + sizeof(float));
  EXPECT_GE(Recall(*now, rows, queries), 0.85);
  EXPECT_LE(Recall(*before, rows, queries), 0.5);
}

TEST(PlaneScan, FormatsThatDoNotFitAreDataLoss) {
  const std::vector<float> rows = Rows(kFew, 61);
  const auto with_format = [](const Codec& codec, char format) {
    std::string bytes = codec.Serialize();
    bytes.resize(bytes.size() - 4);
    bytes[0] = format;
    base::PutLe(bytes, base::Crc32c(bytes));
    return Codec::Deserialize(bytes).status();
  };
  for (const CodecSpec& spec :
       {CodecSpec{.kind = CodecKind::kF16}, CodecSpec{.kind = CodecKind::kScalar, .bits = 4},
        CodecSpec{.kind = CodecKind::kProduct, .bits = 4, .pieces = 20},
        CodecSpec{.kind = CodecKind::kRotated, .bits = 1}}) {
    const auto codec = Train(spec, rows);
    EXPECT_EQ(codec->format(), CodecFormat::kFirst);
    EXPECT_EQ(with_format(*codec, 2).code(), StatusCode::kDataLoss) << CodecName(spec.kind);
    EXPECT_NE(with_format(*codec, 3).ToString().find("format 3"), std::string::npos);
  }
}

}  // namespace
}  // namespace sagitta::codec
