#include "index/top_k.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace sagitta::index {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(TopK, KeepsWhatSortingKeeps) {
  std::mt19937 random(2);
  for (const size_t k : {0u, 1u, 7u, 100u, 1000u}) {
    std::vector<Candidate> all;
    std::vector<Candidate> kept;
    TopK top(k, kInfinity, &kept);
    for (uint32_t i = 0; i < 500; ++i) {
      all.push_back({static_cast<float>(random() % 50), i});  // many ties
    }
    std::shuffle(all.begin(), all.end(), random);
    for (const Candidate& c : all) top.Push(c.key, c.position);
    top.Finish();
    std::sort(all.begin(), all.end());
    ASSERT_EQ(kept.size(), std::min<size_t>(k, 500));
    for (size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[i].position, all[i].position);
  }
}

TEST(TopK, GoesOnWithWhatIsThere) {
  std::vector<Candidate> kept = {{1, 1}, {5, 5}, {3, 3}};
  TopK top(2, kInfinity, &kept);
  EXPECT_EQ(top.limit(), 3);
  top.Push(2, 2);
  top.Push(4, 4);
  top.Finish();
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].position, 1u);
  EXPECT_EQ(kept[1].position, 2u);
}

TEST(TopK, TakesNoKeyAboveTheLimitAndNoneThatIsNoNumber) {
  std::vector<Candidate> kept;
  TopK top(10, 2, &kept);
  top.Push(2.5f, 1);
  top.Push(2, 2);
  top.Push(std::numeric_limits<float>::quiet_NaN(), 3);
  top.Push(-kInfinity, 4);
  top.Finish();
  ASSERT_EQ(kept.size(), 2u);
  EXPECT_EQ(kept[0].position, 4u);
  EXPECT_EQ(kept[1].position, 2u);
}

}  // namespace
}  // namespace sagitta::index
