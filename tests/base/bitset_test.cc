#include "base/bitset.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sagitta::base {
namespace {

TEST(Bitset, AllSetCountsOnlyItsBits) {
  for (const size_t bits : {0u, 1u, 63u, 64u, 65u, 1000u}) {
    EXPECT_EQ(Bitset(bits, true).Count(), bits);
    EXPECT_EQ(Bitset(bits).Count(), 0u);
  }
}

TEST(Bitset, SameAsASet) {
  std::mt19937 random(7);
  Bitset bitset(300);
  AtomicBitset atomic(300);
  std::set<size_t> set;
  for (int i = 0; i < 2000; ++i) {
    const size_t bit = random() % 300;
    if (random() % 3 == 0) {
      bitset.Clear(bit);
      set.erase(bit);
    } else {
      bitset.Set(bit);
      set.insert(bit);
    }
    ASSERT_EQ(bitset.Test(bit), set.contains(bit));
    ASSERT_EQ(bitset.Count(), set.size());
  }
  std::set<size_t> ever;
  for (int i = 0; i < 1000; ++i) {
    const size_t bit = random() % 300;
    ASSERT_EQ(atomic.Set(bit), ever.insert(bit).second);
    ASSERT_TRUE(atomic.Test(bit));
  }
  EXPECT_EQ(atomic.Count(), ever.size());
}

}  // namespace
}  // namespace sagitta::base
