#include "codec/codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>

#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/transform.h"
#include "tests/codec/codec_testing.h"

namespace sagitta::codec {
namespace {

std::vector<CodecSpec> AllSpecs(Metric metric) {
  std::vector<CodecSpec> specs;
  for (const CodecKind kind : {CodecKind::kProduct, CodecKind::kRotatedProduct}) {
    specs.push_back({.kind = kind, .metric = metric, .bits = 4, .pieces = 20});
    specs.push_back({.kind = kind, .metric = metric, .bits = 4, .pieces = 5});  // an odd number
  }
  specs.push_back({.kind = CodecKind::kProduct, .metric = metric, .bits = 8, .pieces = 8});
  const auto add = [&](CodecKind kind, uint32_t bits, uint32_t bytes = 0, bool centre = true) {
    specs.push_back(
        {.kind = kind, .metric = metric, .bits = bits, .bytes = bytes, .centre = centre});
  };
  add(CodecKind::kF16, 0);
  add(CodecKind::kBf16, 0);
  for (const uint32_t bits : {1u, 4u, 6u, 8u}) add(CodecKind::kScalar, bits);
  add(CodecKind::kRowScaled, 0);
  add(CodecKind::kSign, 0, 0, true);
  add(CodecKind::kSign, 0, 0, false);
  for (const uint32_t bits : {1u, 2u, 4u}) add(CodecKind::kRecurrent, bits);
  for (const uint32_t bits : {1u, 3u, 8u}) add(CodecKind::kRotated, bits);
  for (const uint32_t bytes : {7u, 16u, 30u}) add(CodecKind::kAllocated, 0, bytes);
  const auto transformed = [&](CodecKind kind, uint32_t bits, CodecTransform transform,
                               uint32_t width) {
    specs.push_back({.kind = kind,
                     .metric = metric,
                     .bits = bits,
                     .transform = transform,
                     .width = width});
  };
  transformed(CodecKind::kScalar, 4, CodecTransform::kPca, 25);
  transformed(CodecKind::kScalar, 8, CodecTransform::kRotation, 0);
  transformed(CodecKind::kRowScaled, 0, CodecTransform::kPca, 0);
  transformed(CodecKind::kRowScaled, 0, CodecTransform::kSparse, 70);
  transformed(CodecKind::kSign, 0, CodecTransform::kNone, 0);
  transformed(CodecKind::kSign, 0, CodecTransform::kWhitening, 0);
  transformed(CodecKind::kSign, 0, CodecTransform::kSparse, 64);
  transformed(CodecKind::kRotated, 3, CodecTransform::kWhitening, 30);
  transformed(CodecKind::kRotated, 2, CodecTransform::kSparse, 0);
  return specs;
}

// What is subtracted from rows before they are coded.
std::vector<float> CentreOf(const CodecSpec& spec, const std::vector<float>& rows) {
  if (spec.transform == CodecTransform::kNone) return std::vector<float>(kDim, 0.0f);
  const bool centred = spec.transform != CodecTransform::kUsual ||
                       spec.kind == CodecKind::kRotated || spec.kind == CodecKind::kAllocated ||
                       spec.kind == CodecKind::kProduct ||
                       spec.kind == CodecKind::kRotatedProduct ||
                       (spec.kind == CodecKind::kSign && spec.centre);
  return centred ? MeanOf(rows.data(), rows.size() / kDim, kDim) : std::vector<float>(kDim, 0.0f);
}

// Keys are what the decoded vectors give: but under L2 the row's own length is exact.
TEST(Codec, KeysAreThoseOfTheDecodedVectors) {
  const std::vector<float> rows = Rows(kRows, 1), queries = Rows(5, 2);
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct}) {
    for (const CodecSpec& spec : AllSpecs(metric)) {
      const auto codec = Train(spec, rows);
      ASSERT_NE(codec, nullptr);
      EXPECT_EQ(codec->kind(), spec.kind);
      EXPECT_EQ(codec->metric(), metric);
      const std::vector<uint8_t> codes = EncodeAll(*codec, rows);
      std::vector<float> decoded(rows.size()), keys(kRows), again(kRows);
      codec->Decode(codes.data(), kRows, decoded.data());
      const std::vector<float> centre = CentreOf(spec, rows);
      const bool grid = spec.kind != CodecKind::kF16 && spec.kind != CodecKind::kBf16;
      for (size_t q = 0; q < 5; ++q) {
        const float* query = queries.data() + q * kDim;
        codec->Prepare(query)->Keys(codes.data(), kRows, keys.data());
        for (size_t i = 0; i < kRows; ++i) {
          const float* row = rows.data() + i * kDim;
          const float* near = decoded.data() + i * kDim;
          double want = -Dot(query, near);
          if (metric == Metric::kInnerProduct && spec.kind == CodecKind::kRotated &&
              codec->format() == CodecFormat::kPlanes) {
            // −⟨q, c⟩ − ⟨c, x − c⟩ − ⟨q − c, x' − c⟩.
            for (uint32_t d = 0; d < kDim; ++d) want -= double{centre[d]} * (row[d] - near[d]);
          }
          if (metric == Metric::kL2 && grid) {
            // |q − c|² + |x − c|² − 2(q − c)·(x' − c), with x' for x in the last term alone.
            want = SquaredDistance(query, row);
            for (uint32_t d = 0; d < kDim; ++d) {
              want += 2.0 * (query[d] - centre[d]) * (double{row[d]} - near[d]);
            }
            want = std::max(want, 0.0);
          } else if (metric == Metric::kL2) {
            want = SquaredDistance(query, near);
          }
          const double magnitude = 1 + Dot(query, query) + Dot(row, row);
          ASSERT_NEAR(keys[i], want, 2e-4 * magnitude)
              << CodecName(spec.kind) << " " << spec.bits << " bits, row " << i;
        }
      }
      const auto read = Codec::Deserialize(codec->Serialize());
      ASSERT_TRUE(read.ok()) << read.status().ToString();
      EXPECT_EQ(EncodeAll(**read, rows), codes);
      (*read)->Prepare(queries.data() + 4 * kDim)->Keys(codes.data(), kRows, again.data());
      EXPECT_EQ(again, keys);
    }
  }
}

// Whatever the quick look leaves out is far behind: the answer is that of all keys.
TEST(Codec, ScansFindTheSmallestKeys) {
  const std::vector<float> rows = Rows(kRows, 12), queries = Rows(20, 13);
  size_t missed = 0, asked = 0;
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct}) {
    for (const CodecSpec& spec : AllSpecs(metric)) {
      const auto codec = Train(spec, rows);
      const std::vector<uint8_t> codes = EncodeAll(*codec, rows);
      // A last block that is not full, one that is, and few rows.
      for (const size_t n : {kRows, size_t{1984}, size_t{3}, size_t{0}}) {
        std::vector<uint8_t> stored(codec->stored_bytes(n));
        codec->Store(codes.data(), n, stored.data());
        for (size_t q = 0; q < 20; ++q) {
          const auto query = codec->Prepare(queries.data() + q * kDim);
          std::vector<float> keys(n);
          query->Keys(codes.data(), n, keys.data());
          std::vector<Near> want, found;
          for (size_t i = 0; i < n; ++i) want.push_back({keys[i], static_cast<uint32_t>(i)});
          std::sort(want.begin(), want.end());
          want.resize(std::min<size_t>(n, 10));
          const auto scan = query->Find(10, codec->format());
          scan->Add({.data = stored.data(), .n = n});
          scan->Finish(&found);
          ASSERT_EQ(found.size(), want.size());
          for (size_t i = 0; i < want.size(); ++i, ++asked) {
            missed += found[i].row != want[i].row;
            if (found[i].row == want[i].row) {
              EXPECT_EQ(found[i].key, want[i].key);
            }
          }
        }
      }
    }
  }
  EXPECT_LE(missed, asked / 1000);
}

// In two parts, of which some rows are wanted: few of a block, most, none.
TEST(Codec, ScansFindWhatIsWanted) {
  const std::vector<float> rows = Rows(kRows, 15), queries = Rows(5, 16);
  std::mt19937_64 random(17);
  std::vector<uint64_t> allowed((kRows + 63) / 64);
  for (size_t w = 0; w < allowed.size(); ++w) {
    allowed[w] = w % 3 == 0 ? random() & random() & random() & random() : random() | random();
    if (w % 7 == 0) allowed[w] = 0;
  }
  constexpr size_t kFirst = 640;
  for (const CodecSpec& spec : AllSpecs(Metric::kL2)) {
    const auto codec = Train(spec, rows);
    const std::vector<uint8_t> codes = EncodeAll(*codec, rows);
    std::vector<uint8_t> stored(codec->stored_bytes(kRows));
    codec->Store(codes.data(), kRows, stored.data());
    for (size_t q = 0; q < 5; ++q) {
      const auto query = codec->Prepare(queries.data() + q * kDim);
      std::vector<float> keys(kRows);
      query->Keys(codes.data(), kRows, keys.data());
      std::vector<Near> want, found;
      for (uint32_t i = 0; i < kRows; ++i) {
        if ((allowed[i / 64] >> i % 64 & 1) != 0) want.push_back({keys[i], i});
      }
      std::sort(want.begin(), want.end());
      const auto scan = query->Find(5, codec->format());
      scan->Add({.data = stored.data(), .n = kFirst, .allowed = allowed.data()});
      scan->Add({.data = stored.data() + codec->stored_bytes(kFirst),
                 .n = kRows - kFirst,
                 .first = kFirst,
                 .allowed = allowed.data() + kFirst / 64});
      scan->Finish(&found);
      ASSERT_EQ(found.size(), 5u);
      for (size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(found[i].row, want[i].row) << CodecName(spec.kind) << " " << spec.bits;
      }
    }
  }
}

TEST(Codec, MoreBitsFindMore) {
  const std::vector<float> rows = Rows(kRows, 3), queries = Rows(40, 4);
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct}) {
    const auto recall = [&](CodecKind kind, uint32_t bits, uint32_t bytes = 0) {
      return Recall(*Train({.kind = kind, .metric = metric, .bits = bits, .bytes = bytes}, rows),
                    rows, queries);
    };
    EXPECT_GE(recall(CodecKind::kF16, 0), 0.99);
    EXPECT_GE(recall(CodecKind::kScalar, 8), 0.95);
    EXPECT_GE(recall(CodecKind::kRowScaled, 0), 0.95);
    for (const CodecKind kind : {CodecKind::kScalar, CodecKind::kRotated, CodecKind::kRecurrent}) {
      EXPECT_LT(recall(kind, 1), recall(kind, 2)) << CodecName(kind);
      EXPECT_LT(recall(kind, 2), recall(kind, 4)) << CodecName(kind);
    }
    EXPECT_GE(recall(CodecKind::kRotated, 8), 0.95);
    const auto product = [&](CodecKind kind, uint32_t bits, uint32_t pieces) {
      return Recall(*Train({.kind = kind, .metric = metric, .bits = bits, .pieces = pieces}, rows),
                    rows, queries);
    };
    EXPECT_LT(product(CodecKind::kProduct, 4, 5), product(CodecKind::kProduct, 4, 20));
    EXPECT_LT(product(CodecKind::kProduct, 4, 10), product(CodecKind::kProduct, 8, 10));
    EXPECT_LT(product(CodecKind::kProduct, 4, 10), product(CodecKind::kRotatedProduct, 4, 10));
    // Variance differs from component to component: bits that go by it are worth more.
    const uint32_t trailer = metric == Metric::kL2 ? 6 : 2;
    for (const uint32_t bits : {1u, 2u, 4u}) {
      EXPECT_GE(recall(CodecKind::kAllocated, 0, kDim * bits / 8 + trailer),
                recall(CodecKind::kRotated, bits) + 0.05)
          << bits;
    }
  }
}

TEST(Codec, AQueryMayBeACode) {
  const std::vector<float> rows = Rows(kRows, 5), queries = Rows(40, 6);
  for (const uint32_t bits : {2u, 4u}) {
    const auto codec =
        Train({.kind = CodecKind::kRecurrent, .metric = Metric::kInnerProduct, .bits = bits}, rows);
    const double symmetric = Recall(*codec, rows, queries, true);
    EXPECT_GE(symmetric, bits == 2 ? 0.3 : 0.7);
    EXPECT_LE(symmetric, Recall(*codec, rows, queries) + 0.02);
  }
}

// The integers that a recurrent code stands for: its bits are signs, each twice as heavy as the one
// before.
std::vector<int> SignsAddedUp(const uint8_t* code, uint32_t bits) {
  std::vector<int> value(kDim, 0);
  for (uint32_t d = 0; d < kDim; ++d) {
    for (uint32_t i = 0; i < bits; ++i) {
      const size_t at = size_t{d} * bits + i;
      value[d] += (code[at / 8] >> at % 8 & 1) != 0 ? 1 << i : -(1 << i);
    }
  }
  return value;
}

TEST(Codec, RecurrentCodesMultiplyAsTheIntegersTheyAre) {
  const std::vector<float> rows = Rows(kRows, 14);
  for (const uint32_t bits : {1u, 2u, 3u, 4u}) {
    const auto codec =
        Train({.kind = CodecKind::kRecurrent, .metric = Metric::kInnerProduct, .bits = bits}, rows);
    std::vector<uint8_t> codes = EncodeAll(*codec, rows);
    // With the factor 1 (0x3C00 as f16) everywhere keys are the bare products.
    const size_t width = codec->code_bytes();
    for (size_t i = 0; i < kRows; ++i) {
      codes[i * width + width - 2] = 0x00;
      codes[i * width + width - 1] = 0x3C;
    }
    std::vector<uint8_t> stored(codec->stored_bytes(kRows));
    codec->Store(codes.data(), kRows, stored.data());
    std::vector<float> keys(kRows);
    std::vector<Near> found;
    for (size_t q = 0; q < 10; ++q) {
      const std::vector<int> query = SignsAddedUp(codes.data() + q * width, bits);
      const auto prepared = codec->PrepareCode(codes.data() + q * width);
      prepared->Keys(codes.data(), kRows, keys.data());
      std::vector<Near> want;
      for (size_t i = 0; i < kRows; ++i) {
        const std::vector<int> row = SignsAddedUp(codes.data() + i * width, bits);
        const int product = std::inner_product(query.begin(), query.end(), row.begin(), 0);
        ASSERT_EQ(keys[i], -static_cast<float>(product)) << bits << " bits, row " << i;
        want.push_back({keys[i], static_cast<uint32_t>(i)});
      }
      std::sort(want.begin(), want.end());
      const auto scan = prepared->Find(10, codec->format());
      scan->Add({.data = stored.data(), .n = kRows});
      scan->Finish(&found);
      for (size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(found[i].row, want[i].row);
        EXPECT_EQ(found[i].key, want[i].key);
      }
    }
  }
}

// Over many rows the error of the estimate of a product has no direction.
TEST(Codec, RotatedAndAllocatedProductsAreUnbiased) {
  const std::vector<float> rows = Rows(kRows, 7), queries = Rows(10, 8);
  for (const CodecKind kind : {CodecKind::kRotated, CodecKind::kAllocated}) {
    const auto codec =
        Train({.kind = kind, .metric = Metric::kInnerProduct, .bits = 2, .bytes = 12}, rows);
    const std::vector<uint8_t> codes = EncodeAll(*codec, rows);
    std::vector<float> keys(kRows);
    double errors = 0, squares = 0, count = 0;
    for (size_t q = 0; q < 10; ++q) {
      codec->Prepare(queries.data() + q * kDim)->Keys(codes.data(), kRows, keys.data());
      for (size_t i = 0; i < kRows; ++i, ++count) {
        const double error = -keys[i] - Dot(queries.data() + q * kDim, rows.data() + i * kDim);
        errors += error;
        squares += error * error;
      }
    }
    const double deviation = std::sqrt(squares / count);
    EXPECT_LE(std::abs(errors / count), 0.1 * deviation) << CodecName(kind);
  }
}

// No neighbours to tell apart, but nothing breaks.
TEST(Codec, RowsOfNoVarianceAreCodedAsWell) {
  std::vector<float> same(kFew * kDim, 0.5f);
  std::vector<float> zero(kFew * kDim, 0.0f);
  for (const std::vector<float>& rows : {same, zero}) {
    for (const Metric metric : {Metric::kL2, Metric::kInnerProduct}) {
      for (const CodecSpec& spec : AllSpecs(metric)) {
        const auto codec = Train(spec, rows);
        const std::vector<uint8_t> codes = EncodeAll(*codec, rows);
        std::vector<float> keys(kFew);
        const std::vector<float> query(kDim, 0.5f);
        codec->Prepare(query.data())->Keys(codes.data(), kFew, keys.data());
        const double want = metric == Metric::kL2 ? SquaredDistance(query.data(), rows.data())
                                                  : -Dot(query.data(), rows.data());
        // One bit around zero cannot say 0.5 by itself, its factor does.
        for (const float key : keys) {
          EXPECT_TRUE(std::isfinite(key));
          if (spec.bits != 1) {
            EXPECT_NEAR(key, want, 0.6) << CodecName(spec.kind);
          }
        }
      }
    }
  }
}

TEST(Codec, WrongSpecsSayWhatIsAllowed) {
  const std::vector<float> rows = Rows(100, 9);
  const auto status_of = [&](CodecSpec spec, size_t n = 100, uint32_t dim = kDim) {
    return TrainCodec(spec, rows.data(), n, dim, CancelToken()).status();
  };
  Status status = status_of({.kind = CodecKind::kRecurrent, .bits = 5});
  EXPECT_EQ(status.field(), "bits");
  EXPECT_NE(status.message().find("5"), std::string::npos);
  EXPECT_NE(status.message().find("1 to 4"), std::string::npos);
  EXPECT_EQ(status_of({.kind = CodecKind::kScalar, .bits = 0}).field(), "bits");
  EXPECT_EQ(status_of({.kind = CodecKind::kScalar, .bits = 9}).field(), "bits");
  EXPECT_EQ(status_of({.kind = CodecKind::kProduct, .bits = 5, .pieces = 8}).field(), "bits");
  EXPECT_EQ(status_of({.kind = CodecKind::kProduct, .bits = 4, .pieces = 7}).field(), "pieces");
  EXPECT_EQ(status_of({.kind = CodecKind::kProduct, .bits = 4, .pieces = 0}).field(), "pieces");
  EXPECT_EQ(status_of({.kind = CodecKind::kProduct, .bits = 4, .pieces = 8}, 63).field(), "sample");
  EXPECT_EQ(status_of({.kind = CodecKind::kAllocated, .bytes = 6}).field(), "bytes");
  EXPECT_EQ(status_of({.kind = CodecKind::kAllocated, .bytes = 20}, kDim - 1).field(), "sample");
  EXPECT_EQ(status_of({.kind = CodecKind::kScalar}, 0).field(), "sample");
  EXPECT_EQ(status_of({.kind = CodecKind::kScalar}, 100, 0).field(), "dim");
  EXPECT_EQ(status_of({.kind = static_cast<CodecKind>(77)}).field(), "kind");
  const auto transform_status = [&](CodecKind kind, CodecTransform transform, uint32_t width) {
    return status_of({.kind = kind, .transform = transform, .width = width});
  };
  for (const CodecKind kind : {CodecKind::kF16, CodecKind::kRecurrent, CodecKind::kAllocated}) {
    EXPECT_EQ(transform_status(kind, CodecTransform::kPca, 0).field(), "transform");
  }
  EXPECT_EQ(transform_status(CodecKind::kRowScaled, CodecTransform::kWhitening, 0).field(),
            "transform");
  EXPECT_EQ(transform_status(CodecKind::kSign, static_cast<CodecTransform>(9), 0).field(),
            "transform");
  EXPECT_EQ(transform_status(CodecKind::kSign, CodecTransform::kPca, kDim + 1).field(), "width");
  EXPECT_EQ(transform_status(CodecKind::kSign, CodecTransform::kSparse, 7).field(), "width");
  EXPECT_EQ(transform_status(CodecKind::kSign, CodecTransform::kSparse, 8193).field(), "width");
  EXPECT_EQ(transform_status(CodecKind::kSign, CodecTransform::kRotation, 8).field(), "width");
  EXPECT_EQ(status_of({.kind = CodecKind::kScalar, .metric = Metric::kL1}).field(), "metric");
  CancelToken cancel = CancelToken::Manual();
  cancel.Cancel();
  EXPECT_EQ(
      TrainCodec({.kind = CodecKind::kScalar}, rows.data(), 100, kDim, cancel).status().code(),
      StatusCode::kCancelled);
}

// Any damage is noticed by the checksum; bytes made to pass it must not be believed either.
TEST(Codec, DamagedAndHostileBytesAreDataLoss) {
  const std::vector<float> rows = Rows(kFew, 10);
  std::mt19937 random(11);
  for (const CodecSpec& spec : AllSpecs(Metric::kL2)) {
    const std::string bytes = Train(spec, rows)->Serialize();
    for (size_t cut = 0; cut < bytes.size(); cut += 1 + cut / 8) {
      EXPECT_EQ(Codec::Deserialize(std::string_view(bytes).substr(0, cut)).status().code(),
                StatusCode::kDataLoss);
    }
    for (int round = 0; round < 200; ++round) {
      std::string hostile = bytes.substr(0, bytes.size() - 4);
      const size_t at =
          round < 60 ? static_cast<size_t>(round) % hostile.size() : random() % hostile.size();
      hostile[at] = static_cast<char>(random());
      std::string sealed = hostile;
      base::PutLe(sealed, base::Crc32c(hostile));
      const auto codec = Codec::Deserialize(sealed);
      if (!codec.ok()) {
        EXPECT_EQ(codec.status().code(), StatusCode::kDataLoss);
        continue;
      }
      // Believed: then it works.
      if ((*codec)->dim() != kDim) continue;
      const std::vector<uint8_t> codes = EncodeAll(**codec, rows);
      std::vector<float> keys(kFew);
      (*codec)->Prepare(rows.data())->Keys(codes.data(), kFew, keys.data());
      std::vector<float> decoded(rows.size());
      (*codec)->Decode(codes.data(), kFew, decoded.data());
    }
  }
}

}  // namespace
}  // namespace sagitta::codec
