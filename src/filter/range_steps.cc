#include "filter/range_steps.h"

#include <algorithm>

namespace sagitta::filter {

RangeSteps::RangeSteps(std::span<const uint32_t> rows) {
  if (rows.size() < kLeastRows) return;
  const size_t bits = size_t{*std::max_element(rows.begin(), rows.end())} + 1;
  if (rows.size() < bits / 4) return;
  base::Bitset seen(bits);
  for (const uint32_t row : rows) seen.Set(row);
  if (seen.Count() != rows.size()) return;
  step_ = (rows.size() + kSteps - 1) / kSteps;
  steps_.reserve(kSteps + 1);
  base::Bitset beginning(bits);
  for (size_t begin = 0; begin < rows.size(); begin += step_) {
    steps_.push_back(beginning);
    const size_t end = std::min(begin + step_, rows.size());
    for (size_t i = begin; i < end; ++i) beginning.Set(rows[i]);
  }
  steps_.push_back(std::move(beginning));
}

base::Bitset RangeSteps::Mark(std::span<const uint32_t> rows, size_t begin, size_t end,
                              size_t size) const {
  const auto nearest = [&](size_t place) {
    return std::min((place + step_ / 2) / step_, steps_.size() - 1);
  };
  const size_t first = nearest(begin), last = nearest(end);
  // The range is longer than a step, so that the first step comes before the last.
  const size_t first_row = first * step_, last_row = std::min(last * step_, rows.size());
  base::Bitset marked(size);
  const uint64_t* low = steps_[first].words();
  const uint64_t* high = steps_[last].words();
  uint64_t* words = marked.words();
  const size_t count = std::min(marked.word_count(), steps_[last].word_count());
  for (size_t i = 0; i < count; ++i) words[i] = high[i] & ~low[i];
  marked.TrimTail();
  const auto set = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) {
      if (rows[i] < size) marked.Set(rows[i]);
    }
  };
  const auto clear = [&](size_t from, size_t to) {
    for (size_t i = from; i < to; ++i) {
      if (rows[i] < size) marked.Clear(rows[i]);
    }
  };
  set(begin, first_row);
  clear(first_row, begin);
  set(last_row, end);
  clear(end, last_row);
  return marked;
}

size_t RangeSteps::MemoryBytes() const {
  size_t bytes = steps_.capacity() * sizeof(base::Bitset);
  for (const base::Bitset& step : steps_) bytes += step.word_count() * sizeof(uint64_t);
  return bytes;
}

}  // namespace sagitta::filter
