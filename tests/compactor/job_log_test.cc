#include "compactor/job_log.h"

#include <gmock/gmock.h>

namespace sagitta::compactor {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(JobLog, AJobFromStartToEnd) {
  JobLog log;
  const uint64_t id = log.Start("seal", "c", 3, 100);
  ASSERT_THAT(log.Running(), SizeIs(1));
  JobInfo job = log.Running()[0];
  EXPECT_EQ(job.id, id);
  EXPECT_EQ(job.kind, "seal");
  EXPECT_EQ(job.collection, "c");
  EXPECT_EQ(job.shard, 3u);
  EXPECT_EQ(job.rows, 100u);
  EXPECT_EQ(job.state, JobState::kRunning);
  EXPECT_EQ(job.phase, "read");
  EXPECT_EQ(job.eta_seconds, -1);
  EXPECT_GT(job.started_ms, 0);
  EXPECT_EQ(job.finished_ms, 0);

  log.SetKind(id, "repair", 90);
  log.Update(id, "write", 0.5);
  log.Update(id, "verify", 0.25);
  job = log.Running()[0];
  EXPECT_EQ(job.kind, "repair");
  EXPECT_EQ(job.rows, 90u);
  EXPECT_EQ(job.phase, "verify");
  EXPECT_EQ(job.progress, 0.5) << "never goes back";

  log.Finish(id, Status::Ok());
  EXPECT_THAT(log.Running(), IsEmpty());
  ASSERT_THAT(log.Recent(), SizeIs(1));
  job = log.Recent()[0];
  EXPECT_EQ(job.state, JobState::kDone);
  EXPECT_EQ(job.progress, 1);
  EXPECT_EQ(job.eta_seconds, 0);
  EXPECT_GE(job.finished_ms, job.started_ms);
  EXPECT_EQ(job.error, "");
}

TEST(JobLog, AJobThatWaitsHasNotStarted) {
  JobLog log;
  const uint64_t id = log.Queue("train", "c");
  JobInfo job = log.Running()[0];
  EXPECT_EQ(job.state, JobState::kQueued);
  EXPECT_EQ(job.phase, "wait");
  EXPECT_EQ(job.started_ms, 0);
  EXPECT_EQ(job.eta_seconds, -1);
  log.Begin(id, 77);
  log.SetLosses(id, {3, 2});
  log.SetNote(id, "good");
  job = log.Running()[0];
  EXPECT_EQ(job.state, JobState::kRunning);
  EXPECT_EQ(job.rows, 77u);
  EXPECT_GT(job.started_ms, 0);
  log.Finish(id, Status::Ok());
  EXPECT_EQ(log.Recent()[0].losses, (std::vector<float>{3, 2}));
  EXPECT_EQ(log.Recent()[0].note, "good");
}

TEST(JobLog, HowAJobEnded) {
  JobLog log;
  log.Finish(log.Start("merge", "c", 0, 1), Status::ResourceExhausted("the disk is full"));
  EXPECT_EQ(log.Recent()[0].state, JobState::kFailed);
  EXPECT_EQ(log.Recent()[0].error, "RESOURCE_EXHAUSTED: the disk is full");
  log.Finish(log.Start("merge", "c", 0, 1), Status(StatusCode::kCancelled, "closing"));
  EXPECT_EQ(log.Recent()[0].state, JobState::kCancelled);
  log.Drop(log.Start("seal", "c", 0, 1));
  EXPECT_THAT(log.Running(), IsEmpty());
  EXPECT_THAT(log.Recent(), SizeIs(2));
}

TEST(JobLog, KeepsTheNewestHundred) {
  JobLog log;
  for (uint64_t i = 0; i < 250; ++i) log.Finish(log.Start("seal", "c", 0, i), Status::Ok());
  const auto recent = log.Recent();
  ASSERT_THAT(recent, SizeIs(100));
  EXPECT_EQ(recent.front().rows, 249u);
  EXPECT_EQ(recent.back().rows, 150u);
}

TEST(JobLog, CallsForAJobThatEndedAreIgnored) {
  JobLog log;
  const uint64_t id = log.Start("seal", "c", 0, 1);
  log.Finish(id, Status::Ok());
  log.Update(id, "write", 0.1);
  log.SetKind(id, "merge", 7);
  log.Finish(id, Status::Internal("late"));
  ASSERT_THAT(log.Recent(), SizeIs(1));
  EXPECT_EQ(log.Recent()[0].state, JobState::kDone);
  EXPECT_EQ(log.Recent()[0].kind, "seal");
}

TEST(EstimateSeconds, FromWhatIsDone) {
  EXPECT_EQ(EstimateSeconds(10'000, 0), -1);
  EXPECT_EQ(EstimateSeconds(10'000, 0.01), -1);
  EXPECT_DOUBLE_EQ(EstimateSeconds(10'000, 0.25), 30);
  EXPECT_DOUBLE_EQ(EstimateSeconds(10'000, 1), 0);
}

}  // namespace
}  // namespace sagitta::compactor
