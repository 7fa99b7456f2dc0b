#include <gmock/gmock.h>

#include "base/fault.h"
#include "tests/compactor/compactor_testing.h"

namespace sagitta::compactor::testing {
namespace {

using ::testing::Contains;
using ::testing::SizeIs;

class WaitIdleTest : public FaultTest {};

TEST_F(WaitIdleTest, SealsAndIndexesEveryRow) {
  CollectionSchema schema = FastSchema(2);
  schema.fields[0].index.kind = IndexKind::kHnsw;
  World world(schema);
  world.Fill(0, 1500);
  world.StartCompactor();
  std::vector<double> seen;
  const Status status =
      world.compactor().WaitIdle(&world.core(), {}, [&](double share) { seen.push_back(share); });
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_FALSE(seen.empty());
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_GE(seen.front(), 0);
  EXPECT_EQ(seen.back(), 1);
  EXPECT_TRUE(world.compactor().Idle(&world.core()));
  for (size_t shard = 0; shard < 2; ++shard) {
    for (const auto& segment : world.Segments(shard)) {
      EXPECT_TRUE(segment.rows == 0 || segment.state == engine::SegmentFacts::State::kSealed);
      EXPECT_TRUE(segment.satisfied);
    }
  }
  const CompactionStatus compaction = world.compactor().Status();
  EXPECT_EQ(compaction.pending, 0u);
  EXPECT_TRUE(compaction.running.empty());
  world.ExpectOracle();
}

TEST_F(WaitIdleTest, OfAnEmptyCollectionReturnsAtOnce) {
  World world;
  world.StartCompactor();
  EXPECT_TRUE(world.WaitIdle().ok());
}

TEST_F(WaitIdleTest, WhilePausedOnlyWhatIsDoneIsWaitedFor) {
  World world;
  world.StartCompactor(/*paused=*/true);
  EXPECT_TRUE(world.WaitIdle().ok()) << "there is nothing to do";
  world.Fill(0, 30);
  EXPECT_EQ(world.WaitIdle().code(), StatusCode::kFailedPrecondition);
  world.compactor().SetPaused(false);
  EXPECT_TRUE(world.WaitIdle().ok());
  EXPECT_EQ(world.SealedCount(), 1u);
}

TEST_F(WaitIdleTest, EndsWhenPausedMeanwhile) {
  World world;
  world.StartCompactor();
  base::ArmFault("seal.before_write", base::FaultAction::kIoError);  // so that it lasts
  world.Fill(0, 30);
  std::thread pauser([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    world.compactor().SetPaused(true);
  });
  EXPECT_EQ(world.WaitIdle().code(), StatusCode::kFailedPrecondition);
  pauser.join();
}

TEST_F(WaitIdleTest, EndsWhenTheCollectionGoes) {
  World world;
  world.StartCompactor();
  base::ArmFault("seal.before_write", base::FaultAction::kIoError);
  world.Fill(0, 30);
  std::thread remover([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    world.compactor().Remove(&world.core());
  });
  EXPECT_EQ(world.WaitIdle().code(), StatusCode::kUnavailable);
  remover.join();
}

TEST_F(WaitIdleTest, EndsWhenItsCallerHasHadEnough) {
  World world;
  world.StartCompactor();
  base::ArmFault("seal.before_write", base::FaultAction::kIoError);
  world.Fill(0, 30);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  EXPECT_EQ(
      world.compactor().WaitIdle(&world.core(), CancelToken::WithDeadline(deadline), {}).code(),
      StatusCode::kDeadlineExceeded);
}

TEST_F(WaitIdleTest, ThreeFailuresInARowAreItsError) {
  World world;
  world.StartCompactor();
  base::ArmFault("seal.before_write", base::FaultAction::kIoError);
  world.Fill(0, 30);
  const Status status = world.WaitIdle();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), ::testing::HasSubstr("seal.before_write"));
  EXPECT_THAT(world.Jobs(JobState::kFailed), SizeIs(3));
  // What failed before does not count again.
  base::ClearFaults();
  EXPECT_TRUE(world.WaitIdle().ok());
  world.ExpectOracle();
}

TEST(Force, LeavesAsFewSegmentsAsSettingsAllow) {
  CollectionSchema schema = FastSchema(2);
  schema.compaction.max_segment_rows = 1500;
  World world(schema);
  world.StartCompactor();
  for (int i = 0; i < 3; ++i) {
    world.Fill(300 * i, 300);
    ASSERT_TRUE(world.WaitIdle().ok());
  }
  world.Fill(5000, 7);
  ASSERT_TRUE(world.compactor().Force(&world.core()).ok());
  EXPECT_TRUE(Eventually([&] { return world.compactor().Idle(&world.core()); }));
  for (size_t shard = 0; shard < 2; ++shard) {
    EXPECT_EQ(world.SealedCount(shard), 1u);
    EXPECT_EQ(world.Segments(shard).back().rows, 0u) << "all is sealed";
  }
  world.ExpectOracle();
}

TEST(Force, RunsWhilePaused) {
  World world;
  world.StartCompactor();
  for (int i = 0; i < 2; ++i) {
    world.Fill(100 * i, 100);
    ASSERT_TRUE(world.WaitIdle().ok());
  }
  world.compactor().SetPaused(true);
  world.Fill(200, 5);
  ASSERT_TRUE(world.compactor().Force(&world.core()).ok());
  EXPECT_TRUE(Eventually([&] { return world.compactor().Idle(&world.core()); }));
  EXPECT_EQ(world.SealedCount(), 1u);
  EXPECT_THAT(world.Jobs(), Contains("merge"));
}

TEST(Status, ShowsARunningJobWithItsProgress) {
  CollectionSchema schema = FastSchema();
  schema.fields[0].index.kind = IndexKind::kHnsw;
  schema.fields[0].index.hnsw.ef_construction = 2000;
  schema.compaction.seal_rows = 20'000;
  World world(schema);
  world.Fill(0, 6000);
  world.StartCompactor();
  world.shard().Freeze();
  std::vector<JobInfo> seen;
  EXPECT_TRUE(Eventually([&] {
    for (const JobInfo& job : world.compactor().Status().running) {
      if (job.kind == "index" && job.progress > 0.1) seen.push_back(job);
    }
    return !seen.empty();
  }));
  EXPECT_EQ(seen[0].state, JobState::kRunning);
  EXPECT_EQ(seen[0].phase, "build HNSW v");
  EXPECT_EQ(seen[0].collection, "c");
  EXPECT_EQ(seen[0].rows, 6000u);
  EXPECT_LT(seen[0].progress, 1);
  EXPECT_GT(seen[0].eta_seconds, 0);
  EXPECT_EQ(world.compactor().Status().pending, 0u);
}

}  // namespace
}  // namespace sagitta::compactor::testing
