// Vectors of another embedding model: trained adapters, searches and writes through them.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/fault.h"
#include "tests/database/models_testing.h"

namespace sagitta::database {
namespace {

constexpr char kChildArgument[] = "--run-until-killed";
constexpr uint32_t kOtherDim = 48;
constexpr uint64_t kPoints = 2'000;

// What another model, of more dims, makes of what is CloudRow(i) here.
VectorValue OtherVector(uint64_t i, uint32_t dim = kOtherDim, float noise = 0.02f) {
  const std::vector<float> row = CloudRow(i);
  learn::Random matrix(7), random(i + 100'000);
  std::vector<float> other(dim, 0.3f);
  for (float& value : other) {
    for (const float x : row) value += x * matrix.Normal();
    value += noise * random.Normal();
  }
  return VectorValue(std::span<const float>(other));
}

TrainAdapterRequest ByPoints(uint64_t count = 600, const std::string& name = "map") {
  TrainAdapterRequest request;
  request.name = name;
  request.collection = "cloud";
  for (uint64_t i = 0; i < count; ++i) {
    request.from.push_back(OtherVector(i));
    request.points.emplace_back(i);
  }
  return request;
}

// Runs it to its end; what it published, or what the job says.
Result<ModelInfo> Train(Database& database, TrainAdapterRequest request) {
  SAGITTA_ASSIGN_OR_RETURN(const uint64_t id, database.TrainAdapter(std::move(request)));
  const JobInfo job = WaitForEnd(database, id);
  if (job.state != JobState::kDone) return Status::Internal(job.error);
  if (!job.note.starts_with("published ")) return Status::FailedPrecondition(job.note);
  return database.GetModel(database.ListModels().back().ref);
}

Query QueryFor(uint64_t i, const std::string& adapter) {
  Query query;
  VectorValue vector = OtherVector(i);
  vector.adapter = adapter;
  query.target = std::move(vector);
  query.k = 1;
  return query;
}

int RunChild(const std::string& path, const std::string& fault) {
  auto database = Database::Open(SmallOptions(path));
  if (!database.ok()) return 3;
  base::ArmFault(fault, base::FaultAction::kKill, 0);
  const auto id = (*database)->TrainAdapter(ByPoints());
  if (!id.ok()) return 4;
  WaitForEnd(**database, *id);
  return 0;
}

class AdaptersTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Open();
    ASSERT_OK(database_->CreateCollection(CloudSchema()).status());
    ASSERT_OK(InsertCloud(*cloud(), 0, kPoints));
  }
  void Open() {
    database_ = nullptr;
    database_ = MustOpen(path_);
    ASSERT_NE(database_, nullptr);
  }
  std::shared_ptr<Collection> cloud() { return *database_->GetCollection("cloud"); }

  // The share of these points that are the first answer to their vectors of the other model.
  double OwnFirst(uint64_t first, uint64_t count, const std::string& adapter) {
    uint64_t found = 0;
    for (uint64_t i = first; i < first + count; ++i) {
      const auto result = cloud()->Search(QueryFor(i, adapter), {});
      EXPECT_OK(result.status());
      if (!result.ok() || result->hits.size() != 1) return 0;
      found += result->hits[0].point.id == PointId(i);
    }
    return static_cast<double>(found) / static_cast<double>(count);
  }

  testing::TempDirectory directory_;
  const std::string path_ = directory_ / "data";
  std::unique_ptr<Database> database_;
};

TEST_F(AdaptersTest, QueriesOfAnotherModelFindTheirOwnPoints) {
  for (const AdapterKind kind : {AdapterKind::kRidge, AdapterKind::kMlp}) {
    TrainAdapterRequest request = ByPoints();
    request.kind = kind;
    request.hidden = 16;
    request.steps = 20;
    request.learning_rate = 1e-4f;
    const auto model = Train(*database_, request);
    ASSERT_OK(model.status());
    EXPECT_EQ(model->kind, ModelKind::kAdapter);
    EXPECT_EQ(model->adapter, kind);
    EXPECT_EQ(model->dim, kOtherDim);
    EXPECT_EQ(model->to_dim, kModelDim);
    EXPECT_EQ(model->metric, Metric::kCosine);
    EXPECT_EQ(model->rows, 600u);
    EXPECT_EQ(model->before.float_query, 0);
    EXPECT_GE(model->after.float_query, 0.9);
    // Of points that it was not trained with, among all.
    EXPECT_GE(OwnFirst(1'000, 200, model->ref.ToString()), 0.9);
  }
  // It is there after a restart, and as it was.
  EXPECT_EQ(database_->ListModels()[0].mapped, 200u);
  Open();
  EXPECT_EQ(database_->ListModels().size(), 2u);
  EXPECT_EQ(database_->ListModels()[0].mapped, 0u);
  EXPECT_GE(OwnFirst(1'000, 200, "map@1"), 0.9);
}

TEST_F(AdaptersTest, PairsMayBeVectors) {
  TrainAdapterRequest request = ByPoints();
  request.points.clear();
  for (uint64_t i = 0; i < request.from.size(); ++i) request.to.push_back(CloudVector(i));
  ASSERT_OK(Train(*database_, request).status());
  ASSERT_OK(Train(*database_, ByPoints()).status());
  // The same map, as the points have the same vectors.
  EXPECT_EQ(DecodeModel(*database_->ExportModel({"map", 1}))->body,
            DecodeModel(*database_->ExportModel({"map", 2}))->body);
}

TEST_F(AdaptersTest, PointsOfBothModelsLiveInOneIndex) {
  ASSERT_OK(Train(*database_, ByPoints()).status());
  std::vector<UpsertPoint> points(300);
  for (uint64_t i = 0; i < points.size(); ++i) {
    points[i].point.id = 10'000 + i;
    VectorValue vector = OtherVector(10'000 + i);
    if (i % 3 == 0) {
      vector = CloudVector(10'000 + i);  // of the field's own model
    } else {
      vector.adapter = "map@1";
    }
    points[i].point.vectors["v"] = std::move(vector);
  }
  ASSERT_OK(cloud()->Upsert(std::move(points), {}).status());
  EXPECT_GE(OwnFirst(10'000, 300, "map@1"), 0.9);
  // What is stored is a vector of the field, of its length; queries of the old model find it, too.
  Select select;
  select.vectors = true;
  const PointId id(10'001);
  const auto stored = cloud()->Get(std::span(&id, 1), select, {});
  ASSERT_OK(stored.status());
  ASSERT_EQ(stored->size(), 1u);
  const VectorValue& vector = (*stored)[0].vectors.at("v");
  EXPECT_EQ(vector.adapter, "");
  EXPECT_EQ(vector.dim(), kModelDim);
  double square = 0;
  for (const float x : vector.ToFloats()) square += double{x} * x;
  EXPECT_NEAR(square, 1, 1e-4);
  uint64_t found = 0;
  for (uint64_t i = 10'000; i < 10'300; ++i) {
    Query query;
    query.target = CloudVector(i);
    query.k = 1;
    const auto result = cloud()->Search(query, {});
    ASSERT_OK(result.status());
    found += result->hits[0].point.id == PointId(i);
  }
  EXPECT_GE(found, 270u);
  EXPECT_EQ(database_->GetModel({"map", 1})->mapped, 200u + 300u);
  // Deleted, the model leaves what it mapped.
  ASSERT_OK(database_->DeleteModel({"map", 1}));
  EXPECT_EQ(CountOf(*cloud()), kPoints + 300);
  ExpectInvalid(cloud()->Search(QueryFor(1, "map@1"), {}).status(), "vector.adapter");
}

TEST_F(AdaptersTest, LengthsThatAreNotOneStay) {
  CollectionSchema schema = CloudSchema("long");
  schema.fields[0].metric = Metric::kL2;
  const auto created = database_->CreateCollection(schema);
  ASSERT_OK(created.status());
  TrainAdapterRequest request = ByPoints();
  request.collection = "long";
  request.points.clear();
  std::vector<UpsertPoint> points;
  for (uint64_t i = 0; i < request.from.size(); ++i) {
    std::vector<float> row = CloudRow(i);
    for (float& value : row) value *= static_cast<float>(1 + i % 5);
    request.to.push_back(VectorValue(std::span<const float>(row)));
    std::vector<float> from = request.from[i].ToFloats();
    for (float& value : from) value *= static_cast<float>(1 + i % 5);
    request.from[i] = VectorValue(std::span<const float>(from));
  }
  ASSERT_OK(Train(*database_, request).status());
  UpsertPoint& point = points.emplace_back();
  point.point.id = 1;
  VectorValue vector = request.from[4];
  vector.adapter = "map@1";
  point.point.vectors["v"] = vector;
  ASSERT_OK((*created)->Upsert(points, {}).status());
  Query query;
  query.target = request.to[4];
  const auto result = (*created)->Search(query, {});
  ASSERT_OK(result.status());
  ASSERT_EQ(result->hits.size(), 1u);
  EXPECT_LT(result->hits[0].score, 1.0f);  // of a length of 5
}

TEST_F(AdaptersTest, FieldsOfIntegersHoldWhatIsRounded) {
  CollectionSchema schema = CloudSchema("bytes");
  schema.fields[0].metric = Metric::kL2;
  schema.fields[0].storage = Dtype::kI8;
  const auto created = database_->CreateCollection(schema);
  ASSERT_OK(created.status());
  TrainAdapterRequest request = ByPoints();
  request.collection = "bytes";
  request.points.clear();
  for (uint64_t i = 0; i < request.from.size(); ++i) {
    std::vector<float> row = CloudRow(i);
    for (float& value : row) value *= 300;
    request.to.push_back(VectorValue(std::span<const float>(row)));
  }
  ASSERT_OK(Train(*database_, request).status());
  std::vector<UpsertPoint> points(100);
  for (uint64_t i = 0; i < points.size(); ++i) {
    points[i].point.id = i;
    points[i].point.vectors["v"] = OtherVector(i);
    points[i].point.vectors["v"].adapter = "map@1";
  }
  ASSERT_OK((*created)->Upsert(points, {}).status());
  uint64_t found = 0;
  for (uint64_t i = 0; i < points.size(); ++i) {
    const auto result = (*created)->Search(QueryFor(i, "map@1"), {});
    ASSERT_OK(result.status());
    found += result->hits[0].point.id == PointId(i);
  }
  EXPECT_GE(found, 95u);
}

TEST_F(AdaptersTest, InABatchAWrongOneFailsAlone) {
  ASSERT_OK(Train(*database_, ByPoints()).status());
  std::vector<Query> queries = {QueryFor(1'500, "map@1"), QueryFor(3, "none@1"), QueryFor(4, ""),
                                QueryFor(1'501, "map@1")};
  Query own;
  own.target = CloudVector(7);
  own.k = 1;
  queries.push_back(own);
  const auto results = cloud()->SearchBatch(queries, {});
  ASSERT_OK(results.status());
  ASSERT_EQ(results->size(), 5u);
  EXPECT_OK((*results)[0].status());
  ExpectInvalid((*results)[1].status(), "vector.adapter");
  ExpectInvalid((*results)[2].status(), "vector");  // of the wrong dim
  EXPECT_OK((*results)[3].status());
  ASSERT_OK((*results)[4].status());
  EXPECT_EQ((*results)[4]->hits[0].point.id, PointId(7));
  for (const size_t i : {0u, 3u}) {
    const auto alone = cloud()->Search(queries[i], {});
    ASSERT_OK(alone.status());
    EXPECT_EQ((*results)[i]->hits[0].point.id, alone->hits[0].point.id);
    EXPECT_EQ((*results)[i]->hits[0].score, alone->hits[0].score);
  }
}

TEST_F(AdaptersTest, TheSecondStageIsMapped) {
  ASSERT_OK(Train(*database_, ByPoints()).status());
  Query query;
  query.target = CloudVector(42);
  query.k = 1;
  query.rerank.emplace();
  query.rerank->field = "v";
  query.rerank->vector = OtherVector(42);
  query.rerank->candidates = 50;
  ExpectInvalid(cloud()->Search(query, {}).status(), "rerank.vector");
  query.rerank->vector.adapter = "map@1";
  const auto mapped = cloud()->Search(query, {});
  ASSERT_OK(mapped.status());
  EXPECT_EQ(mapped->hits[0].point.id, PointId(42));
  query.rerank->vector.adapter = "map@2";
  ExpectInvalid(cloud()->Search(query, {}).status(), "rerank.vector.adapter");
}

TEST_F(AdaptersTest, WrongRequestsAreNamedAndChangeNothing) {
  ASSERT_OK(Train(*database_, ByPoints()).status());
  ASSERT_OK(database_->ImportModel("codes", UntrainedModel(kModelDim, 2)).status());
  const auto field_of = [&](auto change) {
    Query query = QueryFor(1, "map@1");
    change(std::get<VectorValue>(query.target));
    return cloud()->Search(query, {}).status();
  };
  ExpectInvalid(field_of([](VectorValue& v) { v.adapter = "map"; }), "vector.adapter");
  ExpectInvalid(field_of([](VectorValue& v) { v.adapter = "map@9"; }), "vector.adapter");
  ExpectInvalid(field_of([](VectorValue& v) { v.adapter = "codes@1"; }), "vector.adapter");
  ExpectInvalid(field_of([](VectorValue& v) { v.bytes.resize(40); }), "vector");
  ExpectInvalid(field_of([](VectorValue& v) { v.dtype = Dtype::kBits; }), "vector");
  ExpectInvalid(field_of([](VectorValue& v) { v.bytes.pop_back(); }), "vector");
  const std::vector<float> nan(kOtherDim, std::nanf(""));
  ExpectInvalid(
      field_of([&](VectorValue& v) { v.bytes = VectorValue(std::span<const float>(nan)).bytes; }),
      "vector");
  std::vector<UpsertPoint> points(2);
  for (uint64_t i = 0; i < 2; ++i) {
    points[i].point.id = 50'000 + i;
    points[i].point.vectors["v"] = OtherVector(i);
    points[i].point.vectors["v"].adapter = i == 0 ? "map@1" : "map@7";
  }
  ExpectInvalid(cloud()->Upsert(points, {}).status(), "points[1].vectors.v.adapter");
  points[1].point.vectors["v"].adapter = "map@1";
  points[1].point.vectors["w"] = points[1].point.vectors["v"];
  EXPECT_EQ(cloud()->Upsert(points, {}).status().field(), "points[1].vectors.w");
  EXPECT_EQ(CountOf(*cloud()), kPoints);
  // An adapter is no codec, and no codec an adapter.
  ExpectInvalid(database_->UpdateCollection("cloud", LearnedBy("map@1")).status(),
                "fields[0].index.codec.model");
  ExpectInvalid(database_->EvaluateModel({"map", 1}, "cloud", "v", {}).status(), "model");
  // To a field of other dims it does not map.
  CollectionSchema wide = CloudSchema("wide");
  wide.fields[0].dim = 64;
  const auto other = database_->CreateCollection(wide);
  ASSERT_OK(other.status());
  ExpectInvalid((*other)->Search(QueryFor(1, "map@1"), {}).status(), "vector.adapter");
}

TEST_F(AdaptersTest, WrongTrainingsAreNamedAndLeaveNothing) {
  const auto refused = [&](auto change) {
    TrainAdapterRequest request = ByPoints();
    change(request);
    return database_->TrainAdapter(std::move(request)).status();
  };
  ExpectInvalid(refused([](auto& r) { r.name = "No"; }), "name");
  ExpectInvalid(refused([](auto& r) { r.field = "w"; }), "field");
  ExpectInvalid(refused([](auto& r) { r.from.resize(255), r.points.resize(255); }), "from");
  ExpectInvalid(refused([](auto& r) { r.points.pop_back(); }), "points");
  ExpectInvalid(refused([](auto& r) { r.points.clear(); }), "points");
  ExpectInvalid(refused([](auto& r) { r.to.assign(600, CloudVector(1)); }), "to");
  ExpectInvalid(refused([](auto& r) { r.points[7] = PointId(99'999); }), "points[7]");
  ExpectInvalid(refused([](auto& r) { r.points[7] = PointId(std::string()); }), "points[7]");
  ExpectInvalid(refused([](auto& r) { r.from[9] = CloudVector(9); }), "from[9]");
  ExpectInvalid(refused([](auto& r) { r.from[9].adapter = "map@1"; }), "from[9].adapter");
  ExpectInvalid(refused([](auto& r) { r.kind = AdapterKind::kCentre; }), "kind");
  ExpectInvalid(refused([](auto& r) { r.kind = static_cast<AdapterKind>(9); }), "kind");
  ExpectInvalid(refused([](auto& r) { r.held_out = 0.9f; }), "held_out");
  ExpectInvalid(refused([](auto& r) { r.ridge = -1; }), "ridge");
  ExpectInvalid(refused([](auto& r) { r.batch = 1; }), "batch");
  EXPECT_EQ(refused([](auto& r) { r.collection = "none"; }).code(), StatusCode::kNotFound);
  EXPECT_TRUE(NamesIn(path_ + "/trainings").empty());
  EXPECT_TRUE(database_->ListModels().empty());
}

// Vectors of the field's own model, but what is trained on belongs to other points.
TEST_F(AdaptersTest, OneThatFindsLessIsNotPublished) {
  TrainAdapterRequest request = ByPoints();
  const std::vector<uint32_t> order = learn::Random(request.seed).Permutation(600);
  const size_t held = 60;  // the first of that order measure
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t as = i < held ? i : held + (i + 1 - held) % (order.size() - held);
    request.from[order[i]] = CloudVector(order[as]);
  }
  const auto id = database_->TrainAdapter(std::move(request));
  ASSERT_OK(id.status());
  const JobInfo job = WaitForEnd(*database_, *id);
  EXPECT_EQ(job.state, JobState::kDone) << job.error;
  EXPECT_TRUE(job.note.starts_with("not published")) << job.note;
  EXPECT_NE(job.note.find("1.0000 -> 0."), std::string::npos) << job.note;
  EXPECT_TRUE(database_->ListModels().empty());
}

TEST_F(AdaptersTest, ExportedItWorksElsewhereAndDamageIsSeen) {
  ASSERT_OK(Train(*database_, ByPoints()).status());
  const auto bytes = database_->ExportModel({"map", 1});
  ASSERT_OK(bytes.status());
  const auto copy = database_->ImportModel("copy", *bytes);
  ASSERT_OK(copy.status());
  EXPECT_EQ(copy->kind, ModelKind::kAdapter);
  EXPECT_TRUE(copy->imported);
  EXPECT_EQ(OwnFirst(1'200, 50, "copy@1"), OwnFirst(1'200, 50, "map@1"));
  for (size_t at = 0; at < bytes->size(); at += 97) {
    std::string damaged = *bytes;
    damaged[at] ^= 1;
    ExpectInvalid(database_->ImportModel("copy", damaged).status(), "bytes");
  }
  database_ = nullptr;
  FlipByte(path_ + "/models/map@1.model", 200);
  Open();
  const Status status = cloud()->Search(QueryFor(1, "map@1"), {}).status();
  ExpectError(status, StatusCode::kDataLoss, {"map@1.model"});
  EXPECT_GE(OwnFirst(1'200, 50, "copy@1"), 0.9);
}

TEST_F(AdaptersTest, OneThatWasKilledGoesOnAndPublishesOnce) {
  for (const char* fault : {"train.after_fit", "model.before_write", "train.after_publish"}) {
    SCOPED_TRACE(fault);
    database_ = nullptr;
    const pid_t child = fork();
    if (child == 0) {
      execl("/proc/self/exe", "adapters_test", kChildArgument, path_.c_str(), fault, nullptr);
      _exit(9);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    Open();
    const JobInfo job = WaitForTraining(*database_);
    EXPECT_EQ(job.state, JobState::kDone) << job.error;
    ASSERT_EQ(database_->ListModels().size(), 1u);
    const ModelInfo model = database_->ListModels()[0];
    EXPECT_GE(OwnFirst(1'000, 100, model.ref.ToString()), 0.9);
    EXPECT_TRUE(NamesIn(path_ + "/trainings").empty());
    EXPECT_OK(database_->DeleteModel(model.ref));
  }
}

}  // namespace
}  // namespace sagitta::database

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == sagitta::database::kChildArgument) {
    return sagitta::database::RunChild(argv[2], argv[3]);
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
