#include "index/workers.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <new>
#include <string>

#include "base/mutex.h"

namespace sagitta::index {

size_t WorkerCount(const BuildContext& context) {
  if (context.pool == nullptr) return 1;
  const size_t threads = context.max_workers != 0 ? context.max_workers : context.pool->threads();
  return std::max<size_t>(1, threads);
}

Status CatchExceptions(const BuildContext& context, const std::function<void()>& fn) {
  std::string what;
  try {
    fn();
    return Status();
  } catch (const std::bad_alloc&) {
    return Status::ResourceExhausted("no memory is left to build the index");
  } catch (const std::exception& error) {
    what = error.what();
  }
  // Code called by FAISS can stop FAISS only by throwing: then this is the reason.
  SAGITTA_RETURN_IF_ERROR(context.cancel.Check());
  return Status::Internal("building the index: " + what);
}

Status RunWorkers(const BuildContext& context, const std::function<void(size_t)>& fn) {
  base::Mutex mu;
  Status first;
  const auto guarded = [&](size_t worker) {
    Status status = CatchExceptions(context, [&] { fn(worker); });
    if (status.ok()) return;
    base::MutexLock lock(mu);
    if (first.ok()) first = std::move(status);
  };
  const size_t workers = WorkerCount(context);
  if (workers == 1) {
    guarded(0);
  } else {
    context.pool->ParallelFor(workers, workers, guarded);
  }
  SAGITTA_RETURN_IF_ERROR(context.cancel.Check());
  return first;
}

Status ForBlocks(const BuildContext& context, size_t n, size_t block,
                 const std::function<void(size_t, size_t)>& fn) {
  std::atomic<size_t> next{0};
  return RunWorkers(context, [&](size_t) {
    while (context.cancel.Check().ok()) {
      const size_t begin = next.fetch_add(block, std::memory_order_relaxed);
      if (begin >= n) return;
      const size_t end = std::min(n, begin + block);
      try {
        fn(begin, end);
      } catch (...) {
        next.store(n, std::memory_order_relaxed);
        throw;
      }
      Report(context, static_cast<double>(end) / static_cast<double>(n));
    }
  });
}

BuildContext Phase(const BuildContext& context, double from, double to) {
  BuildContext phase = context;
  if (context.progress) {
    phase.progress = [inner = context.progress, from, to](double p) {
      inner(from + (to - from) * p);
    };
  }
  return phase;
}

}  // namespace sagitta::index
