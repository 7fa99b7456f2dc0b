#include "learn/adapter.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/bytes.h"
#include "base/checksum.h"
#include "tests/learn/synthetic_pairs.h"

namespace sagitta::learn {
namespace {

constexpr AdapterKind kKinds[] = {AdapterKind::kCentre, AdapterKind::kProcrustes,
                                  AdapterKind::kRidge, AdapterKind::kMlp};

AdapterResult Train(const AdapterOptions& options, const Matrix& from, const Matrix& to) {
  auto result = TrainAdapter(options, from, to, CancelToken());
  EXPECT_TRUE(result.ok()) << AdapterName(options.kind) << ": " << result.status().ToString();
  return result.ok() ? std::move(*result) : AdapterResult{};
}

AdapterOptions Small(AdapterKind kind) {
  return {.kind = kind, .hidden = 16, .steps = 20, .batch = 64};
}

TEST(Adapter, RidgeRecoversALinearMap) {
  for (const size_t dim : {8u, 20u}) {
    const Matrix from = NormalRows(600, 12, 1), matrix = NormalRows(dim, 12, 2);
    const Matrix to = Mapped(from, matrix, 0.7f, 0.0f, 3);
    const AdapterResult result = Train({.kind = AdapterKind::kRidge, .ridge = 1e-6f}, from, to);
    EXPECT_LT(LargestDifference(*result.adapter.Apply(from), to), 1e-3);
    EXPECT_EQ(result.after.recall_at_1, 1.0);
    EXPECT_EQ(result.adapter.from_dim(), 12u);
    EXPECT_EQ(result.adapter.to_dim(), dim);
  }
}

TEST(Adapter, ProcrustesRecoversRotationsBetweenAnyDimensions) {
  const Matrix from = NormalRows(500, 10, 4);
  for (const size_t dim : {10u, 16u}) {
    const Matrix turn = *NearestOrthogonal(NormalRows(dim, 10, 5));
    const Matrix to = Mapped(from, turn, -0.3f, 0.0f, 6);
    const AdapterResult result = Train({.kind = AdapterKind::kProcrustes}, from, to);
    EXPECT_LT(LargestDifference(*result.adapter.Apply(from), to), 1e-3) << dim;
  }
  // Into fewer dimensions something is lost, but not which document it was.
  const Matrix turn = *NearestOrthogonal(NormalRows(7, 10, 7));
  const Matrix to = Mapped(from, turn, 0.0f, 0.0f, 8);
  const AdapterResult result = Train({.kind = AdapterKind::kProcrustes}, from, to);
  EXPECT_LT(LargestDifference(*result.adapter.Apply(from), to), 0.5);
  EXPECT_GE(result.after.recall_at_1, 0.95);
}

TEST(Adapter, CentringMakesUpForShiftedMeans) {
  Matrix from = NormalRows(800, 16, 9);
  Matrix identity(16, 16);
  for (size_t d = 0; d < 16; ++d) identity.row(d)[d] = 1;
  const Matrix to = Mapped(from, identity, 3.0f, 0.3f, 10);
  for (float& value : from.values) value += 0.5f;
  for (size_t i = 0; i < from.n; ++i) from.row(i)[0] -= 20;
  const AdapterResult result =
      Train({.kind = AdapterKind::kCentre, .frame = AdapterFrame::kCentred}, from, to);
  EXPECT_LT(result.before.recall_at_1, 0.3);
  EXPECT_GE(result.after.recall_at_1, 0.95);
}

// Noise in the pairs: what maps well is found, and more of it than without a map.
TEST(Adapter, NoiseIsNotLearned) {
  const Matrix from = NormalRows(1000, 24, 11), fresh = NormalRows(300, 24, 12);
  const Matrix matrix = NormalRows(24, 24, 13);
  const Matrix to = Mapped(from, matrix, 1.0f, 1.0f, 14, true);
  const Matrix fresh_to = Mapped(fresh, matrix, 1.0f, 1.0f, 15, true);
  for (const AdapterKind kind : {AdapterKind::kRidge, AdapterKind::kMlp}) {
    const AdapterResult result = Train(Small(kind), from, to);
    EXPECT_GT(result.ridge, 0.0f);
    const auto found = EvaluateAdapter(result.adapter, fresh, fresh_to, Numbers(300), {});
    ASSERT_TRUE(found.ok());
    EXPECT_GE(found->recall_at_1, 0.9) << AdapterName(kind);
  }
}

TEST(Adapter, AnMlpLearnsWhatNoMatrixCan) {
  const Matrix from = NormalRows(1500, 8, 16), first = NormalRows(12, 8, 17);
  Matrix bent;
  MultiplyT(from, first, &bent);
  for (float& value : bent.values) value = std::abs(value);
  AdapterOptions options = {.kind = AdapterKind::kMlp, .hidden = 64, .steps = 150, .batch = 128};
  options.learning_rate = 1e-2f;
  const AdapterResult linear = Train({.kind = AdapterKind::kRidge}, from, bent);
  const AdapterResult result = Train(options, from, bent);
  EXPECT_TRUE(result.mlp_kept);
  EXPECT_LT(result.losses.back(), 0.5 * result.losses.front());
  EXPECT_GT(result.after.recall_at_1, linear.after.recall_at_1 + 0.1);
}

TEST(Adapter, AnMlpThatFindsLessIsDropped) {
  const Matrix from = NormalRows(300, 8, 18), matrix = NormalRows(8, 8, 19);
  AdapterOptions options = Small(AdapterKind::kMlp);
  options.learning_rate = 1.0f;
  const AdapterResult result = Train(options, from, Mapped(from, matrix, 0.0f, 0.01f, 20));
  EXPECT_FALSE(result.mlp_kept);
  EXPECT_GE(result.after.recall_at_1, 0.95);
  EXPECT_TRUE(result.adapter.AsAffine().ok());
}

TEST(Adapter, AffineFormsAreTheMap) {
  const Matrix from = NormalRows(200, 6, 21), to = NormalRows(200, 6, 22);
  for (const AdapterKind kind :
       {AdapterKind::kCentre, AdapterKind::kProcrustes, AdapterKind::kRidge}) {
    for (const AdapterFrame frame : {AdapterFrame::kTarget, AdapterFrame::kCentred}) {
      const AdapterResult result = Train({.kind = kind, .frame = frame}, from, to);
      const auto affine = result.adapter.AsAffine();
      ASSERT_TRUE(affine.ok());
      Matrix out;
      MultiplyT(from, affine->matrix, &out);
      for (size_t i = 0; i < out.n; ++i) {
        for (size_t d = 0; d < out.dim; ++d) out.row(i)[d] += affine->bias[d];
      }
      EXPECT_LT(LargestDifference(out, *result.adapter.Apply(from)), 1e-4);
    }
  }
}

TEST(Adapter, OneRowIsMappedAsMany) {
  const Matrix from = NormalRows(300, 11, 30), matrix = NormalRows(14, 11, 31);
  for (const AdapterKind kind :
       {AdapterKind::kProcrustes, AdapterKind::kRidge, AdapterKind::kMlp}) {
    for (const bool unit : {false, true}) {
      AdapterOptions options = Small(kind);
      const Matrix to = Mapped(from, matrix, 0.5f, 0.1f, 32, unit);
      const Adapter adapter = Train(options, from, to).adapter;
      const Matrix all = *adapter.Apply(from);
      Matrix single(all.n, all.dim);
      for (size_t i = 0; i < from.n; ++i) {
        const std::vector<float> one = adapter.ApplyOne(from.row(i));
        ASSERT_EQ(one.size(), all.dim);
        std::copy(one.begin(), one.end(), single.row(i));
      }
      EXPECT_LT(LargestDifference(single, all), 1e-4);
      // Targets of unit length, and no others, make for such.
      double square = 0;
      for (size_t d = 0; d < all.dim; ++d) square += double{all.row(5)[d]} * all.row(5)[d];
      EXPECT_EQ(std::abs(square - 1) < 1e-4, unit) << square;
    }
  }
}

// A length that inputs of unit length have not is no part of what is mapped.
TEST(Adapter, LengthsOfInputsAreSetWhereAllWereOne) {
  Matrix from = NormalRows(300, 9, 33);
  NormaliseRows(&from);
  const Matrix to = Mapped(from, NormalRows(9, 9, 34), 0.2f, 0.01f, 35);
  const Adapter adapter = Train({}, from, to).adapter;
  Matrix longer = from;
  for (float& value : longer.values) value *= 3;
  EXPECT_LT(LargestDifference(*adapter.Apply(longer), *adapter.Apply(from)), 1e-4);
}

TEST(Adapter, ReadsWhatItWroteAndRefusesDamage) {
  const Matrix from = NormalRows(200, 9, 23), to = NormalRows(200, 9, 24);
  for (const AdapterKind kind : kKinds) {
    AdapterOptions options = Small(kind);
    options.held_out = 0.5f;
    const Adapter adapter = Train(options, from, to).adapter;
    const std::string bytes = adapter.Serialize();
    const auto read = Adapter::Deserialize(bytes);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->kind(), kind);
    EXPECT_EQ(LargestDifference(*read->Apply(from), *adapter.Apply(from)), 0.0);
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      ASSERT_EQ(Adapter::Deserialize(std::string_view(bytes).substr(0, cut)).status().code(),
                StatusCode::kDataLoss);
    }
    Random random(25);
    for (int round = 0; round < 300; ++round) {
      std::string hostile = bytes;
      hostile[random.Below(hostile.size())] ^= static_cast<char>(1 << random.Below(8));
      ASSERT_EQ(Adapter::Deserialize(hostile).status().code(), StatusCode::kDataLoss);
      // With a checksum that fits it is refused, or works.
      hostile.resize(hostile.size() - 4);
      base::PutLe(hostile, base::Crc32c(hostile));
      const auto believed = Adapter::Deserialize(hostile);
      if (!believed.ok() || believed->from_dim() != 9) continue;
      EXPECT_TRUE(believed->Apply(from).ok());
    }
  }
}

TEST(Adapter, WrongInputIsNamed) {
  Matrix from = NormalRows(50, 6, 26);
  const Matrix to = NormalRows(50, 8, 27);
  const auto field = [&](const AdapterOptions& options, RowsView a, RowsView b) {
    return TrainAdapter(options, a, b, CancelToken()).status().field();
  };
  EXPECT_EQ(field({}, from, RowsView(to).Slice(0, 49)), "to");
  EXPECT_EQ(field({}, RowsView(from).Slice(0, 9), RowsView(to).Slice(0, 9)), "from");
  EXPECT_EQ(field({.kind = AdapterKind::kCentre}, from, to), "options.kind");
  EXPECT_EQ(field({.kind = static_cast<AdapterKind>(9)}, from, to), "options.kind");
  EXPECT_EQ(field({.ridge = -1}, from, to), "options.ridge");
  EXPECT_EQ(field({.ridge = std::numeric_limits<float>::quiet_NaN()}, from, to), "options.ridge");
  EXPECT_EQ(field({.held_out = 0.9f}, from, to), "options.held_out");
  EXPECT_EQ(field({.steps = 0}, from, to), "options.steps");
  EXPECT_EQ(field({.batch = 1}, from, to), "options.batch");
  EXPECT_EQ(field({.learning_rate = 2}, from, to), "options.learning_rate");
  from.row(7)[2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(field({}, from, to), "from[7]");
  from.row(7)[2] = 0;
  const Adapter adapter = Train({}, from, to).adapter;
  EXPECT_EQ(adapter.Apply(to).status().field(), "rows");
  EXPECT_EQ(adapter.CentreTargets(from).status().field(), "documents");
  EXPECT_EQ(EvaluateAdapter(adapter, from, to, {}, {}).status().field(), "own");
  EXPECT_EQ(EvaluateAdapter(adapter, from, to, std::vector<uint32_t>(50, 99), {}).status().field(),
            "own");
}

TEST(Adapter, TrainingIsCancelledAndRepeatable) {
  const Matrix from = NormalRows(300, 8, 28), to = NormalRows(300, 8, 29);
  CancelToken cancel = CancelToken::Manual();
  const auto stop = [&](uint32_t step, uint32_t, double) {
    if (step == 5) cancel.Cancel();
  };
  const AdapterOptions options = Small(AdapterKind::kMlp);
  EXPECT_EQ(TrainAdapter(options, from, to, cancel, stop).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(Train(options, from, to).adapter.Serialize(),
            Train(options, from, to).adapter.Serialize());
}

}  // namespace
}  // namespace sagitta::learn
