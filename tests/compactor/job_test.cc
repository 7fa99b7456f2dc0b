#include "compactor/job.h"

#include <gmock/gmock.h>

#include "base/fault.h"
#include "tests/compactor/compactor_testing.h"

namespace sagitta::compactor::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class JobTest : public FaultTest {
 protected:
  JobContext Context(World& world, const char* kind) {
    return {.shard = world.shard(),
            .pool = &pool_,
            .workers = 2,
            .memory = &world.memory(),
            .overcommit = false,
            .cancel = cancel_,
            .log = log_,
            .id = log_.Start(kind, "c", 0, 0)};
  }
  void SealAll(World& world) {
    while (const auto pick = PickSeal(world.shard().Facts(), {.now = true})) {
      ASSERT_TRUE(RunSeal(*pick, Context(world, "seal")).status.ok());
    }
  }

  JobLog log_;
  base::ThreadPool pool_{"build", 2, 4};
  CancelToken cancel_ = CancelToken::Manual();
};

CollectionSchema SchemaOf(IndexKind kind) {
  CollectionSchema schema = FastSchema();
  schema.fields[0].index.kind = kind;
  return schema;
}

TEST_F(JobTest, ASealFreezesFirstWhenAsked) {
  World world;
  world.Fill(0, 50);
  const uint64_t before = world.memory().used();
  const JobContext context = Context(world, "seal");
  EXPECT_TRUE(RunSeal({"seal", true, 50}, context).status.ok());
  EXPECT_EQ(world.SealedCount(), 1u);
  EXPECT_LT(world.memory().used(), before) << "the mutable segment's memory is free again";
  const JobInfo job = log_.Running().at(0);
  EXPECT_EQ(job.rows, 50u);
  EXPECT_EQ(job.phase, "install");
  world.ExpectOracle();
  EXPECT_TRUE(RunSeal({"seal", false, 0}, context).nothing);
}

TEST_F(JobTest, ARebuildBuildsTheIndexAndSaysWhatItDoes) {
  World world(SchemaOf(IndexKind::kHnsw));
  world.Fill(0, 250);
  SealAll(world);
  const auto pick = PickRebuild(world.shard().Facts());
  ASSERT_TRUE(pick.has_value());
  const JobContext context = Context(world, pick->kind.c_str());
  ASSERT_TRUE(RunRebuild(*pick, context).status.ok());
  EXPECT_EQ(world.shard().state().Segments()[0]->index_kind(0), IndexKind::kHnsw);
  EXPECT_EQ(log_.Running().back().kind, "index");
  EXPECT_GE(log_.Running().back().progress, 0.95);

  world.SetSchema(SchemaOf(IndexKind::kIvfFlat));
  const auto again = PickRebuild(world.shard().Facts());
  ASSERT_TRUE(again.has_value());
  ASSERT_TRUE(RunRebuild(*again, Context(world, "index")).status.ok());
  EXPECT_EQ(log_.Running().back().kind, "reindex");
  EXPECT_FALSE(PickRebuild(world.shard().Facts()).has_value());
  world.ExpectOracle();
}

TEST_F(JobTest, WithoutMemoryARebuildWaitsUnlessToldToGoOn) {
  World world(SchemaOf(IndexKind::kHnsw));
  world.Fill(0, 250);
  SealAll(world);
  world.Fill(1000, 30);
  const uint64_t rest = world.memory().limit() - world.memory().used();
  world.memory().ForceReserve(rest);
  const uint64_t used = world.memory().used();
  const auto pick = PickRebuild(world.shard().Facts());
  JobContext context = Context(world, "index");
  const JobResult postponed = RunRebuild(*pick, context);
  EXPECT_TRUE(postponed.postponed);
  EXPECT_EQ(postponed.status.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(world.memory().used(), used);
  EXPECT_EQ(world.Files().size(), 1u);
  // A seal never waits: it is what frees memory.
  EXPECT_TRUE(RunSeal({"seal", true, 30}, Context(world, "seal")).status.ok());
  context.overcommit = true;
  EXPECT_TRUE(RunRebuild(*pick, context).status.ok());
  world.memory().Release(rest);
}

TEST_F(JobTest, CancelledItLeavesEverythingAsItWas) {
  World world(SchemaOf(IndexKind::kHnsw));
  world.Fill(0, 250);
  SealAll(world);
  const auto files = world.Files();
  const auto pick = PickRebuild(world.shard().Facts());
  cancel_.Cancel();
  const JobResult result = RunRebuild(*pick, Context(world, "index"));
  EXPECT_EQ(result.status.code(), StatusCode::kCancelled);
  EXPECT_FALSE(result.postponed);
  EXPECT_EQ(world.Files(), files);
  world.ExpectOracle();
}

TEST_F(JobTest, AFullDiskFailsTheJobAlone) {
  World world;
  world.Fill(0, 250);
  base::ArmFault("file.write", base::FaultAction::kNoSpace);
  EXPECT_EQ(RunSeal({"seal", true, 250}, Context(world, "seal")).status.code(),
            StatusCode::kResourceExhausted);
  EXPECT_THAT(world.Files(), IsEmpty());
  world.ExpectOracle();
  base::ClearFaults();
  SealAll(world);
  EXPECT_EQ(world.SealedCount(), 1u);
  world.ExpectOracle();
}

TEST_F(JobTest, SegmentsThatAreGoneFailIt) {
  World world;
  const JobResult result = RunRebuild({"merge", {"gone"}, 1}, Context(world, "merge"));
  EXPECT_EQ(result.status.code(), StatusCode::kFailedPrecondition);
}

TEST_F(JobTest, VerifyingASoundSegmentChangesNothing) {
  World world;
  world.Fill(0, 50);
  SealAll(world);
  const std::string id = world.Segments()[0].id;
  EXPECT_TRUE(RunRebuild({"verify", {id}, 50}, Context(world, "verify")).status.ok());
  EXPECT_EQ(world.Segments()[0].id, id);
}

}  // namespace
}  // namespace sagitta::compactor::testing
