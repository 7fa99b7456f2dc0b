#include "engine/sequencer.h"

#include <gtest/gtest.h>

#include <thread>

namespace sagitta::engine {
namespace {

CancelToken In(int milliseconds) {
  return CancelToken::WithDeadline(std::chrono::steady_clock::now() +
                                   std::chrono::milliseconds(milliseconds));
}

TEST(Sequencer, NumbersAscendAfterWhatWasRecovered) {
  Sequencer sequencer;
  sequencer.AdvanceTo(7);
  sequencer.AdvanceTo(3);
  EXPECT_EQ(sequencer.Begin(), 8u);
  EXPECT_EQ(sequencer.Begin(), 9u);
  EXPECT_EQ(sequencer.last(), 9u);
}

TEST(Sequencer, ANumberIsVisibleWhenAllUpToItAreDone) {
  Sequencer sequencer;
  const uint64_t first = sequencer.Begin();
  const uint64_t second = sequencer.Begin();
  sequencer.End(second);
  EXPECT_EQ(sequencer.WaitVisible(second, In(20)).code(), StatusCode::kDeadlineExceeded);
  std::thread other([&] { sequencer.End(first); });
  EXPECT_TRUE(sequencer.WaitVisible(second, In(10'000)).ok());
  other.join();
  EXPECT_TRUE(sequencer.WaitVisible(0, In(0)).ok());
}

TEST(Sequencer, ANumberToComeIsWaitedForByWhoCanEndTheWait) {
  Sequencer sequencer;
  sequencer.End(sequencer.Begin());
  EXPECT_EQ(sequencer.WaitVisible(2, In(20)).code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(sequencer.WaitVisible(2, CancelToken()).code(), StatusCode::kFailedPrecondition);
  std::thread other([&] { sequencer.End(sequencer.Begin()); });
  EXPECT_TRUE(sequencer.WaitVisible(2, In(10'000)).ok());
  other.join();
}

TEST(Sequencer, WaitNonePendingWaitsForAll) {
  Sequencer sequencer;
  const uint64_t seq = sequencer.Begin();
  bool ended = false;
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ended = true;
    sequencer.End(seq);
  });
  sequencer.WaitNonePending();
  EXPECT_TRUE(ended);
  other.join();
}

}  // namespace
}  // namespace sagitta::engine
