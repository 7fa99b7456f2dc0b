// RangeSteps: turns ranges of a list of rows into bitmaps without setting a bit for every row. It
// keeps the bitmaps of the list's beginnings, a step apart: a range is the difference of two of
// them, corrected at both ends. Immutable once made, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bitset.h"

namespace sagitta::filter {

class RangeSteps {
 public:
  RangeSteps() = default;
  // Of a list that is worth it, else empty: one that is long, holds a good part of all rows, and
  // none of them twice.
  explicit RangeSteps(std::span<const uint32_t> rows);

  // Whether Mark serves a range of `length` rows better than one bit after the other.
  bool Serves(size_t length) const { return !steps_.empty() && length > step_; }
  // The rows [begin, end) of the list it was made of, below `size`, as a bitmap of that size.
  // REQUIRES: Serves(end - begin).
  base::Bitset Mark(std::span<const uint32_t> rows, size_t begin, size_t end, size_t size) const;

  size_t MemoryBytes() const;

 private:
  static constexpr size_t kSteps = 16;
  static constexpr size_t kLeastRows = 4096;

  size_t step_ = 0;
  std::vector<base::Bitset> steps_;  // [i]: of the first i · step_ rows, or of all
};

}  // namespace sagitta::filter
