#include "base/thread_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <latch>
#include <set>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace sagitta::base {
namespace {

TEST(ThreadPool, RunsEveryTask) {
  std::atomic<int> ran{0};
  {
    ThreadPool pool("test", 3, 1000);
    EXPECT_EQ(pool.threads(), 3u);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(pool.Submit([&] { ++ran; }).ok());
  }  // the destructor runs what is queued
  EXPECT_EQ(ran, 1000);
}

TEST(ThreadPool, BoundedQueue) {
  std::promise<void> release, started;  // until the pool's thread has done with them
  ThreadPool pool("test", 1, 2);
  ASSERT_TRUE(pool.Submit([&, released = release.get_future().share()] {
                    started.set_value();
                    released.wait();
                  })
                  .ok());
  started.get_future().wait();
  EXPECT_TRUE(pool.Submit([] {}).ok());
  EXPECT_TRUE(pool.Submit([] {}).ok());
  EXPECT_EQ(pool.queued(), 2u);
  const Status full = pool.Submit([] {});
  EXPECT_EQ(full.code(), StatusCode::kResourceExhausted);
  EXPECT_GT(full.retry_after_ms(), 0u);
  release.set_value();
}

TEST(ThreadPool, RefusesAfterShutdown) {
  ThreadPool pool("test", 2, 10);
  pool.Shutdown();
  pool.Shutdown();
  EXPECT_EQ(pool.Submit([] {}).code(), StatusCode::kUnavailable);
  // The caller alone does the work.
  int sum = 0;
  pool.ParallelFor(10, 0, [&](size_t i) { sum += static_cast<int>(i); });
  EXPECT_EQ(sum, 45);
}

TEST(ThreadPool, ParallelForCallsEachOnce) {
  ThreadPool pool("test", 4, 10);
  for (const size_t n : {0u, 1u, 2u, 5u, 1000u}) {
    for (const size_t workers : {0u, 1u, 2u, 100u}) {
      std::vector<std::atomic<int>> calls(n);
      pool.ParallelFor(n, workers, [&](size_t i) { ++calls[i]; });
      for (size_t i = 0; i < n; ++i) ASSERT_EQ(calls[i], 1) << n << " " << workers;
    }
  }
}

TEST(ThreadPool, ParallelForUsesThePool) {
  ThreadPool pool("test", 3, 10);
  std::latch all(4);
  // Returns only when four threads, the caller among them, are inside at once.
  pool.ParallelFor(4, 0, [&](size_t) { all.arrive_and_wait(); });
}

TEST(ThreadPool, ParallelForKeepsToItsBound) {
  ThreadPool pool("test", 8, 10);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  pool.ParallelFor(200, 3, [&](size_t) {
    const int now = ++inside;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    std::this_thread::sleep_for(std::chrono::microseconds(100));
    --inside;
  });
  EXPECT_LE(most, 3);
}

TEST(ThreadPool, NestingDoesNotDeadlock) {
  ThreadPool pool("test", 2, 100);
  std::atomic<int> calls{0};
  std::latch done(8);
  for (int t = 0; t < 8; ++t) {
    ASSERT_TRUE(pool.Submit([&] {
                      pool.ParallelFor(10, 0, [&](size_t) {
                        pool.ParallelFor(10, 0, [&](size_t) { ++calls; });
                      });
                      done.count_down();
                    })
                    .ok());
  }
  done.wait();
  EXPECT_EQ(calls, 800);
}

TEST(ThreadPool, ManyCallersAtOnce) {
  ThreadPool pool("test", 3, 100);
  std::atomic<int> calls{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 6; ++t) {
    callers.emplace_back([&] {
      for (int round = 0; round < 300; ++round) {
        pool.ParallelFor(7, 0, [&](size_t) { calls.fetch_add(1, std::memory_order_relaxed); });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(calls, 6 * 300 * 7);
}

TEST(ThreadPool, ThreadsAreNamedAndNice) {
  ThreadPool pool("background-and-long", 2, 10, ThreadPool::Priority::kBackground);
  Mutex mu;
  std::set<std::string> names;
  std::latch both(2);
  std::atomic<int> lowered{0};
  std::promise<void> done;
  std::atomic<int> left{2};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(pool.Submit([&] {
                      both.arrive_and_wait();
                      char name[16] = {};
                      pthread_getname_np(pthread_self(), name, sizeof(name));
                      const id_t thread = static_cast<id_t>(syscall(SYS_gettid));
                      if (getpriority(PRIO_PROCESS, thread) >= 10) ++lowered;
                      {
                        MutexLock lock(mu);
                        names.insert(name);
                      }
                      if (--left == 0) done.set_value();
                    })
                    .ok());
  }
  done.get_future().wait();
  EXPECT_EQ(names, (std::set<std::string>{"background-a-0", "background-a-1"}));
  EXPECT_EQ(lowered, 2);
  EXPECT_LT(getpriority(PRIO_PROCESS, 0), 10);  // the caller is as it was
}

}  // namespace
}  // namespace sagitta::base
