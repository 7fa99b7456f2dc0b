#include "base/memory_budget.h"

#include <gtest/gtest.h>

#include <limits>
#include <thread>
#include <vector>

namespace sagitta::base {
namespace {

TEST(MemoryBudget, RefusesOverTheLimit) {
  MemoryBudget budget(100);
  EXPECT_TRUE(budget.Reserve(60, "rows").ok());
  const Status refused = budget.Reserve(41, "more rows");
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  for (const char* part : {"more rows", "41", "60", "100"}) {
    EXPECT_NE(refused.message().find(part), std::string::npos) << part;
  }
  EXPECT_TRUE(budget.Reserve(40, "rows").ok());
  EXPECT_EQ(budget.used(), 100u);
  budget.ForceReserve(50);
  EXPECT_EQ(budget.used(), 150u);
  EXPECT_FALSE(budget.Reserve(0, "nothing").ok());
  EXPECT_FALSE(budget.Reserve(std::numeric_limits<uint64_t>::max(), "all").ok());
  budget.Release(150);
  EXPECT_EQ(budget.used(), 0u);
}

TEST(MemoryBudget, ConcurrentReservationsNeverPassTheLimit) {
  MemoryBudget budget(1000);
  std::vector<std::thread> threads;
  std::atomic<uint64_t> granted{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        if (budget.Reserve(3, "x").ok()) granted += 3;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(granted, 999u);
  EXPECT_EQ(budget.used(), 999u);
}

}  // namespace
}  // namespace sagitta::base
