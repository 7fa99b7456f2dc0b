#include "engine/expiry_order.h"

#include <algorithm>

namespace sagitta::engine {

void ExpiryOrder::Add(uint32_t row, int64_t expires_at_ms) {
  base::WriterLock lock(mu_);
  // Where every point lives equally long, they come in order.
  const bool in_order = sorted_ == entries_.size() &&
                        (sorted_ == 0 || entries_.back().expires_at_ms <= expires_at_ms);
  entries_.push_back({expires_at_ms, row});
  if (in_order) {
    ++sorted_;
  } else {
    has_tail_.store(true, std::memory_order_release);
  }
  if (expires_at_ms < first_ms()) first_ms_.store(expires_at_ms, std::memory_order_release);
}

void ExpiryOrder::Sort() const {
  base::WriterLock lock(mu_);
  const auto earlier = [](const Entry& a, const Entry& b) {
    return a.expires_at_ms < b.expires_at_ms;
  };
  const auto tail = entries_.begin() + static_cast<std::ptrdiff_t>(sorted_);
  std::sort(tail, entries_.end(), earlier);
  std::inplace_merge(entries_.begin(), tail, entries_.end(), earlier);
  sorted_ = entries_.size();
  has_tail_.store(false, std::memory_order_release);
}

}  // namespace sagitta::engine
