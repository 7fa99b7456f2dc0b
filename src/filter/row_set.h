// RowSet: the rows that hold one value. A handful is a plain array, as most values of a keyword
// such as a URL have one row; more are a Roaring bitmap. Thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bitset.h"

class Roaring;

namespace sagitta::filter {

class RowSet {
 public:
  RowSet();
  ~RowSet();
  RowSet(RowSet&&) noexcept;
  RowSet& operator=(RowSet&&) noexcept;

  // REQUIRES: `row` is not below any row in the set. A row that is there already changes nothing.
  void Add(uint32_t row);
  uint64_t size() const { return size_; }
  // Sets the bits of the rows below rows->size().
  void OrInto(base::Bitset* rows) const;
  // How many rows are in both.
  uint64_t CommonRows(const RowSet& other) const;
  void Compress();  // run-length containers where they are smaller; no spare capacity

  // Format in docs/payload-format.md.
  void Serialize(std::string* out) const;
  // Reads off the front of `in`. False on malformed bytes or a row at or over `row_limit`.
  static bool Deserialize(std::string_view& in, uint64_t row_limit, RowSet* out);
  // What lies outside the object itself.
  size_t HeapBytes() const;

 private:
  static constexpr size_t kMaxFew = 32;

  std::vector<uint32_t> few_;  // ascending; empty once there are many
  std::unique_ptr<Roaring> many_;
  uint32_t size_ = 0;
  uint32_t last_ = 0;  // the greatest row, when there is any
};

}  // namespace sagitta::filter
