#include "codec/learned_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/bytes.h"
#include "base/checksum.h"

namespace sagitta::codec {
namespace {

constexpr uint32_t kDim = 40;
constexpr size_t kRows = 700;

std::vector<float> Numbers(size_t n, float deviation, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<float> values(n);
  for (float& value : values) value = normal(random);
  return values;
}

LearnedModel Plain(Metric metric, uint32_t width, uint32_t bits, const std::vector<float>& rows) {
  LearnedModel model;
  model.metric = metric;
  model.dim = model.core = kDim;
  model.width = width;
  model.bits = bits;
  model.seed = 5;
  model.scale = PlainScale(model, rows.data(), rows.size() / kDim);
  return model;
}

LearnedMlp Mlp(uint32_t width, size_t hidden, uint64_t seed) {
  LearnedMlp mlp;
  mlp.first = Numbers(hidden * width, 0.2f, seed);
  mlp.first_bias = Numbers(hidden, 0.2f, seed + 1);
  mlp.second = Numbers(width * hidden, 0.2f, seed + 2);
  mlp.second_bias = Numbers(width, 0.2f, seed + 3);
  return mlp;
}

// Something in every part.
LearnedModel Everything(Metric metric, uint32_t bits, const std::vector<float>& rows) {
  constexpr uint32_t kWidth = 24;
  LearnedModel model = Plain(metric, kWidth, bits, rows);
  model.core = 30;
  model.map = Numbers(size_t{30} * kDim, 0.2f, 7);
  model.map_bias = Numbers(30, 0.2f, 8);
  model.linear = Numbers(kWidth * kWidth, 0.02f, 9);
  model.project = Mlp(kWidth, 5, 10);
  for (uint32_t i = 1; i < bits; ++i) {
    model.rebuild.push_back(Mlp(kWidth, 6, 20 + i));
    model.refine.push_back(Mlp(kWidth, 7, 40 + i));
  }
  model.decoder = Numbers(kDim * kWidth, 0.1f, 60);
  model.decoder_bias = Numbers(kDim, 0.1f, 61);
  return model;
}

std::vector<uint8_t> EncodeAll(const Codec& codec, const std::vector<float>& rows) {
  std::vector<uint8_t> codes(rows.size() / codec.dim() * codec.code_bytes());
  codec.Encode(rows.data(), rows.size() / codec.dim(), codes.data());
  return codes;
}

std::vector<float> KeysOf(const CodecQuery& query, const std::vector<uint8_t>& codes, size_t n) {
  std::vector<float> keys(n);
  query.Keys(codes.data(), n, keys.data());
  return keys;
}

TEST(LearnedCodec, WithNothingLearnedIsARecurrentCodecBitByBit) {
  const std::vector<float> rows = Numbers(kRows * kDim, 0.1f, 1);
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine}) {
    for (const uint32_t bits : {1u, 2u, 3u, 4u}) {
      const auto wanted =
          TrainCodec({.kind = CodecKind::kRecurrent, .metric = metric, .bits = bits, .seed = 5},
                     rows.data(), kRows, kDim, CancelToken());
      ASSERT_TRUE(wanted.ok());
      const auto codec = MakeLearnedCodec(Plain(metric, kDim, bits, rows));
      EXPECT_EQ(codec->odd_grid(), (*wanted)->odd_grid());
      const std::vector<uint8_t> codes = EncodeAll(**wanted, rows);
      ASSERT_EQ(EncodeAll(*codec, rows), codes);
      const float* query = rows.data() + 3 * kDim;
      EXPECT_EQ(KeysOf(*codec->Prepare(query), codes, kRows),
                KeysOf(*(*wanted)->Prepare(query), codes, kRows));
      EXPECT_EQ(KeysOf(*codec->PrepareCode(codes.data()), codes, kRows),
                KeysOf(*(*wanted)->PrepareCode(codes.data()), codes, kRows));
      std::vector<float> decoded(rows.size()), again(rows.size());
      (*wanted)->Decode(codes.data(), kRows, decoded.data());
      codec->Decode(codes.data(), kRows, again.data());
      EXPECT_EQ(again, decoded);
    }
  }
}

// The blocks as the paper has them, without kernels or tables.
std::vector<double> Apply(const LearnedMlp& mlp, const std::vector<double>& x) {
  std::vector<double> out(mlp.second_bias.begin(), mlp.second_bias.end());
  for (size_t h = 0; h < mlp.hidden(); ++h) {
    double hidden = mlp.first_bias[h];
    for (size_t d = 0; d < x.size(); ++d) hidden += mlp.first[h * x.size() + d] * x[d];
    for (size_t d = 0; d < out.size(); ++d) {
      out[d] += mlp.second[d * mlp.hidden() + h] * std::max(0.0, hidden);
    }
  }
  return out;
}

std::vector<double> Integers(const LearnedHead& head, const float* row, std::vector<double>* u) {
  const LearnedModel& model = head.model();
  std::vector<float> core(model.core), y(model.width);
  head.Map(row, core.data());
  head.Rotate(core.data(), y.data());
  std::vector<double> v(model.width);
  for (size_t d = 0; d < v.size(); ++d) v[d] = y[d] / model.scale;
  const std::vector<double> change = Apply(model.project, v);
  *u = v;
  for (size_t d = 0; d < v.size(); ++d) {
    for (size_t j = 0; j < v.size(); ++j) (*u)[d] += model.linear[d * v.size() + j] * v[j];
    (*u)[d] += change[d];
  }
  double weight = 1u << (model.bits - 1);
  std::vector<double> sum(v.size());
  for (size_t d = 0; d < v.size(); ++d) sum[d] = (*u)[d] >= 0 ? weight : -weight;
  for (size_t i = 0; i < model.rebuild.size(); ++i) {
    weight /= 2;
    const std::vector<double> rebuilt = Apply(model.rebuild[i], sum);
    std::vector<double> left(v.size());
    for (size_t d = 0; d < v.size(); ++d) left[d] = (*u)[d] - sum[d] - rebuilt[d];
    const std::vector<double> refined = Apply(model.refine[i], left);
    for (size_t d = 0; d < v.size(); ++d) sum[d] += left[d] + refined[d] >= 0 ? weight : -weight;
  }
  return sum;
}

TEST(LearnedCodec, CodesAndKeysAreThoseOfTheFormulae) {
  const std::vector<float> rows = Numbers(kRows * kDim, 0.1f, 2);
  for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
    for (const uint32_t bits : {1u, 2u, 4u}) {
      const auto codec = MakeLearnedCodec(Everything(metric, bits, rows));
      const std::vector<uint8_t> codes = EncodeAll(*codec, rows);
      const std::vector<float> keys = KeysOf(*codec->PrepareCode(codes.data()), codes, kRows);
      std::vector<float> values(24);
      std::vector<double> u;
      size_t differ = 0;
      for (size_t i = 0; i < kRows; ++i) {
        const std::vector<double> wanted = Integers(codec->head(), rows.data() + i * kDim, &u);
        codec->head().grid().Values(codes.data() + i * codec->code_bytes(), values.data());
        for (size_t d = 0; d < values.size(); ++d) differ += values[d] != wanted[d];
        EXPECT_TRUE(metric != Metric::kL2 || keys[i] >= 0.0f);
      }
      EXPECT_LE(differ, kRows * 24 / 10'000);  // where a sum is zero but for rounding
      // A row is nearest to itself.
      EXPECT_EQ(std::min_element(keys.begin(), keys.end()), keys.begin());
    }
  }
}

TEST(LearnedCodec, QueriesOfOneModelSearchRowsOfAnother) {
  const std::vector<float> rows = Numbers(kRows * kDim, 0.1f, 3);
  const auto one = MakeLearnedCodec(Plain(Metric::kCosine, kDim, 2, rows));
  LearnedModel mapped = Plain(Metric::kCosine, kDim, 2, rows);
  mapped.dim = 3;  // from a space of its own
  mapped.map = Numbers(3 * kDim, 0.3f, 4);
  mapped.decoder = Numbers(3 * kDim, 0.3f, 5);
  mapped.decoder_bias.assign(3, 0.0f);
  const auto other = MakeLearnedCodec(mapped);
  const std::vector<uint8_t> codes = EncodeAll(*one, rows);
  const std::vector<float> query = {1, 2, 3};
  std::vector<float> inside(kDim);
  other->head().Map(query.data(), inside.data());
  const std::vector<float> wanted = KeysOf(*one->Prepare(inside.data()), codes, kRows);
  const std::vector<float> keys = KeysOf(*other->Prepare(query.data()), codes, kRows);
  for (size_t i = 0; i < kRows; ++i) EXPECT_NEAR(keys[i], wanted[i], 1e-5);
}

TEST(LearnedCodec, WidthMayDifferFromTheDimension) {
  const std::vector<float> rows = Numbers(kRows * kDim, 0.1f, 6);
  const auto error = [&](uint32_t width) {
    const auto codec = MakeLearnedCodec(Plain(Metric::kInnerProduct, width, 2, rows));
    const std::vector<float> keys =
        KeysOf(*codec->Prepare(rows.data()), EncodeAll(*codec, rows), kRows);
    double squares = 0;
    for (size_t i = 0; i < kRows; ++i) {
      double product = 0;
      for (size_t d = 0; d < kDim; ++d) product += double{rows[d]} * rows[i * kDim + d];
      squares += (keys[i] + product) * (keys[i] + product);
    }
    return squares;
  };
  EXPECT_GT(error(16), error(40));
  EXPECT_GT(error(40), error(160));
}

TEST(LearnedCodec, DamagedAndHostileBytesAreDataLoss) {
  const std::vector<float> rows = Numbers(200 * kDim, 0.1f, 7);
  std::mt19937 random(11);
  for (const bool plain : {true, false}) {
    const std::string bytes =
        MakeLearnedCodec(plain ? Plain(Metric::kL2, 24, 2, rows) : Everything(Metric::kL2, 3, rows))
            ->Serialize();
    const auto read = Codec::Deserialize(bytes);
    ASSERT_TRUE(read.ok()) << read.status().ToString();
    EXPECT_EQ((*read)->kind(), CodecKind::kLearned);
    EXPECT_EQ((*read)->Serialize(), bytes);
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      ASSERT_EQ(Codec::Deserialize(std::string_view(bytes).substr(0, cut)).status().code(),
                StatusCode::kDataLoss);
    }
    for (int round = 0; round < 400; ++round) {
      std::string hostile = bytes.substr(0, bytes.size() - 4);
      const size_t at =
          round < 80 ? static_cast<size_t>(round) % hostile.size() : random() % hostile.size();
      hostile[at] = static_cast<char>(random());
      base::PutLe(hostile, base::Crc32c(hostile));
      const auto codec = Codec::Deserialize(hostile);
      if (!codec.ok()) {
        EXPECT_EQ(codec.status().code(), StatusCode::kDataLoss);
        continue;
      }
      if ((*codec)->dim() != kDim) continue;
      const std::vector<uint8_t> codes = EncodeAll(**codec, rows);
      KeysOf(*(*codec)->Prepare(rows.data()), codes, 200);
      std::vector<float> decoded(rows.size());
      (*codec)->Decode(codes.data(), 200, decoded.data());
    }
  }
}

TEST(LearnedCodec, IsNotTrainedFromASpec) {
  const std::vector<float> rows = Numbers(100 * kDim, 0.1f, 8);
  EXPECT_EQ(TrainCodec({.kind = CodecKind::kLearned}, rows.data(), 100, kDim, CancelToken())
                .status()
                .field(),
            "kind");
}

}  // namespace
}  // namespace sagitta::codec
