#include "compactor/scheduler.h"

#include <gmock/gmock.h>

#include <fstream>
#include <random>

#include "base/fault.h"
#include "tests/compactor/compactor_testing.h"

namespace sagitta::compactor::testing {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class SchedulerTest : public FaultTest {};

TEST_F(SchedulerTest, QuietRowsAreSealedByThemselves) {
  World world;
  world.StartCompactor();
  world.Fill(0, 19);
  world.Fill(1000, 1);
  EXPECT_TRUE(Eventually([&] { return world.SealedCount() == 1; }));
  EXPECT_THAT(world.Jobs(), Contains("seal"));
  world.ExpectOracle();
}

TEST_F(SchedulerTest, ALoadEndsInFewSegmentsWithNothingLost) {
  World world(FastSchema(3));
  world.StartCompactor();
  for (int i = 0; i < 10; ++i) world.Fill(600 * i, 600);
  ASSERT_TRUE(world.WaitIdle().ok());
  EXPECT_TRUE(world.compactor().Idle(&world.core()));
  EXPECT_THAT(world.Jobs(), Contains("merge"));
  EXPECT_THAT(world.Jobs(JobState::kFailed), IsEmpty());
  for (size_t shard = 0; shard < 3; ++shard) {
    EXPECT_LE(world.SealedCount(shard), 6u);
    EXPECT_EQ(world.Files(shard).size(), world.SealedCount(shard)) << "merged files are gone";
  }
  world.ExpectOracle();
  world.Close();
  world.Open(false);
  world.ExpectOracle();
}

TEST_F(SchedulerTest, DeadRowsArePurged) {
  World world;
  world.StartCompactor();
  world.Fill(0, 1000);
  ASSERT_TRUE(world.WaitIdle().ok());
  world.Delete(0, 1000, 3);
  EXPECT_TRUE(Eventually([&] { return world.compactor().Idle(&world.core()); }));
  for (const auto& segment : world.Segments()) EXPECT_LT(segment.deleted, 0.2 * segment.rows + 1);
  EXPECT_THAT(world.Jobs(), Contains("purge"));
  world.Delete(1, 1000, 3);
  world.Delete(2, 1000, 3);
  EXPECT_TRUE(Eventually([&] { return world.SealedCount() == 0; }));
  EXPECT_THAT(world.Files(), IsEmpty());
}

TEST_F(SchedulerTest, NewSettingsRebuildWhatThereIs) {
  World world;
  world.StartCompactor();
  world.Fill(0, 2000);
  ASSERT_TRUE(world.WaitIdle().ok());
  for (const IndexKind kind :
       {IndexKind::kHnsw, IndexKind::kGraph, IndexKind::kIvfFlat, IndexKind::kAuto}) {
    CollectionSchema schema = world.schema();
    schema.fields[0].index.kind = kind;
    world.SetSchema(schema);
    EXPECT_EQ(world.compactor().Idle(&world.core()), false) << static_cast<int>(kind);
    ASSERT_TRUE(world.WaitIdle().ok());
    for (const auto& segment : world.shard().state().Segments()) {
      EXPECT_TRUE(!segment->sealed() || segment->Satisfies(0, schema.fields[0].index));
    }
    world.ExpectOracle();
  }
  EXPECT_THAT(world.Jobs(), Contains("reindex"));
}

TEST_F(SchedulerTest, WhilePausedOnlyFullSegmentsAreSealed) {
  World world;
  world.StartCompactor(/*paused=*/true);
  EXPECT_TRUE(world.compactor().Status().paused);
  for (int i = 0; i < 12; ++i) world.Fill(200 * i, 200);
  const auto frozen = [&] {
    const auto segments = world.Segments();
    return std::any_of(segments.begin(), segments.end(), [](const auto& s) {
      return s.state == engine::SegmentFacts::State::kFrozen;
    });
  };
  EXPECT_TRUE(Eventually([&] { return !frozen() && world.SealedCount() >= 4; }));
  EXPECT_THAT(world.Jobs(), Each(std::string("seal")));
  world.Fill(5000, 50);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_GT(world.Segments().back().rows, 0u) << "rows below a full segment keep growing";
  EXPECT_GT(world.compactor().Status().pending, 0u);
  EXPECT_EQ(world.WaitIdle().code(), StatusCode::kFailedPrecondition);
  world.compactor().SetPaused(false);
  ASSERT_TRUE(world.WaitIdle().ok());
  EXPECT_THAT(world.Jobs(), Contains("merge"));
  world.ExpectOracle();
}

TEST_F(SchedulerTest, AFullDiskStopsNothingAndIsOvercome) {
  World world;
  world.StartCompactor();
  base::ArmFault("section_file.before_rename", base::FaultAction::kNoSpace);
  world.Fill(0, 600);
  EXPECT_TRUE(Eventually([&] { return !world.Jobs(JobState::kFailed).empty(); }));
  world.ExpectOracle();
  world.Fill(600, 100);
  EXPECT_THAT(world.Files(), IsEmpty());
  const JobInfo failed = world.compactor().Status().recent.front();
  EXPECT_THAT(failed.error, ::testing::HasSubstr("RESOURCE_EXHAUSTED"));
  base::ClearFaults();
  ASSERT_TRUE(world.WaitIdle().ok());
  EXPECT_GE(world.SealedCount(), 1u);
  world.ExpectOracle();
}

TEST_F(SchedulerTest, StoppingCancelsWhatRuns) {
  CollectionSchema schema = FastSchema();
  schema.fields[0].index.kind = IndexKind::kHnsw;
  schema.fields[0].index.hnsw.ef_construction = 4096;
  schema.compaction.seal_rows = 20'000;
  World world(schema);
  world.Fill(0, 12'000);
  world.StartCompactor();
  // It would take long: the graph is built with a list of thousands.
  world.shard().Freeze();
  EXPECT_TRUE(Eventually([&] {
    const auto running = world.compactor().Status().running;
    return std::any_of(running.begin(), running.end(), [](const JobInfo& job) {
      return job.phase == "build HNSW v" && job.progress > 0;
    });
  }));
  world.StopCompactor();
  EXPECT_EQ(world.Files().size(), world.SealedCount()) << "what was being written is gone";
  world.ExpectOracle();
}

TEST_F(SchedulerTest, RemoveLetsGoOfTheCollection) {
  World world;
  auto other = std::make_unique<World>();
  world.StartCompactor();
  world.compactor().Add(other->shared_core(), "other");
  world.compactor().Add(other->shared_core(), "renamed");
  other->Fill(0, 3000);
  EXPECT_TRUE(Eventually([&] { return !world.compactor().Status().recent.empty(); }));
  EXPECT_EQ(world.compactor().Status().recent.front().collection, "renamed");
  world.compactor().Remove(&other->core());
  EXPECT_EQ(other->shared_core().use_count(), 2) << "the test's own, and this copy";
  EXPECT_EQ(world.compactor().WaitIdle(&other->core(), {}, {}).code(), StatusCode::kUnavailable);
  EXPECT_EQ(world.compactor().Force(&other->core()).code(), StatusCode::kUnavailable);
  EXPECT_FALSE(world.compactor().Idle(&other->core()));
  other->ExpectOracle();
  other.reset();
  world.compactor().Remove(nullptr);
  world.Fill(0, 100);
  ASSERT_TRUE(world.WaitIdle().ok());
}

TEST_F(SchedulerTest, ExpiredPointsAreSwept) {
  World world;
  world.StartCompactor();
  world.Fill(0, 100);
  std::vector<UpsertPoint> points;
  for (uint64_t id = 1000; id < 1100; ++id) points.push_back(PointOf(id, 0, 50));
  ASSERT_TRUE(world.core().Upsert(std::move(points), {}).ok());
  EXPECT_TRUE(Eventually([&] { return world.core().Stats().points == 100; }));
  // The job is recorded when its deletions are done.
  EXPECT_TRUE(Eventually([&] {
    const auto jobs = world.Jobs();
    return std::find(jobs.begin(), jobs.end(), "sweep") != jobs.end();
  }));
  world.ExpectOracle();
}

TEST_F(SchedulerTest, ALogOfDeletionsIsShortened) {
  World world;
  world.StartCompactor();
  world.Fill(0, 6000);
  ASSERT_TRUE(world.WaitIdle().ok());
  for (int round = 0; round < 30; ++round) {
    world.Fill(10'000, 10);
    world.Delete(10'000, 10);
    world.Delete(round * 10, 10);
  }
  for (int i = 0; i < 15; ++i) world.Delete(1000 + 50 * i, 50);
  EXPECT_TRUE(Eventually([&] {
    return world.shard().state().log_ops() <= CheckpointOps(world.shard().Facts().settings);
  }));
  ASSERT_TRUE(world.WaitIdle().ok());
  world.Close();
  world.Open(false);
  world.ExpectOracle();
}

TEST_F(SchedulerTest, ADamagedSegmentIsRepaired) {
  World world;
  world.Fill(0, 500);
  world.StartCompactor();
  ASSERT_TRUE(world.WaitIdle().ok());
  const std::string file = world.shard().state().SegmentPath(world.Segments()[0].id);
  const size_t segments = world.SealedCount();
  world.Close();
  {
    std::fstream damaged(file, std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(1000);
    damaged.put('\x5a').put('\x5a').put('\x5a');
  }
  world.Open(false);
  EXPECT_EQ(world.Segments()[0].state, engine::SegmentFacts::State::kDegraded);
  world.ExpectOracle();
  world.StartCompactor(/*paused=*/true);
  EXPECT_TRUE(Eventually([&] { return world.Jobs() == std::vector<std::string>{"repair"}; }));
  EXPECT_EQ(world.Segments()[0].state, engine::SegmentFacts::State::kSealed);
  EXPECT_FALSE(base::FileExists(file));
  world.ExpectOracle();
  world.Close();
  world.Open(false);
  EXPECT_EQ(world.SealedCount(), segments);
  world.ExpectOracle();
}

// Searches whose answer no write may change, while other points come and go and segments are
// sealed, merged, purged and re-indexed.
TEST_F(SchedulerTest, SearchesStayExactThroughoutIt) {
  World world(FastSchema(2));
  world.StartCompactor();
  world.Fill(0, 2000);
  // Points ≡ 3 (mod 10) stay as they are.
  World* const shared = &world;
  std::map<uint64_t, uint64_t> fixed;
  for (uint64_t id = 3; id < 2000; id += 10) fixed[id] = 0;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    std::mt19937 random(6);
    for (uint64_t version = 1; !stop; ++version) {
      std::vector<UpsertPoint> points;
      std::vector<PointId> gone;
      for (uint64_t id = random() % 9; id < 4000; id += 1 + random() % 40) {
        if (id % 10 == 3) continue;
        points.push_back(PointOf(id, version));
      }
      for (uint64_t id = random() % 9; id < 4000; id += 1 + random() % 80) {
        if (id % 10 != 3) gone.emplace_back(id);
      }
      const WriteOptions options{.durability = Durability::kOs};
      ASSERT_TRUE(shared->core().Upsert(std::move(points), options).ok());
      ASSERT_TRUE(shared->core().Delete(gone, options).ok());
    }
  });
  world.oracle() = fixed;
  for (int round = 0; round < 60 && !HasFailure(); ++round) {
    if (round % 20 == 10) {
      CollectionSchema schema = world.schema();
      schema.fields[0].index.kind = round == 10 ? IndexKind::kHnsw : IndexKind::kFlat;
      world.SetSchema(schema);
    }
    for (uint64_t query = 0; query < 5; ++query) {
      world.ExpectNearest(VectorOf(round * 10 + query, 77), 3);
    }
    const auto count = world.core().Count(Filter::Equals("n", 3), {});
    ASSERT_TRUE(count.ok());
    EXPECT_EQ(count->count, fixed.size());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  stop = true;
  writer.join();
  EXPECT_THAT(world.Jobs(JobState::kFailed), IsEmpty());
  EXPECT_THAT(world.Jobs(), Not(IsEmpty()));
  ASSERT_TRUE(world.WaitIdle().ok());
  for (uint64_t query = 0; query < 5; ++query) world.ExpectNearest(VectorOf(query, 77), 3);
}

}  // namespace
}  // namespace sagitta::compactor::testing
