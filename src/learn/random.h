// Pseudo-random numbers that are the same with every standard library, from one word of state.
#pragma once

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace sagitta::learn {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // SplitMix64 (Steele et al., "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  uint64_t Below(uint64_t bound) { return Next() % bound; }  // the bias of small bounds is nothing
  // In (0, 1].
  double Uniform() { return static_cast<double>((Next() >> 11) + 1) * 0x1p-53; }
  // Of deviation 1 (Box and Muller).
  float Normal() {
    constexpr double kTurn = 6.283185307179586;
    const double radius = std::sqrt(-2.0 * std::log(Uniform()));
    return static_cast<float>(radius * std::cos(kTurn * Uniform()));
  }
  // 0 … n − 1 in random order.
  std::vector<uint32_t> Permutation(size_t n) {
    std::vector<uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0u);
    for (size_t i = n; i > 1; --i) std::swap(order[i - 1], order[Below(i)]);
    return order;
  }

 private:
  uint64_t state_;
};

}  // namespace sagitta::learn
