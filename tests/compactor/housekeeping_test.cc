#include "compactor/housekeeping.h"

#include <gmock/gmock.h>

#include "base/fault.h"
#include "engine/payload_index_build.h"
#include "tests/compactor/compactor_testing.h"

namespace sagitta::compactor::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

void FillExpiring(World& world, uint64_t first, uint64_t n, int64_t ttl_ms) {
  std::vector<UpsertPoint> points;
  for (uint64_t id = first; id < first + n; ++id) points.push_back(PointOf(id, 0, ttl_ms));
  ASSERT_TRUE(world.core().Upsert(std::move(points), {}).ok());
}

// A sealed segment, and a payload index in the schema that it lacks.
void SealAndWantIndex(World& world) {
  world.Fill(0, 100);
  world.StartCompactor();
  ASSERT_TRUE(world.WaitIdle().ok());
  world.StopCompactor();
  CollectionSchema schema = FastSchema();
  schema.indexes.push_back({.path = "other", .kind = PayloadIndexKind::kKeyword});
  world.SetSchema(schema);
}

TEST(Housekeeping, SweepsWhatHasExpired) {
  World world(FastSchema(2));
  world.Fill(0, 50);
  FillExpiring(world, 1000, 40, 1);
  FillExpiring(world, 2000, 10, 3'600'000);
  for (uint64_t id = 2000; id < 2010; ++id) world.oracle()[id] = 0;
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  JobLog log;
  Housekeeping().Run(world.core(), "c", {}, log);
  ASSERT_THAT(log.Recent(), SizeIs(1));
  EXPECT_EQ(log.Recent()[0].kind, "sweep");
  EXPECT_EQ(log.Recent()[0].rows, 40u);
  EXPECT_EQ(world.core().Stats().points, 60u);
  world.ExpectOracle();
  Housekeeping().Run(world.core(), "c", {}, log);
  EXPECT_THAT(log.Recent(), SizeIs(1)) << "a sweep that finds nothing is no job";
}

TEST(Housekeeping, IsDueOnceASecondOnly) {
  World world;
  FillExpiring(world, 0, 5, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  Housekeeping housekeeping;
  JobLog log;
  housekeeping.Run(world.core(), "c", {}, log);
  FillExpiring(world, 0, 5, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  housekeeping.Run(world.core(), "c", {}, log);
  EXPECT_THAT(log.Recent(), SizeIs(1));
}

TEST(Housekeeping, GivesSealedSegmentsTheIndexesThatTheyLack) {
  World world;
  ASSERT_NO_FATAL_FAILURE(SealAndWantIndex(world));
  const auto segment = world.shard().state().Segments().front();
  JobLog log;
  Housekeeping().Run(world.core(), "c", {}, log);
  EXPECT_TRUE(engine::HasPayloadIndex(*segment, world.schema().indexes[1]));
  ASSERT_THAT(log.Recent(), SizeIs(1));
  EXPECT_EQ(log.Recent()[0].kind, "payload_index");
}

TEST(Housekeeping, AFailureIsLoggedAndTriedLater) {
  World world;
  ASSERT_NO_FATAL_FAILURE(SealAndWantIndex(world));
  base::ArmFault("payload_index.before_store", base::FaultAction::kIoError);
  JobLog log;
  Housekeeping housekeeping;
  housekeeping.Run(world.core(), "c", {}, log);
  base::ClearFaults();
  ASSERT_THAT(log.Recent(), SizeIs(1));
  EXPECT_EQ(log.Recent()[0].state, JobState::kFailed);
  housekeeping.Run(world.core(), "c", {}, log);
  EXPECT_THAT(log.Recent(), SizeIs(1));
  Housekeeping().Run(world.core(), "c", {}, log);
  EXPECT_EQ(log.Recent().front().state, JobState::kDone);
}

TEST(Housekeeping, OldRequestIdsAreForgottenFreshOnesAreNot) {
  World world;
  store::ShardStore& store = world.shard().state().store();
  const int64_t now = engine::NowMs();
  auto batch = store.NewBatch();
  const int64_t old = now - 2 * store::ShardStore::kDedupTtlMs;
  batch->PutDedup("old", old, "result");
  batch->PutDedup("fresh", now, "result");
  ASSERT_TRUE(store.Commit(*batch, false).ok());
  ASSERT_TRUE(store.FindDedup("old", old)->has_value());
  JobLog log;
  Housekeeping().Run(world.core(), "c", {}, log);
  EXPECT_FALSE(store.FindDedup("old", old)->has_value());
  EXPECT_TRUE(store.FindDedup("fresh", now)->has_value());
  EXPECT_THAT(log.Recent(), IsEmpty());
}

}  // namespace
}  // namespace sagitta::compactor::testing
