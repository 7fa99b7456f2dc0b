// Stopwatch: seconds since it was made. Thread-compatible.
#pragma once

#include <chrono>

namespace sagitta::base {

class Stopwatch {
 public:
  double Seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace sagitta::base
