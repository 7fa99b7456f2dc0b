#include "index/flat_codes.h"

#include <gtest/gtest.h>

#include "codec/learned_codec.h"
#include "index_testing.h"

namespace sagitta::index {
namespace {

constexpr size_t kRows = 9'000;

IndexParams Codes(const CodecParams& codec, IndexKind kind = IndexKind::kFlatCodes) {
  IndexParams params;
  params.kind = kind;
  params.codec = codec;
  return params;
}

std::vector<CodecParams> AllCodecs() {
  return {{.kind = CodecKind::kF16},
          {.kind = CodecKind::kBf16},
          {.kind = CodecKind::kScalar},
          {.kind = CodecKind::kScalar, .bits = 4, .oversampling = 10},
          {.kind = CodecKind::kRowScaled},
          {.kind = CodecKind::kSign, .oversampling = 30},
          {.kind = CodecKind::kRecurrent, .oversampling = 20},
          {.kind = CodecKind::kRotated},
          {.kind = CodecKind::kAllocated},
          {.kind = CodecKind::kAllocated, .bytes = 12, .oversampling = 10},
          {.kind = CodecKind::kProduct, .oversampling = 10},
          {.kind = CodecKind::kProduct, .bits = 8, .oversampling = 10},
          {.kind = CodecKind::kRotatedProduct, .oversampling = 10}};
}

// Every codec, alone and in lists, at every selectivity: an answer is full, and as good as its
// candidates.
TEST(FlatCodes, EveryCodecFinds) {
  for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kCosine}) {
    TestRows data(kRows, 24, metric);
    for (const CodecParams& codec : AllCodecs()) {
      const std::string name = "codec " + std::to_string(static_cast<int>(codec.kind)) + ", " +
                               std::to_string(codec.bits) + " bits, metric " +
                               std::to_string(static_cast<int>(metric));
      for (const IndexKind kind : {IndexKind::kFlatCodes, IndexKind::kIvfCodes}) {
        const auto built = Build(data.rows(), Codes(codec, kind));
        ASSERT_NE(built, nullptr);
        ASSERT_EQ(built->index->kind(), kind);
        IndexQuery query;
        EXPECT_GE(MeanRecall(*built->index, &data, query, 10), 0.93) << name;
        for (const double share : {0.5, 0.02, 0.003}) {
          const RandomFilter filter(kRows, share);
          query.filter = filter.filter();
          EXPECT_GE(MeanRecall(*built->index, &data, query, 5), 0.93) << name << " at " << share;
        }
      }
    }
  }
}

TEST(FlatCodes, OnlyFieldsOfSomeRowsAreFiltered) {
  TestRows data(kRows / 3, 24, Metric::kL2);
  const std::vector<uint32_t> row_of = SparseRows(kRows / 3);
  const auto built = Build(data.rows(), Codes({.kind = CodecKind::kScalar}));
  ASSERT_NE(built, nullptr);
  const RandomFilter filter(kRows, 0.5);
  IndexQuery query;
  query.filter = {filter.filter().allowed, row_of.data(), filter.filter().allowed_count};
  EXPECT_GE(MeanRecall(*built->index, &data, query, 10), 0.99);
  // Rows that came after the filter was made do not pass.
  query.filter = filter.filter();
  query.filter.rows = kRows / 5 + 7;
  EXPECT_GE(MeanRecall(*built->index, &data, query, 10), 0.99);
}

// The first elements say little of the vectors here, so that candidates are many.
TEST(FlatCodes, CodesMayBeOfTheFirstElements) {
  for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
    TestRows data(kRows, 32, metric);
    for (const CodecKind kind : {CodecKind::kScalar, CodecKind::kAllocated}) {
      const auto full = Build(data.rows(), Codes({.kind = kind}));
      const auto built = Build(data.rows(), Codes({.kind = kind, .dims = 16}));
      ASSERT_NE(built, nullptr);
      EXPECT_LT(built->index->MappedBytes(), full->index->MappedBytes() * 3 / 4);
      IndexQuery query;
      query.params.oversampling = 40;
      EXPECT_GE(MeanRecall(*built->index, &data, query, 20), 0.9)
          << "metric " << static_cast<int>(metric);
    }
  }
}

TEST(FlatCodes, AFewOfTheBestAndAllOfThem) {
  TestRows data(kRows, 16, Metric::kL2);
  const auto built = Build(data.rows(), Codes({}));
  const std::vector<float> vector = data.Draw();
  IndexQuery query;
  for (const uint32_t k : {0u, 1u, 500u, 9'000u, 20'000u}) {
    query.k = k;
    EXPECT_EQ(SearchChecked(*built->index, data, vector, query).size(), std::min<size_t>(k, kRows));
  }
  query.k = 10;
  const auto all = SearchChecked(*built->index, data, vector, query);
  query.key_limit = all[3].key;
  EXPECT_EQ(SearchChecked(*built->index, data, vector, query).size(), 4u);
  query.params.exact = true;
  query.key_limit = std::numeric_limits<float>::infinity();
  EXPECT_EQ(
      RecallByKey(SearchChecked(*built->index, data, vector, query), TrueKeys(data, vector, 10)),
      1.0);
}

// Of all sorts: by codes and by vectors, of few candidates and many.
std::vector<IndexQuery> QueriesOfAllSorts(const std::vector<std::vector<float>>& vectors,
                                          const RandomFilter& filter) {
  std::vector<IndexQuery> queries(vectors.size());
  for (size_t i = 0; i < queries.size(); ++i) {
    queries[i].vector = vectors[i].data();
    queries[i].k = static_cast<uint32_t>(i == 5 ? 0 : 1 + i * i * 7);
    queries[i].params.exact = i == 3;
    if (i % 2 == 1) queries[i].filter = filter.filter();
  }
  return queries;
}

TEST(FlatCodes, SearchesTogetherFindWhatEachFindsAlone) {
  TestRows data(kRows + 77, 24, Metric::kInnerProduct);
  std::vector<std::vector<float>> vectors;
  for (int i = 0; i < 12; ++i) vectors.push_back(data.Draw());
  const RandomFilter filter(kRows + 77, 0.3);
  for (const CodecParams& codec : AllCodecs()) {
    for (const IndexKind kind : {IndexKind::kFlatCodes, IndexKind::kIvfCodes}) {
      const auto built = Build(data.rows(), Codes(codec, kind));
      ASSERT_NE(built, nullptr);
      std::vector<std::vector<Candidate>> answers(vectors.size(), {{0.0f, 1u}});
      std::vector<ManyQuery> together;
      for (const IndexQuery& query : QueriesOfAllSorts(vectors, filter)) {
        together.push_back({query, &answers[together.size()]});
      }
      ASSERT_TRUE(built->index->SearchMany(together).ok());
      for (size_t i = 0; i < together.size(); ++i) {
        std::vector<Candidate> alone;
        uint64_t distances = 0;
        ASSERT_TRUE(built->index->Search(together[i].query, &alone, &distances).ok());
        EXPECT_EQ(together[i].distances, distances) << i;
        ASSERT_EQ(answers[i].size(), alone.size()) << i;
        for (size_t j = 0; j < alone.size(); ++j) {
          EXPECT_EQ(answers[i][j].position, alone[j].position) << i << ", " << j;
          EXPECT_EQ(answers[i][j].key, alone[j].key) << i << ", " << j;
        }
      }
    }
  }
}

TEST(FlatCodes, StopsWhenCancelled) {
  TestRows data(kRows, 16, Metric::kL2);
  const auto built = Build(data.rows(), Codes({}));
  const std::vector<float> vector = data.Draw();
  CancelToken cancel = CancelToken::Manual();
  cancel.Cancel();
  IndexQuery query;
  query.vector = vector.data();
  query.cancel = &cancel;
  std::vector<Candidate> found;
  uint64_t distances = 0;
  EXPECT_EQ(built->index->Search(query, &found, &distances).code(), StatusCode::kCancelled);
  ManyQuery together[] = {{query, &found}, {query, &found}};
  EXPECT_EQ(built->index->SearchMany(together).code(), StatusCode::kCancelled);
}

TEST(FlatCodes, ManyThreadsBuildTheSameFile) {
  TestRows data(kRows, 24, Metric::kInnerProduct);
  base::ThreadPool pool("test", 4, 64);
  for (const IndexKind kind : {IndexKind::kFlatCodes, IndexKind::kIvfCodes}) {
    const auto one = Build(data.rows(), Codes({}, kind));
    const auto four = Build(data.rows(), Codes({}, kind), {.pool = &pool});
    for (const char* name : {"f.codec.model", "f.codec.codes"}) {
      const auto a = one->file->Section(name), b = four->file->Section(name);
      ASSERT_TRUE(a.ok() && b.ok());
      EXPECT_TRUE(std::equal(a->begin(), a->end(), b->begin(), b->end())) << name;
    }
  }
}

// One model, "codes@1".
class OneModel final : public CodecSource {
 public:
  explicit OneModel(uint32_t dim) {
    model_.metric = Metric::kL2;
    model_.dim = model_.core = model_.width = dim;
    model_.bits = 4;
    // Scaled by two: no rotation has that.
    model_.linear.assign(size_t{dim} * dim, 0.0f);
    for (size_t d = 0; d < dim; ++d) model_.linear[d * dim + d] = 1.0f;
  }
  Result<std::unique_ptr<codec::Codec>> FindCodec(const std::string& model) const override {
    if (model != "codes@1") return Status::NotFound("there is no model '" + model + "'");
    return std::unique_ptr<codec::Codec>(codec::MakeLearnedCodec(model_));
  }

 private:
  codec::LearnedModel model_;
};

TEST(FlatCodes, AModelsCodecIsTakenAsItIsAndShared) {
  TestRows data(kRows, 24, Metric::kL2);
  const OneModel models(24);
  const BuildContext context{.codecs = &models};
  const CodecParams learned{.kind = CodecKind::kLearned, .oversampling = 20, .model = "codes@1"};
  const auto one = Build(data.rows(), Codes(learned), context);
  ASSERT_NE(one, nullptr);
  EXPECT_EQ(one->index->kind(), IndexKind::kFlatCodes);
  const auto section = one->file->Section("f.codec.model");
  ASSERT_TRUE(section.ok());
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(section->data()), section->size()),
            (*models.FindCodec("codes@1"))->Serialize());
  EXPECT_GE(MeanRecall(*one->index, &data, {}, 10), 0.93);
  // Two segments hold it once.
  const size_t alone = one->index->MemoryBytes();
  const auto lists = Build(data.rows(), Codes(learned, IndexKind::kIvfCodes), context);
  ASSERT_NE(lists, nullptr);
  EXPECT_LT(one->index->MemoryBytes(), alone);
  EXPECT_GE(MeanRecall(*lists->index, &data, {}, 10), 0.9);
  // Few rows need no sample.
  TestRows few(10, 24, Metric::kL2);
  const auto small = Build(few.rows(), Codes(learned), context);
  ASSERT_NE(small, nullptr);
  EXPECT_EQ(small->index->kind(), IndexKind::kFlatCodes);
}

TEST(FlatCodes, AModelThatIsNotThereOrDoesNotFitBuildsNothing) {
  TestRows data(kRows, 24, Metric::kL2), other(kRows, 24, Metric::kCosine);
  const OneModel models(24), wide(32);
  const auto status = [&](const VectorRows& rows, const std::string& model,
                          const CodecSource* source) {
    const sagitta::testing::TempDirectory temp;
    auto writer = base::SectionFileWriter::Create(temp / "index");
    const CodecParams codec{.kind = CodecKind::kLearned, .model = model};
    return BuildIndex(rows, Codes(codec), "f.", {.codecs = source}, writer->get()).status();
  };
  EXPECT_EQ(status(data.rows(), "codes@2", &models).code(), StatusCode::kNotFound);
  EXPECT_EQ(status(data.rows(), "codes@1", nullptr).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(status(data.rows(), "codes@1", &wide).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(status(other.rows(), "codes@1", &models).code(), StatusCode::kFailedPrecondition);
}

TEST(FlatCodes, BadSettingsAreNamed) {
  TestRows data(kRows, 24, Metric::kL2);
  const auto built = [&](const CodecParams& codec) {
    const sagitta::testing::TempDirectory temp;
    auto writer = base::SectionFileWriter::Create(temp / "index");
    return BuildIndex(data.rows(), Codes(codec), "f.", {}, writer->get()).status();
  };
  EXPECT_EQ(built({.dims = 25}).field(), "index.codec.dims");
  EXPECT_EQ(built({.kind = CodecKind::kScalar, .bits = 9}).field(), "bits");
  EXPECT_EQ(built({.kind = CodecKind::kProduct, .pieces = 7}).field(), "pieces");
  EXPECT_EQ(built({.bytes = 6}).field(), "bytes");
}

}  // namespace
}  // namespace sagitta::index
