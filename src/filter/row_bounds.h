// RowBounds: what is known about which rows match, as two sets: rows that surely do, and rows that
// possibly do. Rows in the second alone are unknown. And, or and not act on both word by word.
// Thread-compatible.
#pragma once

#include <utility>

#include "base/bitset.h"

namespace sagitta::filter {

class RowBounds {
 public:
  static RowBounds Exact(base::Bitset rows) { return RowBounds(std::move(rows)); }
  static RowBounds All(size_t rows) { return Exact(base::Bitset(rows, true)); }
  static RowBounds None(size_t rows) { return Exact(base::Bitset(rows)); }
  static RowBounds Unknown(size_t rows) {
    return RowBounds(base::Bitset(rows), base::Bitset(rows, true));
  }
  // `unsure` in addition to `matches`; of the same size.
  static RowBounds Of(base::Bitset matches, base::Bitset unsure) {
    Combine(&unsure, matches, [](uint64_t a, uint64_t b) { return a | b; });
    return RowBounds(std::move(matches), std::move(unsure));
  }

  void And(const RowBounds& other) {
    Each(other, [](uint64_t a, uint64_t b) { return a & b; });
  }
  void Or(const RowBounds& other) {
    Each(other, [](uint64_t a, uint64_t b) { return a | b; });
  }
  void Not() {
    if (!exact_) std::swap(sure_, possible_);
    Flip(&sure_);
    if (!exact_) Flip(&possible_);
  }

  bool exact() const { return exact_; }  // nothing is unknown
  const base::Bitset& sure() const { return sure_; }
  base::Bitset& sure() { return sure_; }
  const base::Bitset& possible() const { return exact_ ? sure_ : possible_; }

  // Whether no row of `live` possibly matches / every row of `live` surely does.
  bool NoneOf(const base::Bitset& live) const {
    return !AnyWord(possible(), live, [](uint64_t a, uint64_t b) { return a & b; });
  }
  bool AllOf(const base::Bitset& live) const {
    return !AnyWord(sure_, live, [](uint64_t a, uint64_t b) { return ~a & b; });
  }
  // Rows of `live` that are unknown.
  base::Bitset Pending(const base::Bitset& live) const {
    base::Bitset rows = live;
    Combine(&rows, possible(), [](uint64_t a, uint64_t b) { return a & b; });
    Combine(&rows, sure_, [](uint64_t a, uint64_t b) { return a & ~b; });
    return rows;
  }

 private:
  explicit RowBounds(base::Bitset rows) : exact_(true), sure_(std::move(rows)) {}
  RowBounds(base::Bitset sure, base::Bitset possible)
      : exact_(false), sure_(std::move(sure)), possible_(std::move(possible)) {}

  template <typename Fn>
  static void Combine(base::Bitset* into, const base::Bitset& from, Fn fn) {
    uint64_t* a = into->words();
    const uint64_t* b = from.words();
    for (size_t i = 0; i < into->word_count(); ++i) a[i] = fn(a[i], b[i]);
  }
  template <typename Fn>
  static bool AnyWord(const base::Bitset& a, const base::Bitset& b, Fn fn) {
    for (size_t i = 0; i < a.word_count(); ++i) {
      if (fn(a.words()[i], b.words()[i]) != 0) return true;
    }
    return false;
  }
  template <typename Fn>
  void Each(const RowBounds& other, Fn fn) {
    if (exact_ && !other.exact_) {
      possible_ = sure_;
      exact_ = false;
    }
    if (!exact_) Combine(&possible_, other.possible(), fn);
    Combine(&sure_, other.sure_, fn);
  }
  static void Flip(base::Bitset* rows) {
    uint64_t* words = rows->words();
    for (size_t i = 0; i < rows->word_count(); ++i) words[i] = ~words[i];
    const size_t rest = rows->size() % 64;
    if (rest != 0) words[rows->word_count() - 1] &= (uint64_t{1} << rest) - 1;
  }

  // Invariants: all sets have the same size; `sure_` lies within `possible_`.
  bool exact_;  // `possible_` is not kept
  base::Bitset sure_;
  base::Bitset possible_;
};

}  // namespace sagitta::filter
