#include "engine/filter_cache.h"

#include <gtest/gtest.h>

namespace sagitta::engine {
namespace {

using Moment = FilterCache::Moment;
using Answer = FilterCache::Answer;

constexpr size_t kRows = 1000;

std::shared_ptr<const base::Bitset> Rows(size_t first, size_t last) {
  auto rows = std::make_shared<base::Bitset>(kRows);
  for (size_t i = first; i < last; ++i) rows->Set(i);
  return rows;
}

Answer Of(std::shared_ptr<const base::Bitset> rows) {
  const size_t count = rows->Count();
  return {.rows = std::move(rows), .count = count, .info = {}};
}

TEST(FilterCache, KeepsWhatIsOfferedTwice) {
  FilterCache cache(kRows);
  const Moment now;
  cache.Offer("a", now, Of(Rows(0, 10)));
  EXPECT_FALSE(cache.Find("a", now).has_value());
  EXPECT_EQ(cache.MemoryBytes(), 0u);
  cache.Offer("a", now, Of(Rows(0, 10)));
  const auto found = cache.Find("a", now);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->count, 10u);
  EXPECT_FALSE(cache.Find("b", now).has_value());
  EXPECT_GT(cache.MemoryBytes(), kRows / 8);
  cache.Clear();
  EXPECT_FALSE(cache.Find("a", now).has_value());
  EXPECT_EQ(cache.MemoryBytes(), 0u);
}

TEST(FilterCache, NarrowsToWhatLivesNow) {
  FilterCache cache(kRows);
  for (int i = 0; i < 2; ++i) cache.Offer("a", {}, Of(Rows(0, 500)));
  const Moment later{.alive = Rows(100, kRows), .dead = 100, .now_ms = 7};
  const auto narrowed = cache.Find("a", later);
  ASSERT_TRUE(narrowed.has_value());
  EXPECT_EQ(narrowed->count, 400u);
  EXPECT_EQ(cache.Find("a", later)->rows, narrowed->rows) << "worked out once";
  const Moment other{.alive = Rows(200, kRows), .dead = 200, .now_ms = 7};
  EXPECT_EQ(cache.Find("a", other)->count, 300u);
}

TEST(FilterCache, DoesNotServeOlderMoments) {
  FilterCache cache(kRows);
  const Moment moment{.alive = Rows(100, kRows), .dead = 100, .now_ms = 7};
  for (int i = 0; i < 2; ++i) cache.Offer("a", moment, Of(Rows(100, 500)));
  EXPECT_TRUE(cache.Find("a", moment).has_value());
  EXPECT_FALSE(cache.Find("a", {.alive = Rows(50, kRows), .dead = 50, .now_ms = 7}).has_value());
  EXPECT_FALSE(cache.Find("a", {.alive = Rows(100, kRows), .dead = 100, .now_ms = 6}).has_value());
  // An older view's answer does not take the place of a newer one's.
  cache.Offer("a", {.alive = Rows(50, kRows), .dead = 50, .now_ms = 7}, Of(Rows(50, 500)));
  EXPECT_EQ(cache.Find("a", moment)->count, 400u);
}

TEST(FilterCache, DropsWhatWasNotUsedForLongest) {
  FilterCache cache(kRows);
  const auto name = [](int i) { return "filter number " + std::to_string(i); };
  size_t most = 0;
  for (int i = 0; i < 2000; ++i) {
    for (int twice = 0; twice < 2; ++twice) cache.Offer(name(i), {}, Of(Rows(0, 10)));
    EXPECT_TRUE(cache.Find(name(i), {}).has_value()) << i;
    EXPECT_TRUE(cache.Find(name(0), {}).has_value()) << i;
    most = std::max(most, cache.MemoryBytes());
  }
  EXPECT_LE(most, size_t{64} << 10);
  EXPECT_FALSE(cache.Find(name(1), {}).has_value());
}

}  // namespace
}  // namespace sagitta::engine
