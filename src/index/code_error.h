// How far keys by codes are from those by stored vectors, as candidates are compared by both.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

namespace sagitta::index {

// Of keys by codes against keys by stored vectors.
class CodeError {
 public:
  void Add(float difference) {
    if (!std::isfinite(difference)) return;
    ++count_;
    sum_ += difference;
    squares_ += double{difference} * difference;
  }
  // The largest key by code with which a row may yet be nearer than `limit`, unless its code is off
  // by more than two deviations.
  float Bound(float limit) const {
    constexpr double kDeviations = 2.0;
    if (count_ < 2) return std::numeric_limits<float>::infinity();
    const double mean = sum_ / count_;
    const double deviation = std::sqrt(std::max(0.0, squares_ / count_ - mean * mean));
    return limit - static_cast<float>(mean - kDeviations * deviation);
  }

 private:
  double count_ = 0, sum_ = 0, squares_ = 0;
};

}  // namespace sagitta::index
