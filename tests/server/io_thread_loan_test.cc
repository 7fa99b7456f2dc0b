#include "server/io_thread_loan.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sagitta::server {
namespace {

TEST(IoThreadLoan, GrantsAsManyAsMayBeLentAndTakesThemBack) {
  IoThreads threads(2);
  {
    const IoThreadLoan first(threads);
    const IoThreadLoan second(threads);
    const IoThreadLoan third(threads);
    EXPECT_TRUE(first.granted());
    EXPECT_TRUE(second.granted());
    EXPECT_FALSE(third.granted());
  }
  EXPECT_TRUE(IoThreadLoan(threads).granted());
  EXPECT_TRUE(IoThreadLoan(threads).granted());
}

TEST(IoThreadLoan, NothingIsGrantedWithoutThreads) {
  EXPECT_FALSE(IoThreadLoan().granted());
  IoThreads none(0);
  EXPECT_FALSE(IoThreadLoan(none).granted());
}

TEST(IoThreadLoan, OneThreadOfGrpcsAlwaysStays) {
  // gRPC has two threads for callbacks at least.
  EXPECT_GE(IoThreads::Lendable(), 1u);
  EXPECT_LE(IoThreads::Lendable(), 15u);
}

TEST(IoThreadLoan, NeverMoreAtOnceFromManyThreads) {
  constexpr int kLendable = 2;
  IoThreads threads(kLendable);
  std::atomic<int> held{0};
  std::atomic<int> most{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 8; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const IoThreadLoan loan(threads);
        if (!loan.granted()) continue;
        const int now = held.fetch_add(1) + 1;
        int seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        held.fetch_sub(1);
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_LE(most.load(), kLendable);
  EXPECT_TRUE(IoThreadLoan(threads).granted());
}

}  // namespace
}  // namespace sagitta::server
