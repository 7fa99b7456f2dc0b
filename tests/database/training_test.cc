// Trainings that are cancelled, interrupted by a close, and killed.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/fault.h"
#include "tests/database/models_testing.h"

namespace sagitta::database {
namespace {

constexpr char kChildArgument[] = "--run-until-killed";

// Takes seconds, so that something can come between.
TrainBinarizerRequest LongTraining() {
  TrainBinarizerRequest request = PairTraining();
  request.hidden = 64;
  request.steps = 1200;
  request.checkpoint_seconds = 1;
  return request;
}

// A program of its own (see main): a fork of one with open databases would lack RocksDB's threads.
int RunChild(const std::string& path, const std::string& fault) {
  auto database = Database::Open(SmallOptions(path));
  if (!database.ok()) return 3;
  base::ArmFault(fault, base::FaultAction::kKill, 0);
  const auto id = (*database)->TrainBinarizer(LongTraining());
  if (!id.ok()) return 4;
  WaitForEnd(**database, *id);
  return 0;
}

std::string CodecOf(const Database& database, const ModelRef& ref) {
  const auto bytes = database.ExportModel(ref);
  EXPECT_OK(bytes.status());
  const auto model = bytes.ok() ? DecodeModel(*bytes) : bytes.status();
  return model.ok() ? model->body : "";
}

class TrainingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Open();
    ASSERT_OK(database_->CreateCollection(CloudSchema()).status());
  }
  void Open() {
    database_ = nullptr;
    database_ = MustOpen(path_);
    ASSERT_NE(database_, nullptr);
  }
  std::vector<std::string> Folders() const { return NamesIn(path_ + "/trainings"); }

  testing::TempDirectory directory_;
  const std::string path_ = directory_ / "data";
  std::unique_ptr<Database> database_;
};

TEST_F(TrainingTest, ACancelledOneNeverGoesOn) {
  const auto running = database_->TrainBinarizer(LongTraining());
  const auto waiting = database_->TrainBinarizer(LongTraining());
  ASSERT_OK(running.status());
  ASSERT_OK(waiting.status());
  const JobInfo seen =
      WaitForJob(*database_, *running, [](const JobInfo& job) { return !job.losses.empty(); });
  EXPECT_EQ(seen.phase, "train");
  EXPECT_EQ(seen.state, JobState::kRunning);
  EXPECT_GT(seen.progress, 0);
  EXPECT_EQ(FindJob(*database_, *waiting).state, JobState::kQueued);
  EXPECT_EQ(FindJob(*database_, *waiting).started_ms, 0);
  EXPECT_OK(database_->CancelJob(*waiting));
  EXPECT_OK(database_->CancelJob(*running));
  EXPECT_EQ(WaitForEnd(*database_, *running).state, JobState::kCancelled);
  EXPECT_EQ(WaitForEnd(*database_, *waiting).state, JobState::kCancelled);
  ExpectError(database_->CancelJob(*running), StatusCode::kNotFound, {std::to_string(*running)});
  ExpectError(database_->CancelJob(12345), StatusCode::kNotFound, {"12345"});
  EXPECT_TRUE(Folders().empty());
  Open();
  EXPECT_TRUE(database_->Compaction().running.empty());
  EXPECT_TRUE(database_->ListModels().empty());
}

TEST_F(TrainingTest, TooManyAreRefused) {
  std::vector<uint64_t> ids;
  Status status;
  TrainBinarizerRequest request = LongTraining();
  request.steps = 1'000'000;  // the first is there until the end
  while (status.ok() && ids.size() < 50) {
    const auto id = database_->TrainBinarizer(request);
    status = id.status();
    if (id.ok()) ids.push_back(*id);
  }
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status.ToString();
  EXPECT_EQ(ids.size(), 17u);
  EXPECT_EQ(Folders().size(), ids.size());
  for (const uint64_t id : ids) EXPECT_OK(database_->CancelJob(id));
  for (const uint64_t id : ids) EXPECT_TRUE(HasEnded(WaitForEnd(*database_, id)));
}

TEST_F(TrainingTest, OneThatAClosedDatabaseStoppedGoesOnAndMakesTheSameModel) {
  TrainBinarizerRequest whole = LongTraining();
  whole.name = "whole";
  const auto model = Train(*database_, whole);
  ASSERT_OK(model.status());

  const auto id = database_->TrainBinarizer(LongTraining());
  ASSERT_OK(id.status());
  const JobInfo stopped =
      WaitForJob(*database_, *id, [](const JobInfo& job) { return job.progress > 0.2; });
  EXPECT_EQ(stopped.phase, "train");
  Open();
  ASSERT_EQ(Folders().size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(path_ + "/trainings/" + Folders()[0] + "/checkpoint"));
  EXPECT_EQ(database_->ListModels().size(), 1u);
  const JobInfo job = WaitForTraining(*database_);
  EXPECT_EQ(job.state, JobState::kDone) << job.error;
  EXPECT_EQ(job.losses.size(), 100u);
  EXPECT_TRUE(job.note.starts_with("published codes@1")) << job.note;
  EXPECT_EQ(CodecOf(*database_, {"codes", 1}), CodecOf(*database_, {"whole", 1}));
  EXPECT_TRUE(Folders().empty());
}

TEST_F(TrainingTest, OneThatWasKilledGoesOnAndPublishesOnce) {
  for (const char* fault :
       {"train.after_checkpoint", "model.before_write", "train.after_publish"}) {
    SCOPED_TRACE(fault);
    database_ = nullptr;
    const pid_t child = fork();
    if (child == 0) {
      execl("/proc/self/exe", "training_test", kChildArgument, path_.c_str(), fault, nullptr);
      _exit(9);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    Open();
    ASSERT_EQ(Folders().size(), 1u);
    const JobInfo job = WaitForTraining(*database_);
    EXPECT_EQ(job.state, JobState::kDone) << job.error;
    EXPECT_TRUE(job.note.starts_with("published codes@")) << job.note;
    EXPECT_TRUE(Folders().empty());
    ASSERT_EQ(database_->ListModels().size(), 1u);
    EXPECT_OK(database_->DeleteModel(database_->ListModels()[0].ref));
  }
}

TEST_F(TrainingTest, DamagedFilesOfOneAreSeen) {
  const auto id = database_->TrainBinarizer(LongTraining());
  ASSERT_OK(id.status());
  WaitForJob(*database_, *id, [](const JobInfo& job) { return job.progress > 0.1; });
  database_ = nullptr;
  ASSERT_EQ(Folders().size(), 1u);
  const std::string folder = path_ + "/trainings/" + Folders()[0];
  // Without its checkpoint it begins anew; without its rows it fails, and is gone.
  FlipByte(folder + "/checkpoint", 100);
  FlipByte(folder + "/rows", 1000);
  Open();
  const JobInfo job = WaitForTraining(*database_);
  EXPECT_EQ(job.state, JobState::kFailed);
  EXPECT_NE(job.error.find("DATA_LOSS"), std::string::npos) << job.error;
  EXPECT_NE(job.error.find(folder + "/rows"), std::string::npos) << job.error;
  EXPECT_TRUE(Folders().empty());
  EXPECT_TRUE(database_->ListModels().empty());
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
