// Mutexes that clang's -Wthread-safety understands, and the attribute macros that go with them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#if defined(__clang__)
#define SAGITTA_TSA(x) __attribute__((x))
#else
#define SAGITTA_TSA(x)
#endif

// Abseil, which gRPC includes, has macros of the same names and meaning.
#undef GUARDED_BY
#undef NO_THREAD_SAFETY_ANALYSIS
#define GUARDED_BY(x) SAGITTA_TSA(guarded_by(x))
#define REQUIRES_LOCK(...) SAGITTA_TSA(requires_capability(__VA_ARGS__))
#define REQUIRES_SHARED_LOCK(...) SAGITTA_TSA(requires_shared_capability(__VA_ARGS__))
#define EXCLUDES_LOCK(...) SAGITTA_TSA(locks_excluded(__VA_ARGS__))
#define NO_THREAD_SAFETY_ANALYSIS SAGITTA_TSA(no_thread_safety_analysis)

namespace sagitta::base {

class SAGITTA_TSA(capability("mutex")) Mutex {
 public:
  void Lock() SAGITTA_TSA(acquire_capability()) { mu_.lock(); }
  void Unlock() SAGITTA_TSA(release_capability()) { mu_.unlock(); }
  bool TryLock() SAGITTA_TSA(try_acquire_capability(true)) { return mu_.try_lock(); }

 private:
  friend class CondVar;
  std::mutex mu_;
};

class SAGITTA_TSA(capability("mutex")) SharedMutex {
 public:
  void Lock() SAGITTA_TSA(acquire_capability()) { mu_.lock(); }
  void Unlock() SAGITTA_TSA(release_capability()) { mu_.unlock(); }
  void LockShared() SAGITTA_TSA(acquire_shared_capability()) { mu_.lock_shared(); }
  void UnlockShared() SAGITTA_TSA(release_shared_capability()) { mu_.unlock_shared(); }

 private:
  std::shared_mutex mu_;
};

class SAGITTA_TSA(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mu) SAGITTA_TSA(acquire_capability(mu)) : mu_(mu) { mu_.Lock(); }
  ~MutexLock() SAGITTA_TSA(release_capability()) { mu_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mu_;
};

class SAGITTA_TSA(scoped_lockable) WriterLock {
 public:
  explicit WriterLock(SharedMutex& mu) SAGITTA_TSA(acquire_capability(mu)) : mu_(mu) { mu_.Lock(); }
  ~WriterLock() SAGITTA_TSA(release_capability()) { mu_.Unlock(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  SharedMutex& mu_;
};

class SAGITTA_TSA(scoped_lockable) ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mu) SAGITTA_TSA(acquire_shared_capability(mu)) : mu_(mu) {
    mu_.LockShared();
  }
  ~ReaderLock() SAGITTA_TSA(release_generic_capability()) { mu_.UnlockShared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mu_;
};

// A condition variable for Mutex. Wakes may be spurious: wait in a loop.
class CondVar {
 public:
  void Wait(Mutex& mu) REQUIRES_LOCK(mu) {
    std::unique_lock<std::mutex> lock(mu.mu_, std::adopt_lock);
    cv_.wait(lock);
    lock.release();
  }
  // False when `deadline` passed.
  bool WaitUntil(Mutex& mu, std::chrono::steady_clock::time_point deadline) REQUIRES_LOCK(mu) {
    std::unique_lock<std::mutex> lock(mu.mu_, std::adopt_lock);
    const bool woken = cv_.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return woken;
  }
  void NotifyOne() { cv_.notify_one(); }
  void NotifyAll() { cv_.notify_all(); }

 private:
  std::condition_variable cv_;
};

}  // namespace sagitta::base
