#include "base/thread_pool.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <list>
#include <system_error>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"

namespace sagitta::base {

namespace {

constexpr int kBackgroundNice = 10;

// One ParallelFor call. Lives on its caller's stack: the caller takes it off the pool's list and
// waits until no helper is inside before it returns.
struct ParallelJob {
  const std::function<void(size_t)>* fn;
  size_t n;
  size_t wanted;      // helpers that may still join; under the pool's mutex
  size_t active = 0;  // helpers inside; under the pool's mutex
  std::atomic<size_t> next{0};

  void Run() noexcept {
    for (size_t i = next.fetch_add(1, std::memory_order_relaxed); i < n;
         i = next.fetch_add(1, std::memory_order_relaxed)) {
      (*fn)(i);
    }
  }
};

}  // namespace

struct ThreadPool::Impl {
  Impl(std::string pool_name, size_t limit, Priority pool_priority)
      : name(std::move(pool_name)), queue_limit(limit), priority(pool_priority) {}

  const std::string name;
  const size_t queue_limit;
  const Priority priority;
  Mutex mu;
  CondVar work_ready;
  CondVar job_left;
  std::deque<std::function<void()>> queue GUARDED_BY(mu);
  std::list<ParallelJob*> jobs GUARDED_BY(mu);
  bool stopping GUARDED_BY(mu) = false;
  Mutex join_mu;  // taken before mu, never after
  std::vector<std::thread> threads GUARDED_BY(join_mu);
  size_t thread_count = 0;  // set before the constructor returns

  void Enter(size_t number) {
    const std::string text = name.substr(0, 12) + "-" + std::to_string(number);
    pthread_setname_np(pthread_self(), text.substr(0, 15).c_str());
    // Linux keeps the nice value by thread; a refusal costs latency under load, nothing else.
    if (priority == Priority::kBackground) {
      setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kBackgroundNice);
    }
  }

  // The first job that wants another helper, already counted as joined; null when none does.
  ParallelJob* JoinJob() REQUIRES_LOCK(mu) {
    for (ParallelJob* job : jobs) {
      if (job->wanted == 0) continue;
      --job->wanted;
      ++job->active;
      return job;
    }
    return nullptr;
  }

  void HelpJob(ParallelJob* job) {
    job->Run();
    MutexLock lock(mu);
    --job->active;
    job_left.NotifyAll();
  }

  void Work(size_t number) noexcept {
    Enter(number);
    while (true) {
      ParallelJob* job = nullptr;
      std::function<void()> task;
      {
        MutexLock lock(mu);
        while (true) {
          // Helping comes first: it finishes what has begun before the next task begins.
          job = JoinJob();
          if (job != nullptr || !queue.empty() || stopping) break;
          work_ready.Wait(mu);
        }
        if (job == nullptr) {
          if (queue.empty()) return;
          task = std::move(queue.front());
          queue.pop_front();
        }
      }
      if (job != nullptr) {
        HelpJob(job);
      } else {
        task();
      }
    }
  }
};

ThreadPool::ThreadPool(std::string name, size_t threads, size_t queue_limit, Priority priority)
    : impl_(std::make_unique<Impl>(std::move(name), queue_limit, priority)) {
  MutexLock lock(impl_->join_mu);
  for (size_t i = 0; i < std::max<size_t>(1, threads); ++i) {
    try {
      impl_->threads.emplace_back([impl = impl_.get(), i] { impl->Work(i); });
    } catch (const std::system_error& error) {
      LogError("pool {}: thread {} of {}: {}", impl_->name, i + 1, threads, error.what());
      if (impl_->threads.empty()) std::terminate();  // nothing would ever run its tasks
      break;
    }
  }
  impl_->thread_count = impl_->threads.size();
}

ThreadPool::~ThreadPool() { Shutdown(); }

Status ThreadPool::Submit(std::function<void()> task) {
  {
    MutexLock lock(impl_->mu);
    if (impl_->stopping) {
      return Status::Unavailable("pool " + impl_->name + " is shutting down");
    }
    if (impl_->queue.size() >= impl_->queue_limit) {
      return Status::ResourceExhausted("pool " + impl_->name + " has its limit of " +
                                           std::to_string(impl_->queue_limit) + " waiting tasks",
                                       100);
    }
    impl_->queue.push_back(std::move(task));
  }
  impl_->work_ready.NotifyOne();
  return Status::Ok();
}

void ThreadPool::ParallelFor(size_t n, size_t max_workers, const std::function<void(size_t)>& fn) {
  if (n == 0) return;
  size_t workers = std::min(n, threads() + 1);
  if (max_workers != 0) workers = std::min(workers, max_workers);
  ParallelJob job{.fn = &fn, .n = n, .wanted = workers - 1};
  if (workers == 1) {
    job.Run();
    return;
  }
  {
    MutexLock lock(impl_->mu);
    impl_->jobs.push_back(&job);
  }
  for (size_t i = 1; i < workers; ++i) impl_->work_ready.NotifyOne();
  job.Run();
  MutexLock lock(impl_->mu);
  impl_->jobs.remove(&job);
  while (job.active != 0) impl_->job_left.Wait(impl_->mu);
}

void ThreadPool::Shutdown() {
  MutexLock join_lock(impl_->join_mu);
  {
    MutexLock lock(impl_->mu);
    impl_->stopping = true;
  }
  impl_->work_ready.NotifyAll();
  for (std::thread& thread : impl_->threads) {
    if (thread.joinable()) thread.join();
  }
}

size_t ThreadPool::threads() const { return impl_->thread_count; }

size_t ThreadPool::queued() const {
  MutexLock lock(impl_->mu);
  return impl_->queue.size();
}

}  // namespace sagitta::base
