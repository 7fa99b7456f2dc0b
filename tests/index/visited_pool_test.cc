#include "index/visited_pool.h"

#include <gtest/gtest.h>

#include <thread>

namespace sagitta::index {
namespace {

// More starts than an epoch counts, over sets that grow and shrink.
TEST(VisitedSet, EveryStartBeginsEmpty) {
  VisitedSet visited;
  for (size_t start = 0; start < 1000; ++start) {
    const size_t n = 1 + start * 37 % 300;
    visited.Start(n);
    for (uint32_t i = static_cast<uint32_t>(start % 3); i < n; i += 3) {
      ASSERT_TRUE(visited.Insert(i)) << "start " << start;
      ASSERT_FALSE(visited.Insert(i)) << "start " << start;
    }
  }
}

TEST(ThreadScratch, IsOfTheThread) {
  SearchScratch* other = nullptr;
  std::thread([&] { other = &ThreadScratch(); }).join();
  EXPECT_NE(&ThreadScratch(), other);
  EXPECT_EQ(&ThreadScratch(), &ThreadScratch());
}

}  // namespace
}  // namespace sagitta::index
