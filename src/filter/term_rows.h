// TermRows: term → the rows that hold it, for keywords and for tokens of text. Thread-compatible.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "filter/row_set.h"

namespace sagitta::filter {

class TermRows {
 public:
  // REQUIRES: `row` is not below any added for this term.
  void Add(std::string_view term, uint32_t row);
  const RowSet* Find(std::string_view term) const;  // null when no row holds it
  template <typename Each>
  void ForEach(const Each& each) const {
    for (const auto& [term, rows] : rows_by_term_) each(term, rows);
  }

  void Freeze();
  void Serialize(std::string* out) const;
  // Reads off the front of `in`; false on malformed bytes or a term of more than `max_bytes`.
  bool Deserialize(std::string_view& in, uint64_t row_limit, size_t max_bytes);
  size_t MemoryBytes() const;  // in constant time; while growing, an estimate

 private:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Map = std::unordered_map<std::string, RowSet, TextHash, std::equal_to<>>;
  using Entry = Map::value_type;

  static size_t KeyBytes(std::string_view term);

  Map rows_by_term_;
  size_t bytes_ = 0;
};

}  // namespace sagitta::filter
