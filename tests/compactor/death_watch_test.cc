#include "compactor/death_watch.h"

#include <gmock/gmock.h>

namespace sagitta::compactor {
namespace {

using engine::SegmentFacts;
using engine::ShardFacts;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A shard of one segment, looked at every 100 ms.
class DeathWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    facts_.segments.push_back({.id = "a", .state = SegmentFacts::State::kSealed, .rows = 60'000});
  }
  // `deaths` more at each look.
  const SegmentIds& Look(int times, uint64_t deaths) {
    for (int i = 1; i < times; ++i) LookOnce(deaths);
    return LookOnce(deaths);
  }

  ShardFacts facts_;

 private:
  const SegmentIds& LookOnce(uint64_t deaths) {
    now_ += milliseconds(100);
    facts_.segments[0].deleted += deaths;
    return watch_.Observe(facts_, now_);
  }

  DeathWatch watch_;
  DeathWatch::TimePoint now_{};
};

TEST_F(DeathWatchTest, WhatLosesItsRowsWithinAMinuteIsDying) {
  EXPECT_THAT(Look(20, 0), IsEmpty());
  EXPECT_THAT(Look(30, 500), ElementsAre("a"));  // 5,000 a second: nine more seconds
}

TEST_F(DeathWatchTest, WhatLosesThemSlowlyIsNotBeforeItsLastMinute) {
  EXPECT_THAT(Look(580, 50), IsEmpty());  // 500 a second: more than a minute
  EXPECT_THAT(Look(40, 50), ElementsAre("a"));
}

TEST_F(DeathWatchTest, OnceDeathsCeaseNothingIs) {
  EXPECT_THAT(Look(30, 1000), ElementsAre("a"));
  EXPECT_THAT(Look(21, 0), IsEmpty());
}

TEST_F(DeathWatchTest, ManyDeathsAtOnceAreWaitedFor) {
  EXPECT_THAT(Look(20, 0), IsEmpty());
  EXPECT_THAT(Look(1, 30'000), ElementsAre("a"));  // there may be more to come
  EXPECT_THAT(Look(21, 0), IsEmpty());
}

TEST_F(DeathWatchTest, WhatWasDeadBeforeTheFirstLookIsWatchedForASecond) {
  facts_.segments[0].deleted = 30'000;
  EXPECT_THAT(Look(10, 0), ElementsAre("a"));  // it may have just been sealed, and still be dying
  EXPECT_THAT(Look(2, 0), IsEmpty());
}

TEST_F(DeathWatchTest, OnlySealedSegmentsAreWatched) {
  facts_.segments[0].state = SegmentFacts::State::kGrowing;
  EXPECT_THAT(Look(30, 500), IsEmpty());
}

TEST_F(DeathWatchTest, SegmentsThatAreGoneAreForgotten) {
  EXPECT_THAT(Look(30, 500), ElementsAre("a"));
  facts_.segments[0].id = "b";
  facts_.segments[0].deleted = 0;
  EXPECT_THAT(Look(1, 0), IsEmpty());
}

}  // namespace
}  // namespace sagitta::compactor
