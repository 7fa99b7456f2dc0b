#include "index/workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <new>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace sagitta::index {
namespace {

TEST(Workers, CountIsOfThePoolUnlessBounded) {
  base::ThreadPool pool("test", 3, 8);
  BuildContext context;
  EXPECT_EQ(WorkerCount(context), 1u);
  context.pool = &pool;
  EXPECT_EQ(WorkerCount(context), 3u);
  context.max_workers = 2;
  EXPECT_EQ(WorkerCount(context), 2u);
}

TEST(Workers, BlocksCoverEveryIndexOnce) {
  base::ThreadPool pool("test", 3, 8);
  for (const bool threads : {false, true}) {
    for (const size_t n : {0u, 1u, 99u, 100u, 101u, 1234u}) {
      BuildContext context;
      context.pool = threads ? &pool : nullptr;
      std::vector<std::atomic<int>> seen(n);
      const Status status = ForBlocks(context, n, 100, [&](size_t begin, size_t end) {
        EXPECT_LE(end - begin, 100u);
        for (size_t i = begin; i < end; ++i) ++seen[i];
      });
      EXPECT_TRUE(status.ok()) << status.ToString();
      for (const auto& count : seen) EXPECT_EQ(count, 1);
    }
  }
}

TEST(Workers, ExceptionsBecomeStatuses) {
  base::ThreadPool pool("test", 2, 8);
  BuildContext context;
  context.pool = &pool;
  const Status thrown =
      RunWorkers(context, [](size_t) { throw std::runtime_error("a bad centroid"); });
  EXPECT_EQ(thrown.code(), StatusCode::kInternal);
  EXPECT_NE(thrown.message().find("a bad centroid"), std::string::npos);
  EXPECT_EQ(CatchExceptions(context, [] { throw std::bad_alloc(); }).code(),
            StatusCode::kResourceExhausted);
  std::atomic<size_t> blocks{0};
  const Status stopped = ForBlocks(context, 1000, 1, [&](size_t, size_t) {
    ++blocks;
    throw std::runtime_error("stop");
  });
  EXPECT_EQ(stopped.code(), StatusCode::kInternal);
  EXPECT_LE(blocks, 2u) << "blocks go on after a failure";
}

TEST(Workers, CancellingEndsTheBlocks) {
  CancelToken cancel = CancelToken::Manual();
  BuildContext context;
  context.cancel = cancel;
  size_t blocks = 0;
  const Status status = ForBlocks(context, 1000, 10, [&](size_t, size_t) {
    if (++blocks == 3) cancel.Cancel();
  });
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  EXPECT_EQ(blocks, 3u);
}

TEST(Workers, PhasesAreStretchesOfTheWhole) {
  std::vector<double> reports;
  BuildContext context;
  context.progress = [&](double p) { reports.push_back(p); };
  const BuildContext second = Phase(Phase(context, 0.5, 1.0), 0.0, 0.5);
  for (const double p : {0.0, 0.5, 1.0}) Report(second, p);
  EXPECT_EQ(reports, (std::vector<double>{0.5, 0.625, 0.75}));
  Report(Phase({}, 0, 1), 0.5);  // nobody listens
}

}  // namespace
}  // namespace sagitta::index
