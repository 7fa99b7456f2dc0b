#include "learn/train_binarizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "codec/learned_codec.h"
#include "learn/binarizer_plan.h"
#include "tests/learn/synthetic_pairs.h"

namespace sagitta::learn {
namespace {

constexpr size_t kRows = 600;

// One corpus of unit length as two models embed it: the second has another dimension, another
// basis, noise, and a mean of its own.
struct TwoModels {
  Matrix one = NormalRows(kRows, 24, 1), other;
  TwoModels() {
    NormaliseRows(&one);
    other = Mapped(one, NormalRows(32, 24, 2), 3.0f, 0.1f, 3, true);
  }
};

BinarizerOptions Small(Objective objective, Heads heads = Heads::kShared) {
  BinarizerOptions options;
  options.objective = objective;
  options.heads = heads;
  options.hidden = 24;
  options.steps = 40;
  options.batch = 128;
  options.threads = 1;
  return options;
}

BinarizerResult Train(const BinarizerOptions& options, const BinarizerData& data) {
  auto result = TrainBinarizer(options, data, CancelToken());
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return result.ok() ? std::move(*result) : BinarizerResult{};
}

std::unique_ptr<codec::Codec> Read(const std::string& bytes) {
  auto codec = codec::Codec::Deserialize(bytes);
  EXPECT_TRUE(codec.ok()) << codec.status().ToString();
  return codec.ok() ? std::move(*codec) : nullptr;
}

std::unique_ptr<codec::Codec> Recurrent(const Matrix& rows, uint32_t bits, uint64_t seed = 1) {
  auto codec = codec::TrainCodec(
      {.kind = CodecKind::kRecurrent, .metric = Metric::kCosine, .bits = bits, .seed = seed},
      rows.values.data(), rows.n, static_cast<uint32_t>(rows.dim), CancelToken());
  EXPECT_TRUE(codec.ok());
  return std::move(*codec);
}

// The share of queries, coded by one codec, whose own row is the nearest among those of another.
double FindOwn(const codec::Codec& queries, const Matrix& from, const codec::Codec& documents,
               const Matrix& to) {
  std::vector<uint8_t> codes(to.n * documents.code_bytes()), code(queries.code_bytes());
  documents.Encode(to.values.data(), to.n, codes.data());
  std::vector<float> keys(to.n);
  size_t hits = 0;
  for (size_t q = 0; q < from.n; ++q) {
    queries.Encode(from.row(q), 1, code.data());
    queries.PrepareCode(code.data())->Keys(codes.data(), to.n, keys.data());
    hits += static_cast<size_t>(std::min_element(keys.begin(), keys.end()) - keys.begin()) == q;
  }
  return static_cast<double>(hits) / static_cast<double>(from.n);
}

TEST(TrainBinarizer, PairsOfTwoEncodersFindEachOther) {
  const TwoModels models;
  for (const Metric metric : {Metric::kCosine, Metric::kL2}) {
    BinarizerOptions options = Small(Objective::kPairs, Heads::kSeparate);
    options.metric = metric;
    const BinarizerResult result =
        Train(options, {.documents = models.one, .queries = models.other});
    EXPECT_GE(result.after.coded, 0.9);
    EXPECT_EQ(result.losses.size(), 40u);
    const auto query = Read(result.query_codec), document = Read(result.document_codec);
    EXPECT_EQ(query->dim(), 32u);
    EXPECT_EQ(document->dim(), 24u);
    EXPECT_EQ(query->metric(), metric);
    EXPECT_EQ(query->odd_grid(), document->odd_grid());
    EXPECT_GE(FindOwn(*query, models.other, *document, models.one), 0.9);
  }
}

TEST(TrainBinarizer, HeadsLearnWhatNoMapGaveThem) {
  TwoModels models;
  Matrix turned;
  MultiplyT(models.one, *NearestOrthogonal(NormalRows(24, 24, 4)), &turned);
  for (const uint32_t bits : {1u, 2u, 4u}) {
    BinarizerOptions options = Small(Objective::kPairs, Heads::kSeparate);
    options.map_queries = false;
    options.bits = bits;
    options.steps = 250;
    options.learning_rate = 3e-3f;
    options.hidden = bits == 2 ? 0 : 24;
    const BinarizerResult result = Train(options, {.documents = models.one, .queries = turned});
    EXPECT_LE(result.before.coded, 0.1);
    EXPECT_GE(result.after.coded, bits == 1 ? 0.6 : 0.8) << bits;
    EXPECT_TRUE(result.published);
    EXPECT_LT(result.losses.back(), 0.5 * result.losses.front());
  }
}

TEST(TrainBinarizer, QueriesOfANewModelSearchCodesThatStay) {
  const TwoModels models;
  const auto old = Recurrent(models.one, 2);
  BinarizerData data{.documents = models.one, .queries = models.other};
  data.old = {.codec = old.get(), .queries = models.one};
  const BinarizerResult result = Train(Small(Objective::kPairs, Heads::kQueryOnly), data);
  EXPECT_TRUE(result.document_codec.empty());
  EXPECT_EQ(result.old_alone, 1.0);
  const auto query = Read(result.query_codec);
  EXPECT_EQ(query->odd_grid(), old->odd_grid());
  EXPECT_GE(FindOwn(*query, models.other, *old, models.one), 0.9);
}

TEST(TrainBinarizer, ANewModelIsCompatibleWithTheOldOnesCodes) {
  const TwoModels models;
  // The old model knows its documents through noise, the new one better.
  Matrix identity(24, 24);
  for (size_t d = 0; d < 24; ++d) identity.row(d)[d] = 1;
  const Matrix old_queries = Mapped(models.one, identity, 0.0f, 0.12f, 5, true);
  const Matrix new_queries = Mapped(models.one, NormalRows(32, 24, 2), 3.0f, 0.15f, 6, true);
  const auto old = Recurrent(models.one, 2);
  BinarizerData data{.documents = models.other, .queries = new_queries};
  data.old = {.codec = old.get(), .documents = models.one, .queries = old_queries};
  BinarizerOptions options = Small(Objective::kPairs);
  const BinarizerResult result = Train(options, data);
  EXPECT_EQ(result.query_codec, result.document_codec);
  EXPECT_GT(result.old_alone, 0.0);
  EXPECT_TRUE(result.backward_compatible);
  const GateMetrics& kept = result.published ? result.after : result.before;
  EXPECT_GE(kept.to_old, result.old_alone);
  EXPECT_GE(kept.coded, 0.8);
  // One index may hold rows of both models.
  const auto codec = Read(result.query_codec);
  EXPECT_EQ(codec->odd_grid(), old->odd_grid());
  EXPECT_GE(FindOwn(*codec, new_queries, *old, models.one), 0.7);
  EXPECT_GE(FindOwn(*codec, new_queries, *codec, models.other), 0.7);
}

TEST(TrainBinarizer, WhatIsNoBetterIsNotPublished) {
  const TwoModels models;
  const auto untrained = Recurrent(models.one, 2);
  BinarizerOptions options = Small(Objective::kNeighbours);
  options.learning_rate = 1.0f;  // ruins it
  const BinarizerResult result = Train(options, {.documents = models.one});
  EXPECT_FALSE(result.published);
  EXPECT_LT(result.after.coded, result.before.coded);
  const auto codec = Read(result.query_codec);
  const auto& model = dynamic_cast<const codec::LearnedCodec&>(*codec).head().model();
  EXPECT_TRUE(model.plain());
  // A recurrent codec in all but how many rows its scale was taken from.
  EXPECT_GE(FindOwn(*codec, models.one, *untrained, models.one), 0.99);
  // Small steps may help or not; what is published is no worse.
  options.learning_rate = 1e-4f;
  const BinarizerResult small = Train(options, {.documents = models.one});
  EXPECT_EQ(small.published, small.after.coded >= small.before.coded &&
                                 small.after.float_query >= small.before.float_query);
  EXPECT_EQ(small.query_codec, small.document_codec);
}

TEST(TrainBinarizer, LearnedCodesAreDecoded) {
  const TwoModels models;
  BinarizerOptions options = Small(Objective::kPairs, Heads::kSeparate);
  options.bits = 4;
  options.learning_rate = 1e-5f;
  const BinarizerResult result = Train(options, {.documents = models.one, .queries = models.other});
  const auto codec = Read(result.document_codec);
  std::vector<uint8_t> codes(kRows * codec->code_bytes());
  codec->Encode(models.one.values.data(), kRows, codes.data());
  Matrix decoded(kRows, 24);
  codec->Decode(codes.data(), kRows, decoded.values.data());
  EXPECT_LT(LargestDifference(decoded, models.one), 0.15);
}

class Resumed : public testing::TestWithParam<Heads> {};

TEST_P(Resumed, TrainingGoesOnToExactlyTheSame) {
  const TwoModels models;
  const bool shared = GetParam() == Heads::kShared;
  const auto old = Recurrent(models.one, 2);
  BinarizerData data{.documents = models.one};
  if (!shared) data.queries = models.other;
  if (GetParam() == Heads::kQueryOnly) data.old.codec = old.get();
  const BinarizerOptions options =
      Small(shared ? Objective::kNeighbours : Objective::kPairs, GetParam());
  const auto make = [&] {
    return std::move(*BinarizerTrainer::Create(options, data, CancelToken()));
  };
  const auto whole = make();
  ASSERT_TRUE(whole->Run(CancelToken()).ok());
  // Cancelled in the middle, saved, read by another trainer.
  const auto begun = make();
  CancelToken cancel = CancelToken::Manual();
  const Status stopped = begun->Run(cancel, [&](uint32_t step, uint32_t steps, double) {
    EXPECT_EQ(steps, 40u);
    if (step == 13) cancel.Cancel();
  });
  EXPECT_EQ(stopped.code(), StatusCode::kCancelled);
  EXPECT_EQ(begun->step(), 13u);
  EXPECT_EQ(begun->Finish(cancel).status().code(), StatusCode::kCancelled);
  const std::string saved = begun->Checkpoint();
  const auto resumed = make();
  ASSERT_TRUE(resumed->Restore(saved).ok());
  EXPECT_EQ(resumed->step(), 13u);
  EXPECT_EQ(resumed->Checkpoint(), saved);
  ASSERT_TRUE(resumed->Run(CancelToken()).ok());
  EXPECT_EQ(resumed->Checkpoint(), whole->Checkpoint());
  const auto one = whole->Finish(CancelToken()), other = resumed->Finish(CancelToken());
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_EQ(other->query_codec, one->query_codec);
  EXPECT_EQ(other->document_codec, one->document_codec);
  EXPECT_EQ(other->losses, one->losses);
}

INSTANTIATE_TEST_SUITE_P(AllHeads, Resumed,
                         testing::Values(Heads::kShared, Heads::kSeparate, Heads::kQueryOnly));

TEST(TrainBinarizer, DamagedAndForeignCheckpointsAreRefused) {
  const TwoModels models;
  BinarizerOptions options = Small(Objective::kNeighbours);
  options.hidden = 2;
  const BinarizerData data{.documents = models.one};
  const auto trainer = std::move(*BinarizerTrainer::Create(options, data, CancelToken()));
  trainer->Step();
  const std::string saved = trainer->Checkpoint();
  trainer->Step();
  const std::string later = trainer->Checkpoint();
  for (size_t cut = 0; cut < saved.size(); cut += 1 + cut / 16) {
    ASSERT_EQ(trainer->Restore(std::string_view(saved).substr(0, cut)).code(),
              StatusCode::kDataLoss);
  }
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    std::string damaged = saved;
    damaged[random.Below(damaged.size())] ^= static_cast<char>(1 << random.Below(8));
    ASSERT_EQ(trainer->Restore(damaged).code(), StatusCode::kDataLoss);
  }
  EXPECT_EQ(trainer->Checkpoint(), later);
  const auto refused = [&](const BinarizerOptions& changed, const BinarizerData& rows) {
    const auto other = std::move(*BinarizerTrainer::Create(changed, rows, CancelToken()));
    return other->Restore(saved).code();
  };
  BinarizerOptions changed = options;
  changed.learning_rate = 2e-4f;
  EXPECT_EQ(refused(changed, data), StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused(options, {.documents = models.other}), StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused(options, data), StatusCode::kOk);
}

TEST(TrainBinarizer, WrongOptionsAreNamed) {
  const TwoModels models;
  const auto field = [&](auto change) {
    BinarizerOptions options = Small(Objective::kNeighbours);
    change(&options);
    return BinarizerTrainer::Create(options, {.documents = models.one}, CancelToken())
        .status()
        .field();
  };
  using O = BinarizerOptions;
  EXPECT_EQ(field([](O* o) { o->objective = static_cast<Objective>(3); }), "options.objective");
  EXPECT_EQ(field([](O* o) { o->heads = static_cast<Heads>(0); }), "options.heads");
  EXPECT_EQ(field([](O* o) { o->heads = Heads::kSeparate; }), "options.heads");
  EXPECT_EQ(field([](O* o) { o->metric = Metric::kL1; }), "options.metric");
  EXPECT_EQ(field([](O* o) { o->bits = 5; }), "options.bits");
  EXPECT_EQ(field([](O* o) { o->width = 70'000; }), "options.width");
  EXPECT_EQ(field([](O* o) { o->hidden = 20'000; }), "options.hidden");
  EXPECT_EQ(field([](O* o) { o->steps = 2'000'000; }), "options.steps");
  EXPECT_EQ(field([](O* o) { o->batch = 4; }), "options.batch");
  EXPECT_EQ(field([](O* o) { o->learning_rate = -1; }), "options.learning_rate");
  EXPECT_EQ(field([](O* o) { o->temperature = 0; }), "options.temperature");
  EXPECT_EQ(field([](O* o) { o->hard_negatives = 0; }), "options.hard_negatives");
  EXPECT_EQ(field([](O* o) { o->most_gradient = 0; }), "options.most_gradient");
  EXPECT_EQ(field([](O* o) { o->map = AdapterKind::kMlp; }), "options.map");
  EXPECT_EQ(field([](O* o) { o->old_weight = -1; }), "options.old_weight");
  EXPECT_EQ(field([](O* o) { o->held_out = 0; }), "options.held_out");
  EXPECT_EQ(field([](O* o) { o->most_held_out = 1; }), "options.most_held_out");
  EXPECT_EQ(field([](O* o) { o->most_documents = 1; }), "options.most_documents");
  EXPECT_EQ(field([](O* o) { o->threads = 2000; }), "options.threads");
  EXPECT_EQ(field([](O*) {}), "");
}

TEST(TrainBinarizer, WrongDataIsNamed) {
  const TwoModels models;
  const auto old = Recurrent(models.one, 2);
  const auto f16 = std::move(*codec::TrainCodec(
      {.kind = CodecKind::kF16, .metric = Metric::kCosine}, nullptr, 0, 24, CancelToken()));
  const auto field = [](const BinarizerOptions& options, const BinarizerData& data) {
    return BinarizerTrainer::Create(options, data, CancelToken()).status().field();
  };
  BinarizerOptions pairs = Small(Objective::kPairs, Heads::kSeparate);
  const RowsView one = models.one, other = models.other;
  EXPECT_EQ(field(pairs, {.documents = one.Slice(0, 20), .queries = other.Slice(0, 20)}),
            "documents");
  EXPECT_EQ(field(pairs, {.documents = one, .queries = other.Slice(0, 99)}), "queries");
  Matrix bad = models.other;
  bad.row(5)[1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(field(pairs, {.documents = one, .queries = bad}), "queries[5]");
  pairs.map_queries = false;
  EXPECT_EQ(field(pairs, {.documents = one, .queries = other}), "options.map_queries");
  pairs.map_queries = true;
  EXPECT_EQ(field(pairs, {.documents = one, .queries = other, .old = {.codec = old.get()}}),
            "old.codec");
  pairs.heads = Heads::kShared;
  EXPECT_EQ(field(pairs, {.documents = one, .queries = other}), "queries");
  const auto with_old = [&](const codec::Codec* codec, RowsView documents, RowsView queries) {
    BinarizerData data{.documents = other, .queries = other};
    data.old = {.codec = codec, .documents = documents, .queries = queries};
    return field(pairs, data);
  };
  EXPECT_EQ(with_old(f16.get(), one, one), "old.codec");
  EXPECT_EQ(with_old(old.get(), other, one), "old.documents");
  EXPECT_EQ(with_old(old.get(), one.Slice(0, 50), one), "old.documents");
  EXPECT_EQ(with_old(old.get(), one, other), "old.queries");
  EXPECT_EQ(with_old(old.get(), one, one), "");
  pairs.heads = Heads::kQueryOnly;
  EXPECT_EQ(field(pairs, {.documents = one, .queries = other}), "old.codec");
  pairs.metric = Metric::kL2;
  EXPECT_EQ(field(pairs, {.documents = one, .queries = other, .old = {.codec = old.get()}}),
            "options.metric");
}

}  // namespace
}  // namespace sagitta::learn
