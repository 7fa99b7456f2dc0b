// What a second look at rows will add to the sums of a first one, as far as can be told.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/nearest_rows.h"

namespace sagitta::codec {

// A sum of many independent parts: that of the second look is hardly more than four standard
// deviations above its mean, except in rows that are like the query in all parts, the nearest ones.
// Those that are known tell how much it is with them. Not thread-safe.
class SecondLook {
 public:
  // REQUIRES: k > 0.
  explicit SecondLook(size_t k) : nearest_(k) {}

  // Both looks' sums of kBlockRows rows, whichever they are.
  void Learn(const uint32_t* first, const uint32_t* second);
  bool learned() const { return rows_ >= kLeastRows; }
  // Of a row that may be among the k nearest.
  void Keep(float key, uint32_t row, uint32_t second) { nearest_.Push({{key, row}, second}); }

  // REQUIRES: learned. Whether the first look tells most rows from the nearest ones.
  bool decided_by_first() const;
  // A row that is among the k nearest hardly gains more.
  float Most();

 private:
  static constexpr size_t kLeastRows = 256;

  struct Known : Near {
    uint32_t second;
  };
  struct Sums {
    double sum = 0, squares = 0;
    void Add(uint32_t v);
    double Mean(size_t n) const { return sum / static_cast<double>(n); }
    double Deviation(size_t n) const;
  };

  size_t rows_ = 0;
  Sums first_, second_;
  NearestRows<Known> nearest_;
};

}  // namespace sagitta::codec
