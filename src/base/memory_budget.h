// MemoryBudget: one limit on bytes that mutable segments, caches and requests may hold.
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "sagitta/status.h"

namespace sagitta::base {

class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t limit_bytes) : limit_(limit_bytes) {}

  // RESOURCE_EXHAUSTED naming `what`, the bytes asked for, used and allowed.
  Status Reserve(uint64_t bytes, std::string_view what);
  void ForceReserve(uint64_t bytes) { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void Release(uint64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  uint64_t limit() const { return limit_; }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> used_{0};
};

// Bytes of a budget, until it ends. Not thread-safe.
class Reservation {
 public:
  explicit Reservation(MemoryBudget* budget) : budget_(budget) {}
  ~Reservation() { budget_->Release(bytes_); }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  Status Take(uint64_t bytes, std::string_view what) {
    SAGITTA_RETURN_IF_ERROR(budget_->Reserve(bytes, what));
    bytes_ += bytes;
    return Status::Ok();
  }

 private:
  MemoryBudget* budget_;
  uint64_t bytes_ = 0;
};

// Bytes of memory that this process may use: the control group's limit (v2 or v1) or the machine's.
uint64_t AvailableMemoryBytes();
// Cores likewise (cgroup cpu.max, affinity), at least 1.
uint32_t AvailableCores();
// Resident memory of this process, mapped pages included; 0 where the system does not say.
uint64_t ProcessResidentBytes();

}  // namespace sagitta::base
