// The rows that a filter lets pass: one after the other, or listed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "index/vector_index.h"

namespace sagitta::index {

// The positions that pass, ascending.
class PassingRows {
 public:
  PassingRows(const RowFilter& filter, size_t n);
  // False when there is none left.
  bool Next(uint32_t* position);
  // Goes on from `position`.
  void Seek(uint32_t position);

 private:
  const RowFilter& filter_;
  const size_t n_;
  const bool by_words_;  // positions are segment rows
  size_t next_ = 0;
  uint64_t word_ = 0;
};

// The positions of a range that pass, ascending, and room for a key beside each. Memory is kept.
struct PassingList {
  std::vector<uint32_t> ids;  // longer than `count`, as are the keys
  std::vector<float> keys;
  size_t count = 0;

  // Lists those of [begin, end).
  void Start(const RowFilter& filter, size_t begin, size_t end);
  // Lists those below n of every `step`-th run of 64 positions: rows may lie in any order.
  void StartSample(const RowFilter& filter, size_t n, size_t step);
  Candidate operator[](size_t i) const { return {keys[i], ids[i]}; }
};

}  // namespace sagitta::index
