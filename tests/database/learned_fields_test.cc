// Fields that are coded by models, and their way from one version to the next.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <set>

#include "base/fault.h"
#include "tests/database/models_testing.h"

namespace sagitta::database {
namespace {

constexpr char kChildArgument[] = "--run-until-killed";
constexpr uint64_t kPoints = 6000;
constexpr uint64_t kQueries = 40;
constexpr uint32_t kNearest = 10;

// Several segments: none is merged.
CollectionSchema SegmentedSchema() {
  CollectionSchema schema = CloudSchema();
  schema.compaction.seal_rows = 1000;
  schema.compaction.max_segment_rows = 1000;
  return schema;
}

using Found = std::vector<std::set<PointId>>;  // by query

Found Search(const Collection& collection, bool exact = false) {
  Found found;
  for (uint64_t q = 0; q < kQueries; ++q) {
    Query query;
    query.target = CloudVector(1'000'000 + q);
    query.k = kNearest;
    query.params.exact = exact;
    const auto result = collection.Search(query, {});
    EXPECT_OK(result.status());
    auto& ids = found.emplace_back();
    for (const Hit& hit : result->hits) ids.insert(hit.point.id);
  }
  return found;
}

double Recall(const Found& found, const Found& wanted) {
  size_t hits = 0;
  for (size_t q = 0; q < wanted.size(); ++q) {
    for (const PointId& id : found[q]) hits += wanted[q].count(id);
  }
  return static_cast<double>(hits) / static_cast<double>(kNearest * wanted.size());
}

std::set<std::string> IndexesOf(const Collection& collection) {
  std::set<std::string> kinds;
  const auto stats = collection.Stats();
  EXPECT_OK(stats.status());
  for (const ShardStats& shard : stats->shards) {
    for (const SegmentStats& segment : shard.segments) {
      if (segment.rows != 0) kinds.insert(segment.indexes[0]);
    }
  }
  return kinds;
}

size_t SegmentsOf(const Collection& collection) {
  return collection.Stats()->shards[0].segments.size();
}

// A program of its own (see main).
int RunChild(const std::string& path, int skip) {
  auto database = Database::Open(SmallOptions(path));
  if (!database.ok()) return 3;
  const auto cloud = (*database)->GetCollection("cloud");
  if (!cloud.ok()) return 4;
  base::ArmFault("rebuild.before_install", base::FaultAction::kKill, skip);
  if (!(*database)->UpdateCollection("cloud", LearnedBy("codes@2")).ok()) return 5;
  return (*cloud)->WaitIndexed({}, nullptr).ok() ? 0 : 6;
}

class LearnedFieldsTest : public ::testing::Test {
 protected:
  // codes@1 has one bit a number, codes@2 four.
  void SetUp() override {
    database_ = MustOpen(path_);
    ASSERT_NE(database_, nullptr);
    ASSERT_OK(database_->ImportModel("codes", UntrainedModel(kModelDim, 1)).status());
    ASSERT_OK(database_->ImportModel("codes", UntrainedModel(kModelDim, 4)).status());
  }
  void MakeCloud() {
    ASSERT_OK(database_->CreateCollection(SegmentedSchema()).status());
    Find();
    for (uint64_t first = 1; first < kPoints; first += 1000) {
      ASSERT_OK(InsertCloud(*cloud_, first, 1000));
    }
    exact_ = Search(*cloud_, /*exact=*/true);
    CodeBy("codes@1");
  }
  void Find() {
    auto cloud = database_->GetCollection("cloud");
    ASSERT_OK(cloud.status());
    cloud_ = *cloud;
  }
  void CodeBy(const std::string& model, IndexKind kind = IndexKind::kFlatCodes) {
    ASSERT_OK(database_->UpdateCollection("cloud", LearnedBy(model, kind)).status());
    ASSERT_OK(cloud_->WaitIndexed({}, nullptr));
  }

  testing::TempDirectory directory_;
  const std::string path_ = directory_ / "data";
  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> cloud_;
  Found exact_;
};

TEST_F(LearnedFieldsTest, AModelThatIsNotThereOrDoesNotFitIsNamed) {
  ASSERT_OK(database_->ImportModel("small", UntrainedModel(8, 2)).status());
  ASSERT_OK(database_->ImportModel("far", UntrainedModel(kModelDim, 2, Metric::kL2)).status());
  ASSERT_OK(database_->CreateCollection(CloudSchema("there")).status());
  const CollectionSchema before = *database_->ListCollections().begin();
  for (const char* model : {"", "codes", "codes@0", "codes@3", "none@1", "small@1", "far@1"}) {
    SCOPED_TRACE(model);
    CollectionSchema schema = CloudSchema("new");
    schema.fields[0].index = LearnedBy(model).fields[0].index;
    ExpectInvalid(database_->CreateCollection(schema).status(), "fields[0].index.codec.model");
    ExpectInvalid(database_->UpdateCollection("there", LearnedBy(model)).status(),
                  "fields[0].index.codec.model");
  }
  // Of the first elements, as many as the model takes.
  CollectionUpdate update = LearnedBy("small@1");
  update.fields[0].index.codec.dims = 8;
  EXPECT_OK(database_->UpdateCollection("there", update).status());
  update = LearnedBy("codes@1");
  update.fields[0].index.codec.bits = 2;
  ExpectInvalid(database_->UpdateCollection("there", update).status(),
                "fields[0].index.codec.bits");
  update.fields[0].index.codec = {.kind = CodecKind::kSign};
  update.fields[0].index.codec.model = "codes@1";
  ExpectInvalid(database_->UpdateCollection("there", update).status(),
                "fields[0].index.codec.model");
  EXPECT_EQ(database_->ListCollections().size(), 1u);
  EXPECT_NE(database_->ListCollections()[0], before) << "the one that fits is in force";
}

TEST_F(LearnedFieldsTest, CodesOfAModelWithNothingLearnedFindWhatRecurrentOnesDo) {
  MakeCloud();
  for (const IndexKind kind : {IndexKind::kFlatCodes, IndexKind::kIvfCodes}) {
    CodeBy("codes@2", kind);
    EXPECT_EQ(IndexesOf(*cloud_),
              std::set<std::string>{kind == IndexKind::kFlatCodes ? "FLAT_CODES" : "IVF_CODES"});
    const double learned = Recall(Search(*cloud_), exact_);
    CollectionUpdate update = LearnedBy("", kind);
    update.fields[0].index.codec = {.kind = CodecKind::kRecurrent, .bits = 4, .oversampling = 1};
    ASSERT_OK(database_->UpdateCollection("cloud", update).status());
    ASSERT_OK(cloud_->WaitIndexed({}, nullptr));
    EXPECT_NEAR(learned, Recall(Search(*cloud_), exact_), 0.03);
    EXPECT_GE(learned, 0.85);
  }
}

TEST_F(LearnedFieldsTest, ATrainedModelFindsNoLessThanRecurrentCodes) {
  MakeCloud();
  CollectionUpdate update = LearnedBy("");
  update.fields[0].index.codec = {.kind = CodecKind::kRecurrent, .bits = 1, .oversampling = 1};
  ASSERT_OK(database_->UpdateCollection("cloud", update).status());
  ASSERT_OK(cloud_->WaitIndexed({}, nullptr));
  const double recurrent = Recall(Search(*cloud_), exact_);
  TrainBinarizerRequest request = PairTraining("trained");
  request.steps = 300;
  const auto model = Train(*database_, request);
  ASSERT_OK(model.status());
  CodeBy("trained@1");
  EXPECT_GE(Recall(Search(*cloud_), exact_), recurrent);
}

TEST_F(LearnedFieldsTest, RecallNeverFallsOnTheWayToABetterVersionAndBack) {
  MakeCloud();
  ASSERT_GE(SegmentsOf(*cloud_), 4u);
  const Found by_first = Search(*cloud_);
  const double first = Recall(by_first, exact_);
  ASSERT_LT(first, 0.8);
  std::atomic<bool> stop{false};
  std::vector<double> seen;
  std::thread searching([&] {
    while (!stop) seen.push_back(Recall(Search(*cloud_), exact_));
  });
  CodeBy("codes@2");
  stop = true;
  searching.join();
  const double second = Recall(Search(*cloud_), exact_);
  EXPECT_GE(second, first + 0.1);
  ASSERT_FALSE(seen.empty());
  for (const double recall : seen) EXPECT_GE(recall, first);

  // Forgetting the old version is what ends the way back.
  ExpectError(database_->DeleteModel({"codes", 2}), StatusCode::kFailedPrecondition, {"cloud"});
  CodeBy("codes@1");
  EXPECT_EQ(Search(*cloud_), by_first);
  CodeBy("codes@2");
  EXPECT_OK(database_->DeleteModel({"codes", 1}));
  ExpectInvalid(database_->UpdateCollection("cloud", LearnedBy("codes@1")).status(),
                "fields[0].index.codec.model");
  EXPECT_EQ(Recall(Search(*cloud_), exact_), second);
}

TEST_F(LearnedFieldsTest, AKilledMigrationGoesOn) {
  MakeCloud();
  const double first = Recall(Search(*cloud_), exact_);
  cloud_ = nullptr;
  database_ = nullptr;
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", "learned_fields_test", kChildArgument, path_.c_str(), "2", nullptr);
    _exit(9);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  DatabaseOptions paused = SmallOptions(path_);
  paused.compaction_paused = true;
  database_ = std::move(*Database::Open(paused));
  Find();
  EXPECT_EQ(cloud_->Schema().fields[0].index.codec.model, "codes@2");
  // Segments of both versions answer together.
  const double between = Recall(Search(*cloud_), exact_);
  EXPECT_GT(between, first);
  database_->PauseCompaction(false);
  ASSERT_OK(cloud_->WaitIndexed({}, nullptr));
  EXPECT_GT(Recall(Search(*cloud_), exact_), between);
}

TEST_F(LearnedFieldsTest, ASnapshotComesBackOnlyWhereItsModelIs) {
  MakeCloud();
  const Found by_first = Search(*cloud_);
  const auto snapshot = cloud_->CreateSnapshot();
  ASSERT_OK(snapshot.status());
  ASSERT_OK(database_->RestoreSnapshot(snapshot->id, "again"));
  EXPECT_EQ(Search(**database_->GetCollection("again")), by_first);
  ExpectError(database_->DeleteModel({"codes", 1}), StatusCode::kFailedPrecondition);
  ASSERT_OK(database_->DropCollection("again"));
  CodeBy("codes@2");
  ASSERT_OK(database_->DeleteModel({"codes", 1}));
  ExpectError(database_->RestoreSnapshot(snapshot->id, "again"), StatusCode::kFailedPrecondition,
              {"codes@1"});
  EXPECT_EQ(database_->ListCollections().size(), 1u);
}

}  // namespace
}  // namespace sagitta::database

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == sagitta::database::kChildArgument) {
    return sagitta::database::RunChild(argv[2], std::stoi(argv[3]));
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
