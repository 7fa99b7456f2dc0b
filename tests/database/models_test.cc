// Models through the public interface: training, the gate, the ways in and out.
#include "tests/database/models_testing.h"

namespace sagitta::database {
namespace {

using Request = TrainBinarizerRequest;
struct Case {
  const char* field;
  std::function<void(Request&)> change;
};
const std::vector<Case> kWrong = {
    {"name", [](Request& r) { r.name = "A b"; }},
    {"collection", [](Request& r) { r.collection = "few"; }},
    {"collection", [](Request& r) { r.collection = ""; }},
    {"field", [](Request& r) { r.field = "w"; }},
    {"field", [](Request& r) { r.collection = "l1"; }},
    {"bits", [](Request& r) { r.bits = 5; }},
    {"width", [](Request& r) { r.width = 100'000; }},
    {"hidden", [](Request& r) { r.hidden = 100'000; }},
    {"steps", [](Request& r) { r.steps = 2'000'000; }},
    {"batch", [](Request& r) { r.batch = 1; }},
    {"learning_rate", [](Request& r) { r.learning_rate = 2; }},
    {"held_out", [](Request& r) { r.held_out = 0.9f; }},
    {"sample_rows", [](Request& r) { r.sample_rows = 10; }},
    {"checkpoint_seconds", [](Request& r) { r.checkpoint_seconds = 0; }},
    {"compatible_with", [](Request& r) { r.compatible_with = "far@1"; }},
    {"pairs.documents", [](Request& r) { r.pairs = CloudPairs(10); }},
    {"pairs.queries",
     [](Request& r) {
       r.pairs = CloudPairs(300);
       r.pairs->queries.pop_back();
     }},
    {"pairs.documents[7]",
     [](Request& r) {
       r.pairs = CloudPairs(300);
       r.pairs->documents[7] = VectorOf(1);
     }},
    {"pairs.old_documents",
     [](Request& r) {
       r.pairs = CloudPairs(300);
       r.pairs->old_documents = r.pairs->documents;
     }},
    {"compatible_with",
     [](Request& r) {
       r.pairs = CloudPairs(300);
       r.compatible_with = "codes";
     }},
    {"compatible_with",
     [](Request& r) {
       r.pairs = CloudPairs(300);
       r.compatible_with = "small@1";
     }},
    {"compatible_with",
     [](Request& r) {
       r.pairs = CloudPairs(300);
       r.compatible_with = "far@1";
     }},
};

class ModelsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    database_ = MustOpen(directory_ / "data");
    ASSERT_NE(database_, nullptr);
    auto cloud = database_->CreateCollection(CloudSchema());
    ASSERT_OK(cloud.status());
    cloud_ = *cloud;
    ASSERT_OK(InsertCloud(*cloud_, 1, 2000));
  }
  void Reopen() {
    cloud_ = nullptr;
    database_ = nullptr;
    database_ = MustOpen(directory_ / "data");
    ASSERT_NE(database_, nullptr);
  }

  testing::TempDirectory directory_;
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> cloud_;
};

TEST_F(ModelsTest, PairsMakeAModelThatFindsMore) {
  const auto model = Train(*database_, PairTraining());
  ASSERT_OK(model.status());
  EXPECT_EQ(model->ref.ToString(), "codes@1");
  EXPECT_GT(model->after.coded, model->before.coded);
  EXPECT_GE(model->after.float_query, model->before.float_query);
  EXPECT_EQ(model->dim, kModelDim);
  EXPECT_EQ(model->width, kModelDim);
  EXPECT_EQ(model->bits, 1u);
  EXPECT_EQ(model->metric, Metric::kCosine);
  EXPECT_EQ(model->collection, "cloud");
  EXPECT_EQ(model->field, "v");
  EXPECT_EQ(model->rows, 1000u);
  EXPECT_EQ(model->old_alone, -1);
  // The same once more is the same model, and another version.
  const auto again = Train(*database_, PairTraining());
  ASSERT_OK(again.status());
  EXPECT_EQ(again->ref.ToString(), "codes@2");
  EXPECT_EQ(again->after, model->after);
  Reopen();
  ASSERT_EQ(database_->ListModels().size(), 2u);
  EXPECT_EQ(database_->ListModels()[0], *model);
}

TEST_F(ModelsTest, ACollectionsOwnVectorsAreLearnedAndTheJobSaysBoth) {
  ASSERT_OK(database_->SetAlias("sky", "cloud"));
  TrainBinarizerRequest request = SmallTraining();
  request.collection = "sky";
  request.sample_rows = 1500;
  const auto id = database_->TrainBinarizer(request);
  ASSERT_OK(id.status());
  const JobInfo job = WaitForEnd(*database_, *id);
  EXPECT_EQ(job.kind, "train");
  EXPECT_EQ(job.state, JobState::kDone) << job.error;
  EXPECT_EQ(job.collection, "cloud");
  EXPECT_EQ(job.rows, 1500u);
  EXPECT_EQ(job.progress, 1);
  EXPECT_EQ(job.losses.size(), 60u);
  EXPECT_NE(job.note.find("coded 0."), std::string::npos) << job.note;
  EXPECT_NE(job.note.find("float queries 0."), std::string::npos) << job.note;
  const bool published = job.note.starts_with("published codes@1");
  EXPECT_TRUE(published || job.note.starts_with("not published")) << job.note;
  EXPECT_EQ(database_->ListModels().size(), published ? 1u : 0u);
  EXPECT_TRUE(NamesIn(directory_ / "data/trainings").empty());
}

TEST_F(ModelsTest, WhatFindsLessIsNotPublished) {
  TrainBinarizerRequest request = SmallTraining();
  request.learning_rate = 1;  // ruins it
  const auto id = database_->TrainBinarizer(request);
  ASSERT_OK(id.status());
  const JobInfo job = WaitForEnd(*database_, *id);
  EXPECT_EQ(job.state, JobState::kDone) << job.error;
  EXPECT_TRUE(job.note.starts_with("not published, it finds less than the untrained code"))
      << job.note;
  EXPECT_TRUE(database_->ListModels().empty());
}

TEST_F(ModelsTest, ACompatibleModelFindsNoLessOfTheOldCodes) {
  const auto old = Train(*database_, PairTraining());
  ASSERT_OK(old.status());
  TrainBinarizerRequest request = PairTraining();
  // The old embedding model knew less of its queries.
  request.pairs->old_documents = request.pairs->documents;
  for (uint64_t i = 0; i < request.pairs->queries.size(); ++i) {
    request.pairs->old_queries.push_back(CloudVector(i, 0.3f));
  }
  request.compatible_with = "codes@1";
  request.steps = 200;
  request.bits = 4;  // it has the old one's all the same
  const auto model = Train(*database_, request);
  ASSERT_OK(model.status());
  EXPECT_EQ(model->ref.ToString(), "codes@2");
  EXPECT_EQ(model->compatible, old->ref);
  EXPECT_EQ(model->bits, old->bits);
  EXPECT_GT(model->old_alone, 0.0);
  EXPECT_GE(model->after.to_old, model->old_alone);
  EXPECT_GE(model->after.coded, model->old_alone);
}

TEST_F(ModelsTest, OneThatFindsLessOfTheOldCodesIsNotPublished) {
  ASSERT_OK(Train(*database_, PairTraining()).status());
  TrainBinarizerRequest request = PairTraining();
  request.compatible_with = "codes@1";
  // New documents and queries that have nothing to do with the old ones.
  request.pairs->old_documents = request.pairs->documents;
  request.pairs->old_queries = request.pairs->queries;
  std::reverse(request.pairs->old_documents.begin(), request.pairs->old_documents.end());
  std::reverse(request.pairs->old_queries.begin(), request.pairs->old_queries.end());
  const auto id = database_->TrainBinarizer(request);
  ASSERT_OK(id.status());
  const JobInfo job = WaitForEnd(*database_, *id);
  EXPECT_EQ(job.state, JobState::kDone) << job.error;
  EXPECT_TRUE(job.note.starts_with("not published, ")) << job.note;
  EXPECT_NE(job.note.find("to old codes 0."), std::string::npos) << job.note;
  EXPECT_NE(job.note.find("the old version by itself 0."), std::string::npos) << job.note;
  EXPECT_EQ(database_->ListModels().size(), 1u);
}

TEST_F(ModelsTest, WrongRequestsAreNamedAndChangeNothing) {
  ASSERT_OK(database_->CreateCollection(CloudSchema("few")).status());
  CollectionSchema l1 = CloudSchema("l1");
  l1.fields[0].metric = Metric::kL1;
  ASSERT_OK(database_->CreateCollection(l1).status());
  ASSERT_OK(database_->ImportModel("small", UntrainedModel(8, 2)).status());
  ASSERT_OK(database_->ImportModel("far", UntrainedModel(kModelDim, 2, Metric::kL2)).status());
  for (const Case& c : kWrong) {
    Request request = SmallTraining();
    c.change(request);
    ExpectInvalid(database_->TrainBinarizer(request).status(), c.field);
  }
  Request request = PairTraining();
  request.compatible_with = "codes@9";
  ExpectError(database_->TrainBinarizer(request).status(), StatusCode::kNotFound, {"codes@9"});
  request = SmallTraining();
  request.collection = "none";
  ExpectError(database_->TrainBinarizer(request).status(), StatusCode::kNotFound, {"none"});
  EXPECT_TRUE(NamesIn(directory_ / "data/trainings").empty());
  for (const JobInfo& job : database_->Compaction().recent) EXPECT_NE(job.kind, "train");
  EXPECT_EQ(database_->ListModels().size(), 2u);
}

TEST_F(ModelsTest, WhatIsExportedCanBeImported) {
  const auto model = Train(*database_, PairTraining());
  ASSERT_OK(model.status());
  const auto bytes = database_->ExportModel(model->ref);
  ASSERT_OK(bytes.status());
  const auto copy = database_->ImportModel("copy", *bytes);
  ASSERT_OK(copy.status());
  EXPECT_EQ(copy->ref.ToString(), "copy@1");
  EXPECT_TRUE(copy->imported);
  EXPECT_EQ(copy->after, model->after);
  for (size_t at = 0; at < bytes->size(); at += 97) {
    std::string damaged = *bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    const Status status = database_->ImportModel("copy", damaged).status();
    EXPECT_FALSE(status.ok());
    EXPECT_EQ(status.field(), "bytes") << status.ToString();
  }
  ExpectInvalid(database_->ImportModel("No", *bytes).status(), "name");
  EXPECT_EQ(database_->ListModels().size(), 2u);
  ExpectError(database_->ExportModel({"codes", 2}).status(), StatusCode::kNotFound, {"codes@2"});
  EXPECT_OK(database_->DeleteModel(copy->ref));
  EXPECT_EQ(database_->ImportModel("copy", *bytes)->ref.ToString(), "copy@2");
}

TEST_F(ModelsTest, AnEvaluationComparesWithTheUntrainedCode) {
  const auto bytes = UntrainedModel(kModelDim, 1);
  ASSERT_OK(database_->ImportModel("plain", bytes).status());
  ASSERT_OK(database_->ImportModel("fine", UntrainedModel(kModelDim, 4)).status());
  const auto plain = database_->EvaluateModel({"plain", 1}, "cloud", "", {});
  ASSERT_OK(plain.status());
  EXPECT_EQ(plain->queries, 2000u / 11);
  EXPECT_EQ(plain->queries + plain->documents, 2000u);
  EXPECT_GT(plain->model.float_query, 0.2);
  // It is the untrained one, but for the rows that its scale was taken from.
  EXPECT_NEAR(plain->model.coded, plain->untrained.coded, 0.02);
  const auto fine = database_->EvaluateModel({"fine", 1}, "cloud", "v", {});
  ASSERT_OK(fine.status());
  EXPECT_GT(fine->model.float_query, plain->model.float_query + 0.2);
  ASSERT_OK(database_->ImportModel("small", UntrainedModel(8, 2)).status());
  ExpectInvalid(database_->EvaluateModel({"small", 1}, "cloud", "v", {}).status(), "field");
  ExpectInvalid(database_->EvaluateModel({"plain", 1}, "cloud", "w", {}).status(), "field");
  ExpectError(database_->EvaluateModel({"plain", 2}, "cloud", "v", {}).status(),
              StatusCode::kNotFound);
  CancelToken cancelled = CancelToken::Manual();
  cancelled.Cancel();
  ExpectError(database_->EvaluateModel({"plain", 1}, "cloud", "v", cancelled).status(),
              StatusCode::kCancelled);
}

}  // namespace
}  // namespace sagitta::database
