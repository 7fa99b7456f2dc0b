// Backoff: when to try again what failed: after 1 s, then twice as long each time, at most a
// minute. Thread-compatible.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "sagitta/status.h"

namespace sagitta::compactor {

class Backoff {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds kFirst{1};
  static constexpr std::chrono::seconds kLongest{60};

  void Succeed() { *this = Backoff(); }
  void Fail(Status status, TimePoint now) {
    const int doublings = static_cast<int>(std::min<uint32_t>(failures_, 6));
    not_before_ = now + std::min<std::chrono::seconds>(kFirst * (1 << doublings), kLongest);
    ++failures_;
    last_ = std::move(status);
  }
  // Not a failure: the same again, but not before `until`.
  void Postpone(TimePoint until) { not_before_ = until; }

  bool Ready(TimePoint now) const { return now >= not_before_; }
  uint32_t failures() const { return failures_; }  // in a row
  const Status& last() const { return last_; }

 private:
  uint32_t failures_ = 0;
  TimePoint not_before_{};
  Status last_;
};

}  // namespace sagitta::compactor
