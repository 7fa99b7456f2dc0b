// IoThreadLoan: leave to do a read's work on the thread of gRPC that received it.
//
// Waking a pool's thread costs a short search a good part of its time. But gRPC carries the I/O of
// all calls on a few threads, two on a small machine, and a call that keeps the last of them busy
// makes every other call wait. So all but one may be lent, and who gets no loan uses the pool.
#pragma once

#include <atomic>
#include <cstdint>

namespace sagitta::server {

// Counts the threads that are lent. Thread-safe.
class IoThreads {
 public:
  // REQUIRES: `lendable` is below the number of threads that gRPC has.
  explicit IoThreads(uint32_t lendable) : lendable_(lendable) {}

  // How many threads gRPC 1.51 has for callbacks, less one.
  static uint32_t Lendable();

 private:
  friend class IoThreadLoan;
  const uint32_t lendable_;
  std::atomic<uint32_t> lent_{0};
};

// Returned when it goes out of scope.
class IoThreadLoan {
 public:
  IoThreadLoan() = default;
  explicit IoThreadLoan(IoThreads& threads) {
    if (threads.lent_.fetch_add(1, std::memory_order_relaxed) < threads.lendable_) {
      threads_ = &threads;
    } else {
      threads.lent_.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  IoThreadLoan(const IoThreadLoan&) = delete;
  IoThreadLoan& operator=(const IoThreadLoan&) = delete;
  ~IoThreadLoan() {
    if (threads_ != nullptr) threads_->lent_.fetch_sub(1, std::memory_order_relaxed);
  }
  bool granted() const { return threads_ != nullptr; }

 private:
  IoThreads* threads_ = nullptr;
};

}  // namespace sagitta::server
