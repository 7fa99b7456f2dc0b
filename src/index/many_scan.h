// ManyScan: the exact scans of many queries over the same rows, which are read from memory once for
// all of them, a block that fits into the L2 cache at a time. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "index/vector_index.h"

namespace sagitta::index {

class ManyScan {
 public:
  // The segment rows of a run of vectors: positions[i], or first + i where there are none.
  struct RowNumbers {
    uint32_t first = 0;
    std::span<const uint32_t> positions;

    uint32_t operator()(size_t i) const {
      return positions.empty() ? first + static_cast<uint32_t>(i) : positions[i];
    }
  };

  // REQUIRES: `queries` outlive it, and share the cancel token; their filter.row_of is not used.
  // Empties their answers, which are segment rows.
  explicit ManyScan(std::span<ManyQuery> queries);

  // Compares every query with all of `rows`; `distances` is increased by the number of those.
  // CANCELLED or DEADLINE_EXCEEDED end it early.
  Status Add(const VectorRows& rows, const RowNumbers& numbers, uint64_t* distances);
  // Sorts the answers.
  void Finish();

 private:
  std::span<ManyQuery> queries_;
};

}  // namespace sagitta::index
