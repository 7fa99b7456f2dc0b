#include "compactor/collection_work.h"

#include <gmock/gmock.h>

#include "compactor/job.h"
#include "tests/compactor/compactor_testing.h"

namespace sagitta::compactor::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Drives the work of one shard by hand.
class ShardWorkTest : public ::testing::Test {
 protected:
  ShardWorkTest() : work_(world_.shared_core(), "c"), shard_(work_.shards.front()) {}

  // Runs what is due, seals first, until nothing is; returns what it was.
  std::vector<std::string> RunAll(bool paused = false) {
    std::vector<std::string> kinds;
    while (kinds.size() < 50) {
      if (const auto pick = shard_.NextSeal(paused, now_)) {
        kinds.push_back(pick->kind);
        shard_.seal.running = true;
        shard_.SealStarts();
        shard_.SealEnds(RunSeal(*pick, Context()).status, now_);
      } else if (const auto rebuild = shard_.NextRebuild(paused, now_)) {
        kinds.push_back(rebuild->kind);
        shard_.rebuild.running = true;
        shard_.RebuildEnds(*rebuild, RunRebuild(*rebuild, Context()).status, now_);
      } else {
        break;
      }
    }
    return kinds;
  }
  JobContext Context() {
    return {.shard = world_.shard(),
            .memory = &world_.memory(),
            .cancel = {},
            .log = log_,
            .id = log_.Start("", "c", 0, 0)};
  }
  bool Idle() { return shard_.Idle(world_.shard().Facts()); }
  void SealedOf(uint64_t first, uint64_t n) {
    world_.Fill(first, n);
    shard_.SealNow();
    RunAll();
  }

  World world_;
  CollectionWork work_;
  ShardWork& shard_;
  JobLog log_;
  TimePoint now_{seconds(1000)};
};

TEST_F(ShardWorkTest, SealNowSealsAnything) {
  world_.Fill(0, 5);
  EXPECT_TRUE(RunAll().empty());
  EXPECT_TRUE(Idle()) << "rows that grow are allowed";
  shard_.SealNow();
  EXPECT_FALSE(Idle());
  EXPECT_EQ(shard_.Pending(), 1u);
  EXPECT_EQ(RunAll(), std::vector<std::string>{"seal"});
  EXPECT_TRUE(Idle());
  EXPECT_EQ(shard_.Pending(), 0u);
  shard_.SealNow();
  EXPECT_TRUE(RunAll().empty());
  EXPECT_TRUE(Idle());
}

TEST_F(ShardWorkTest, WhileOneRunsNoOtherOfItsLaneStarts) {
  world_.Fill(0, 300);
  world_.Fill(300, 300);
  shard_.seal.running = true;
  EXPECT_FALSE(shard_.NextSeal(false, now_).has_value());
  EXPECT_FALSE(Idle());
  shard_.SealEnds(Status::Ok(), now_);
  EXPECT_TRUE(shard_.NextSeal(false, now_).has_value());
}

TEST_F(ShardWorkTest, AFailureWaitsAndIsTriedAgain) {
  world_.Fill(0, 300);
  ASSERT_TRUE(shard_.NextSeal(false, now_).has_value());
  shard_.SealEnds(Status::ResourceExhausted("full"), now_);
  EXPECT_FALSE(shard_.NextSeal(false, now_).has_value());
  EXPECT_FALSE(shard_.NextSeal(false, now_ + milliseconds(999)).has_value());
  EXPECT_TRUE(shard_.NextSeal(false, now_ + seconds(1)).has_value());
  EXPECT_EQ(shard_.Pending(), 1u);
  shard_.Awake();
  EXPECT_TRUE(shard_.NextSeal(false, now_).has_value());
  // What was cancelled did not fail.
  shard_.SealEnds(Status(StatusCode::kCancelled, "closing"), now_);
  EXPECT_TRUE(shard_.NextSeal(false, now_).has_value());
}

TEST_F(ShardWorkTest, AfterNothingWasDueItLooksAgainWhenSomethingIsWritten) {
  EXPECT_TRUE(RunAll().empty());
  EXPECT_TRUE(shard_.seal.quiet && shard_.rebuild.quiet);
  world_.Fill(0, 300);
  EXPECT_TRUE(shard_.NextSeal(false, now_).has_value());
}

TEST_F(ShardWorkTest, MergeAllLeavesOneSegment) {
  for (int i = 0; i < 3; ++i) SealedOf(100 * i, 100);
  ASSERT_EQ(world_.SealedCount(), 3u);
  ASSERT_TRUE(RunAll().empty());
  world_.Fill(300, 10);
  shard_.MergeAll();
  EXPECT_FALSE(Idle());
  EXPECT_EQ(RunAll(), (std::vector<std::string>{"seal", "merge"}));
  EXPECT_EQ(world_.SealedCount(), 1u);
  EXPECT_TRUE(Idle());
  world_.ExpectOracle();
}

TEST_F(ShardWorkTest, MergeAllRunsWhilePausedAndNothingElseDoes) {
  for (int i = 0; i < 2; ++i) SealedOf(100 * i, 100);
  world_.Delete(0, 90);
  world_.Fill(1000, 30);
  EXPECT_TRUE(RunAll(/*paused=*/true).empty());
  shard_.SealNow();
  EXPECT_TRUE(RunAll(/*paused=*/true).empty());
  shard_.MergeAll();
  EXPECT_EQ(RunAll(/*paused=*/true), (std::vector<std::string>{"seal", "merge"}));
  EXPECT_EQ(world_.SealedCount(), 1u);
  world_.ExpectOracle();
}

TEST_F(ShardWorkTest, MergeAllGivesUpWhenItKeepsFailing) {
  for (int i = 0; i < 2; ++i) SealedOf(100 * i, 100);
  shard_.MergeAll();
  for (int i = 0; i < 3; ++i) {
    now_ += seconds(120);
    EXPECT_FALSE(shard_.NextSeal(false, now_).has_value());
    const auto pick = shard_.NextRebuild(false, now_);
    ASSERT_TRUE(pick.has_value());
    EXPECT_EQ(pick->kind, "merge");
    shard_.rebuild.running = true;
    shard_.RebuildEnds(*pick, Status::Internal("no"), now_);
  }
  now_ += seconds(120);
  EXPECT_FALSE(shard_.NextRebuild(false, now_).has_value());
  EXPECT_TRUE(Idle());
}

TEST_F(ShardWorkTest, MergeAllOfNothingIsNothing) {
  shard_.MergeAll();
  EXPECT_TRUE(RunAll().empty());
  EXPECT_TRUE(Idle());
}

}  // namespace
}  // namespace sagitta::compactor::testing
