// ExpiryOrder: the rows of a growing segment that expire, by time, so that a read looks at those
// alone that have expired. One thread adds while any number visit.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/mutex.h"

namespace sagitta::engine {

class ExpiryOrder {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  static constexpr size_t kEntryBytes = 16;

  void Add(uint32_t row, int64_t expires_at_ms) EXCLUDES_LOCK(mu_);

  // The earliest expiry, kNever when no row has one. Takes no lock.
  int64_t first_ms() const { return first_ms_.load(std::memory_order_acquire); }

  // Calls visit(row) for the rows whose expiry is ≤ now_ms. Takes no lock when there is none.
  template <typename Visit>
  void VisitExpired(int64_t now_ms, const Visit& visit) const EXCLUDES_LOCK(mu_) {
    if (first_ms() > now_ms) return;
    if (has_tail_.load(std::memory_order_acquire)) Sort();
    base::ReaderLock lock(mu_);
    size_t i = 0;
    while (i < sorted_ && entries_[i].expires_at_ms <= now_ms) visit(entries_[i++].row);
    // Added since it was sorted.
    for (i = sorted_; i < entries_.size(); ++i) {
      if (entries_[i].expires_at_ms <= now_ms) visit(entries_[i].row);
    }
  }

 private:
  struct Entry {
    int64_t expires_at_ms;
    uint32_t row;
  };
  static_assert(sizeof(Entry) == kEntryBytes);

  void Sort() const EXCLUDES_LOCK(mu_);

  std::atomic<int64_t> first_ms_{kNever};
  mutable std::atomic<bool> has_tail_{false};
  mutable base::SharedMutex mu_;
  mutable std::vector<Entry> entries_ GUARDED_BY(mu_);
  mutable size_t sorted_ GUARDED_BY(mu_) = 0;  // the first so many are in order of time
};

}  // namespace sagitta::engine
