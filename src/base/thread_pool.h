// ThreadPool: a fixed number of threads and one bounded FIFO queue. Thread-safe.
//
// ParallelFor lets the caller take part, so that it never waits for a free thread and may be called
// from a task of the same pool without a deadlock.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "sagitta/status.h"

namespace sagitta::base {

class ThreadPool {
 public:
  // kBackground: nice 10, so that searches come first.
  enum class Priority { kNormal, kBackground };

  // `name` shows in thread lists (at most 12 bytes). `queue_limit` bounds tasks that wait.
  ThreadPool(std::string name, size_t threads, size_t queue_limit,
             Priority priority = Priority::kNormal);
  ~ThreadPool();  // runs what is queued, then joins
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // RESOURCE_EXHAUSTED when the queue is full; UNAVAILABLE after Shutdown().
  Status Submit(std::function<void()> task);

  // Calls fn(i) for every i in [0, n), on this pool's threads and the caller's, and returns when
  // all are done. At most `max_workers` at once (0 = no bound).
  void ParallelFor(size_t n, size_t max_workers, const std::function<void(size_t)>& fn);

  void Shutdown();  // refuses new tasks, finishes queued ones, joins; idempotent
  size_t threads() const;
  size_t queued() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sagitta::base
