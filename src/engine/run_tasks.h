// RunTasks: the parts of one request, on a pool and the calling thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

#include "base/thread_pool.h"
#include "sagitta/status.h"

namespace sagitta::engine {

// Calls task(i), which returns a Status, for every i in [0, n): on the calling thread alone unless
// `parallel`, in any order otherwise. Tasks that have not begun when one fails are left out.
// Returns the failed status of the lowest i.
template <typename Task>
Status RunTasks(base::ThreadPool* pool, bool parallel, size_t n, const Task& task) {
  if (!parallel || pool == nullptr || n < 2) {
    for (size_t i = 0; i < n; ++i) SAGITTA_RETURN_IF_ERROR(task(i));
    return Status::Ok();
  }
  std::vector<Status> statuses(n);
  std::atomic<bool> failed{false};
  pool->ParallelFor(n, 0, [&](size_t i) {
    if (failed.load(std::memory_order_relaxed)) return;
    statuses[i] = task(i);
    if (!statuses[i].ok()) failed.store(true, std::memory_order_relaxed);
  });
  for (Status& status : statuses) {
    if (!status.ok()) return std::move(status);
  }
  return Status::Ok();
}

}  // namespace sagitta::engine
