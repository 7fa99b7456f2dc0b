#include "index/graph_codes.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace sagitta::index {
namespace {

using kernels::CodeKind;

constexpr uint32_t kDims[] = {1,  2,  3,   7,   8,   9,   15,  16,  17,  55,  56,  57,   63,
                              64, 65, 111, 112, 113, 127, 128, 240, 241, 384, 784, 1536, 8192};

std::vector<float> Normal(size_t n, std::mt19937* random) {
  std::normal_distribution<float> normal;
  std::vector<float> v(n);
  for (float& x : v) x = normal(*random);
  return v;
}

double Dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return sum;
}

float KeyOf(const CodeFormat& format, const CodeQueryBuffer& query, const uint8_t* row) {
  float key = 0;
  kernels::Codes().many[static_cast<size_t>(format.kind())](query.query, row, 1, &key);
  return key;
}

TEST(GraphCodes, RowsAreWholeLinesAndDimsOfLinesFillsThem) {
  for (const CodeKind kind : {CodeKind::kByte, CodeKind::kNibble, CodeKind::kBit}) {
    for (size_t lines = 1; lines < 20; ++lines) {
      const uint32_t dims = CodeFormat::DimsOfLines(kind, lines);
      EXPECT_EQ(CodeFormat(kind, dims).lines(), lines);
      EXPECT_EQ(CodeFormat(kind, dims + 1).lines(), lines + 1);
    }
  }
  EXPECT_EQ(CodeFormat(CodeKind::kNibble, 240).row_bytes(), 128u);
}

// The error of an estimated product of unrelated vectors is |a|·|b|/sqrt(dims) times what a code
// loses of a direction: 2 % with 7 bits, 11 % with 4, three quarters with one.
TEST(GraphCodes, EstimatesAreAsCloseAsTheBitsAllow) {
  std::mt19937 random(1);
  for (const auto& [kind, share] :
       {std::pair{CodeKind::kByte, 0.04}, {CodeKind::kNibble, 0.2}, {CodeKind::kBit, 1.2}}) {
    for (const uint32_t dims : kDims) {
      if (dims < 64) continue;
      const CodeFormat format(kind, dims);
      AlignedBytes row(format.row_bytes());
      CodeQueryBuffer query;
      double squared_error = 0;
      constexpr int kTrials = 30;
      for (int trial = 0; trial < kTrials; ++trial) {
        const std::vector<float> a = Normal(dims, &random), b = Normal(dims, &random);
        format.Encode(b.data(), 5.0f, row.data());
        format.FloatQuery(a.data(), CodeKey{2.0f, -1.0f}, &query);
        const double estimate = 10.0 - KeyOf(format, query, row.data());
        squared_error += std::pow(estimate - Dot(a, b), 2) / (Dot(a, a) * Dot(b, b) / dims);
      }
      EXPECT_LT(std::sqrt(squared_error / kTrials), share)
          << "kind " << static_cast<int>(kind) << " dims " << dims;
    }
  }
}

TEST(GraphCodes, ARowsProductWithItselfIsExact) {
  std::mt19937 random(2);
  for (const uint32_t dims : kDims) {
    const CodeFormat format(CodeKind::kByte, dims);
    const std::vector<float> y = Normal(dims, &random);
    AlignedBytes row(format.row_bytes());
    format.Encode(y.data(), static_cast<float>(Dot(y, y)), row.data());
    CodeQueryBuffer query;
    format.FloatQuery(y.data(), CodeKey{}, &query);
    // |y|² − 2⟨y, y⟩, but for the query's own rounding.
    EXPECT_NEAR(KeyOf(format, query, row.data()), -Dot(y, y), 0.02 * Dot(y, y)) << dims;
    format.RowQuery(row.data(), CodeKey{}, &query);
    EXPECT_NEAR(KeyOf(format, query, row.data()), -Dot(y, y), 0.02 * Dot(y, y)) << dims;
  }
}

TEST(GraphCodes, BytesAreDecodedToWithinAStep) {
  std::mt19937 random(3);
  for (const uint32_t dims : kDims) {
    const CodeFormat format(CodeKind::kByte, dims);
    const std::vector<float> y = Normal(dims, &random);
    AlignedBytes row(format.row_bytes());
    format.Encode(y.data(), 0.0f, row.data());
    std::vector<float> decoded(dims);
    format.Decode(row.data(), decoded.data());
    const float largest = std::abs(*std::max_element(
        y.begin(), y.end(), [](float a, float b) { return std::abs(a) < std::abs(b); }));
    for (uint32_t d = 0; d < dims; ++d) EXPECT_NEAR(decoded[d], y[d], largest / 63) << dims;
  }
}

TEST(GraphCodes, NumbersThatAreNoneAndZeroVectorsGiveFiniteKeys) {
  const float kNan = std::numeric_limits<float>::quiet_NaN();
  const float kInfinity = std::numeric_limits<float>::infinity();
  for (const CodeKind kind : {CodeKind::kByte, CodeKind::kNibble, CodeKind::kBit}) {
    const CodeFormat format(kind, 20);
    AlignedBytes row(format.row_bytes());
    CodeQueryBuffer query;
    for (const float value : {0.0f, kNan, kInfinity, -kInfinity, 1e30f, 1e-44f}) {
      std::vector<float> y(20, 0.0f);
      y[3] = value;
      format.Encode(y.data(), 1.0f, row.data());
      EXPECT_TRUE(std::isfinite(CodeFormat::Scale(row.data(), format.row_bytes()))) << value;
      std::vector<float> plain(20, 1.0f);
      format.FloatQuery(plain.data(), CodeKey{}, &query);
      EXPECT_FALSE(std::isnan(KeyOf(format, query, row.data()))) << value;
      format.FloatQuery(y.data(), CodeKey{}, &query);
      EXPECT_FALSE(std::isnan(KeyOf(format, query, row.data()))) << value;
    }
  }
}

}  // namespace
}  // namespace sagitta::index
