// SortedRows: (value, row) pairs in order of value, so that a range is a slice found by two binary
// searches. New pairs wait in an unsorted tail, read in full by each look-up, until it is worth a
// merge. Frozen, it marks long ranges by RangeSteps. Thread-compatible.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "filter/number.h"
#include "filter/range_steps.h"
#include "filter/value_column.h"

namespace sagitta::filter {

// T: int64_t or double (never NaN).
template <typename T>
class SortedRows {
 public:
  void Add(T value, uint32_t row) {
    // A list may hold a value twice.
    if (!tail_.empty() && tail_.back().row == row && tail_.back().value == value) return;
    tail_.push_back({value, row});
    // A tail that is a share of the whole keeps the cost of merging constant per pair.
    if (tail_.size() >= kMinMerge && tail_.size() >= values_.size() / 8) Merge();
  }

  void Find(const Interval& interval, RowSink* sink) const {
    const auto begin = std::partition_point(values_.begin(), values_.end(),
                                            [&](T v) { return interval.IsBelow(v); });
    const auto end =
        std::partition_point(begin, values_.end(), [&](T v) { return !interval.IsAbove(v); });
    const auto first = static_cast<size_t>(begin - values_.begin());
    const auto last = static_cast<size_t>(end - values_.begin());
    if (sink->marking() && steps_.Serves(last - first)) {
      sink->Add(steps_.Mark(rows_, first, last, sink->rows()), last - first);
    } else {
      sink->Add(std::span(rows_).subspan(first, last - first));
    }
    for (const Pair& pair : tail_) {
      if (interval.Contains(pair.value)) sink->Add(pair.row);
    }
  }

  void Freeze() {
    Merge();
    std::vector<Pair>().swap(tail_);  // unlike = {}, gives the memory back
    values_.shrink_to_fit();
    rows_.shrink_to_fit();
    steps_ = RangeSteps(rows_);
  }

  void Serialize(std::string* out) const {
    SortedRows sorted = *this;
    sorted.Merge();
    base::PutVarint(*out, sorted.values_.size());
    out->append(reinterpret_cast<const char*>(sorted.values_.data()),
                sorted.values_.size() * sizeof(T));
    out->append(reinterpret_cast<const char*>(sorted.rows_.data()),
                sorted.rows_.size() * sizeof(uint32_t));
  }

  bool Deserialize(std::string_view& in, uint64_t row_limit) {
    uint64_t count;
    if (!base::GetVarint(in, &count) || count > in.size() / (sizeof(T) + sizeof(uint32_t))) {
      return false;
    }
    values_.resize(count);
    rows_.resize(count);
    Take(in, values_);
    Take(in, rows_);
    for (uint64_t i = 0; i < count; ++i) {
      if constexpr (std::is_floating_point_v<T>) {
        if (!std::isfinite(values_[i])) return false;
      }
      if (rows_[i] >= row_limit || (i > 0 && values_[i] < values_[i - 1])) return false;
    }
    steps_ = RangeSteps(rows_);
    return true;
  }

  size_t MemoryBytes() const {
    return values_.capacity() * sizeof(T) + rows_.capacity() * sizeof(uint32_t) +
           tail_.capacity() * sizeof(Pair) + steps_.MemoryBytes();
  }

 private:
  static constexpr size_t kMinMerge = 1024;  // read in about a microsecond

  struct Pair {
    T value;
    uint32_t row;
    bool operator<(const Pair& other) const {
      return value < other.value || (value == other.value && row < other.row);
    }
  };

  template <typename U>
  static void Take(std::string_view& in, std::vector<U>& out) {
    const size_t bytes = out.size() * sizeof(U);
    if (bytes > 0) std::memcpy(out.data(), in.data(), bytes);
    in.remove_prefix(bytes);
  }

  // From the back, in place: the tail's pairs are the later ones, so no pair is overwritten before
  // it is read.
  void Merge() {
    std::sort(tail_.begin(), tail_.end());
    size_t old = values_.size();
    size_t fresh = tail_.size();
    values_.resize(old + fresh);
    rows_.resize(old + fresh);
    while (fresh > 0) {
      const Pair& pair = tail_[fresh - 1];
      const size_t at = old + fresh - 1;
      if (old > 0 && pair < Pair{values_[old - 1], rows_[old - 1]}) {
        --old;
        values_[at] = values_[old];
        rows_[at] = rows_[old];
      } else {
        --fresh;
        values_[at] = pair.value;
        rows_[at] = pair.row;
      }
    }
    tail_.clear();
  }

  std::vector<T> values_;
  std::vector<uint32_t> rows_;  // beside values_; for equal values they ascend
  std::vector<Pair> tail_;
  RangeSteps steps_;  // of rows_, once they are frozen
};

}  // namespace sagitta::filter
