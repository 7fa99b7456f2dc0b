#include "engine/expiry_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <thread>

namespace sagitta::engine {
namespace {

std::vector<uint32_t> Expired(const ExpiryOrder& order, int64_t now_ms) {
  std::vector<uint32_t> rows;
  order.VisitExpired(now_ms, [&](uint32_t row) { rows.push_back(row); });
  std::sort(rows.begin(), rows.end());
  return rows;
}

TEST(ExpiryOrder, AnEmptyOneHasNoFirst) {
  const ExpiryOrder order;
  EXPECT_EQ(order.first_ms(), ExpiryOrder::kNever);
  EXPECT_TRUE(Expired(order, ExpiryOrder::kNever).empty());
}

TEST(ExpiryOrder, VisitsWhatHasExpiredAndNothingElse) {
  std::mt19937 random(5);
  ExpiryOrder order;
  std::map<uint32_t, int64_t> model;
  for (uint32_t row = 0; row < 2000; ++row) {
    // Runs in order, and runs that are not.
    const int64_t at = row % 500 < 250 ? 1000 + row : static_cast<int64_t>(1 + random() % 4000);
    order.Add(row, at);
    model[row] = at;
    if (random() % 20 != 0) continue;
    const auto now = static_cast<int64_t>(random() % 4200);
    std::vector<uint32_t> expected;
    int64_t first = ExpiryOrder::kNever;
    for (const auto& [r, expires] : model) {
      if (expires <= now) expected.push_back(r);
      first = std::min(first, expires);
    }
    ASSERT_EQ(Expired(order, now), expected) << now;
    ASSERT_EQ(order.first_ms(), first);
  }
}

TEST(ExpiryOrder, ReadersVisitWhileRowsAreAdded) {
  ExpiryOrder order;
  constexpr uint32_t kRows = 20'000;
  std::atomic<uint32_t> added{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      for (uint32_t before = 0; before < kRows;) {
        before = added.load();
        // What was added before is seen, whatever comes meanwhile.
        uint32_t seen = 0;
        order.VisitExpired(500, [&](uint32_t row) { seen += row < before ? 1 : 0; });
        ASSERT_EQ(seen, before);
      }
    });
  }
  for (uint32_t row = 0; row < kRows; ++row) {
    order.Add(row, 1 + row * 7919 % 500);
    added.store(row + 1);
  }
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace sagitta::engine
