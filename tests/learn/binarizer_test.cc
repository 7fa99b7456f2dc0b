#include "learn/binarizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "codec/learned_codec.h"
#include "learn/adam.h"
#include "learn/objectives.h"
#include "tests/learn/synthetic_pairs.h"

namespace sagitta::learn {
namespace {

constexpr uint32_t kHidden = 5;

// Parameters away from where they start, so that every path carries something. With `active` added
// to the shifts of normalisation, which start at zero, all of the hidden layer may be made
// positive.
void Shake(Binarizer* binarizer, uint64_t seed, float active = 0.0f) {
  Random random(seed);
  binarizer->ForEach([&](Parameter* parameter) {
    const Matrix& value = parameter->value;
    const bool is_shift = value.n == 1 && value.dim == kHidden && value.values[0] == 0.0f;
    for (float& v : parameter->value.values) {
      v += 0.15f * random.Normal() + (is_shift ? active : 0.0f);
    }
  });
}

using LossFn = std::function<double(const Binarizer::Pass&, const Matrix&, Matrix*, Matrix*)>;

double LossOf(Binarizer* binarizer, const Matrix& v, const LossFn& loss) {
  Binarizer::Pass pass;
  Matrix codes;
  binarizer->Forward(v, Binarizer::Sign::kSmooth, &pass, &codes);
  Matrix by_codes(codes.n, codes.dim), by_u(codes.n, codes.dim);
  return loss(pass, codes, &by_codes, &by_u);
}

// Along random directions of each parameter, which sees all of its numbers at once.
void CheckGradients(uint32_t bits, uint32_t hidden, float active, const LossFn& loss) {
  constexpr uint32_t kWidth = 6;
  const Matrix v = NormalRows(12, kWidth, 3);
  Binarizer binarizer(kWidth, bits, hidden, 4);
  Shake(&binarizer, 5, active);
  Binarizer::Pass pass;
  Matrix codes;
  binarizer.Forward(v, Binarizer::Sign::kSmooth, &pass, &codes);
  Matrix by_codes(codes.n, codes.dim), by_u(codes.n, codes.dim);
  loss(pass, codes, &by_codes, &by_u);
  binarizer.Backward(pass, by_codes, &by_u);
  std::vector<Parameter*> parameters;
  binarizer.ForEach([&](Parameter* parameter) { parameters.push_back(parameter); });
  Random random(6);
  for (size_t p = 0; p < parameters.size(); ++p) {
    std::vector<float>& values = parameters[p]->value.values;
    if (values.empty()) continue;
    const std::vector<float> start = values;
    std::vector<float> direction(values.size());
    double along = 0, length = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      direction[i] = random.Normal();
      along += double{direction[i]} * parameters[p]->gradient.values[i];
      length += double{direction[i]} * direction[i];
    }
    const double step = 2e-3 / std::sqrt(length);
    const auto at = [&](double steps) {
      for (size_t i = 0; i < values.size(); ++i) {
        values[i] = start[i] + static_cast<float>(steps * step * direction[i]);
      }
      return LossOf(&binarizer, v, loss);
    };
    const double difference = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step);
    values = start;
    // A hidden number that changes sign between the points makes a difference of its own.
    const double relative = active > 0 ? 5e-3 : 2e-2, noise = active > 0 ? 2e-4 : 5e-3;
    EXPECT_NEAR(along, difference, relative * std::abs(difference) + noise * std::sqrt(length))
        << "parameter " << p << ", " << bits << " bits, " << hidden << " hidden";
  }
}

TEST(Binarizer, GradientsOfPairsAreFiniteDifferences) {
  const Matrix other = NormalRows(12, 6, 7);
  std::vector<uint64_t> ids(12);
  for (size_t i = 0; i < 12; ++i) ids[i] = i / 2;  // some are no negatives of each other
  const LossFn loss = [&](const Binarizer::Pass& pass, const Matrix& codes, Matrix* by_codes,
                          Matrix* by_u) {
    // All negatives: which are the hardest would jump.
    const PairsLoss options{.temperature = 0.5f, .hard_negatives = 12};
    return AddPairsLoss(options, codes, other, ids, 0.7f, by_codes, nullptr) +
           AddPairsLoss(options, other, pass.u, ids, 0.3f, nullptr, by_u);
  };
  for (const uint32_t bits : {1u, 2u, 3u}) {
    CheckGradients(bits, 0, 6.0f, loss);
    for (const float active : {0.0f, 6.0f}) CheckGradients(bits, kHidden, active, loss);
  }
}

TEST(Binarizer, GradientsOfNeighboursAreFiniteDifferences) {
  const Matrix floats = NormalRows(12, 4, 8);
  const LossFn loss = [&](const Binarizer::Pass& pass, const Matrix& codes, Matrix* by_codes,
                          Matrix* by_u) {
    return AddNeighboursLoss(0.5f, codes, codes, floats, 0.6f, by_codes, by_codes) +
           AddNeighboursLoss(0.5f, pass.u, codes, floats, 0.4f, by_u, by_codes);
  };
  for (const uint32_t bits : {1u, 2u, 4u}) {
    for (const float active : {0.0f, 6.0f}) CheckGradients(bits, kHidden, active, loss);
  }
}

codec::LearnedModel PlainModel(uint32_t width, uint32_t bits, const Matrix& rows) {
  codec::LearnedModel model;
  model.dim = model.core = model.width = width;
  model.bits = bits;
  model.seed = 9;
  model.scale = codec::PlainScale(model, rows.values.data(), rows.n);
  return model;
}

Matrix StartOf(const codec::LearnedModel& model, const Matrix& rows) {
  const codec::LearnedHead head(model);
  Matrix v(rows.n, model.width);
  for (size_t i = 0; i < rows.n; ++i) {
    head.Rotate(rows.row(i), v.row(i));
    for (size_t d = 0; d < v.dim; ++d) v.row(i)[d] *= 1.0f / model.scale;
  }
  return v;
}

Matrix IntegersOf(const codec::Codec& codec, const codec::Grid& grid, const Matrix& rows) {
  std::vector<uint8_t> codes(rows.n * codec.code_bytes());
  codec.Encode(rows.values.data(), rows.n, codes.data());
  Matrix out(rows.n, grid.dims());
  for (size_t i = 0; i < rows.n; ++i) {
    grid.Values(codes.data() + i * codec.code_bytes(), out.row(i));
  }
  return out;
}

TEST(Binarizer, AtStepZeroCodesAreTheUntrainedRecurrentCodecs) {
  const Matrix rows = NormalRows(500, 24, 10);
  for (const uint32_t bits : {1u, 2u, 3u, 4u}) {
    const codec::LearnedModel model = PlainModel(24, bits, rows);
    Binarizer binarizer(24, bits, 32, 11);
    Binarizer::Pass pass;
    Matrix codes;
    binarizer.Forward(StartOf(model, rows), Binarizer::Sign::kHard, &pass, &codes);
    const auto untrained = codec::TrainCodec(
        {.kind = CodecKind::kRecurrent, .metric = Metric::kCosine, .bits = bits, .seed = 9},
        rows.values.data(), rows.n, 24, CancelToken());
    ASSERT_TRUE(untrained.ok());
    const codec::LearnedHead head(model);
    EXPECT_EQ(codes.values, IntegersOf(**untrained, head.grid(), rows).values);
    // What is exported is the same codec to the last bit.
    codec::LearnedModel exported = model;
    binarizer.Export(&exported);
    EXPECT_TRUE(exported.plain());
  }
}

// In training normalisation goes by the batch, afterwards by what was seen: the same rows over and
// over make the two one.
TEST(Binarizer, ExportedModelsCodeAsTheBlocksDo) {
  const Matrix rows = NormalRows(400, 16, 12);
  for (const uint32_t bits : {1u, 2u, 4u}) {
    codec::LearnedModel model = PlainModel(16, bits, rows);
    const Matrix v = StartOf(model, rows);
    Binarizer binarizer(16, bits, 20, 13);
    Shake(&binarizer, 14);
    Binarizer::Pass pass;
    Matrix codes;
    for (int i = 0; i < 100; ++i) binarizer.Forward(v, Binarizer::Sign::kHard, &pass, &codes);
    binarizer.Export(&model);
    EXPECT_FALSE(model.plain());
    const auto codec = codec::MakeLearnedCodec(model);
    const Matrix integers = IntegersOf(*codec, codec->head().grid(), rows);
    size_t differ = 0;
    for (size_t i = 0; i < codes.values.size(); ++i) {
      differ += codes.values[i] != integers.values[i];
    }
    EXPECT_LE(differ, codes.values.size() / 1000) << bits;
  }
}

TEST(Binarizer, DescentLowersTheLoss) {
  const Matrix a = NormalRows(64, 16, 15);
  Matrix mixed;
  MultiplyT(a, *NearestOrthogonal(NormalRows(16, 16, 16)), &mixed);
  const std::vector<uint32_t> numbers = Numbers(64);
  const std::vector<uint64_t> ids(numbers.begin(), numbers.end());
  Binarizer binarizer(16, 2, 16, 17);
  std::vector<Parameter*> parameters;
  binarizer.ForEach([&](Parameter* parameter) { parameters.push_back(parameter); });
  Adam adam(parameters, 3e-3f, 5.0f);
  double first = 0, last = 0;
  for (int step = 0; step < 150; ++step) {
    Binarizer::Pass pass;
    Matrix codes, by_codes(64, 16);
    binarizer.Forward(a, Binarizer::Sign::kHard, &pass, &codes);
    last = AddPairsLoss({}, codes, mixed, ids, 1.0f, &by_codes, nullptr);
    if (step == 0) first = last;
    binarizer.Backward(pass, by_codes, nullptr);
    ASSERT_TRUE(adam.Step());
  }
  EXPECT_LT(last, 0.2 * first);
}

}  // namespace
}  // namespace sagitta::learn
