// Exact order of numbers across int64 and double: no cast that rounds decides a comparison.
#pragma once

#include <cstdint>
#include <optional>

#include "filter/payload_codec.h"
#include "sagitta/filter.h"
#include "sagitta/value.h"

namespace sagitta::filter {

// −1, 0 or 1 as a is less than, equal to or greater than b. REQUIRES: doubles are not NaN.
inline int CompareNumbers(int64_t a, int64_t b) { return a < b ? -1 : a > b; }
inline int CompareNumbers(double a, double b) { return a < b ? -1 : a > b; }
inline int CompareNumbers(int64_t a, double b) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (b >= kTwoTo63) return -1;
  if (b < -kTwoTo63) return 1;
  // The integer part of b fits an int64 exactly, and what is left of b is exact as well.
  const int64_t whole = static_cast<int64_t>(b);
  if (a != whole) return a < whole ? -1 : 1;
  const double rest = b - static_cast<double>(whole);
  return rest > 0 ? -1 : rest < 0;
}
inline int CompareNumbers(double a, int64_t b) { return -CompareNumbers(b, a); }

// Whether a double holds `v` without rounding.
inline bool IsExactDouble(int64_t v) { return CompareNumbers(v, static_cast<double>(v)) == 0; }

struct Number {
  bool is_double = false;
  int64_t int64 = 0;
  double dbl = 0;

  static std::optional<Number> From(const Value& v) {
    if (const int64_t* i = v.AsInt64()) return Number{false, *i, 0};
    if (const double* d = v.AsDouble()) return Number{true, 0, *d};
    return std::nullopt;
  }
  static std::optional<Number> From(const ValueView& v) {
    if (v.kind == Value::Kind::kInt64) return Number{false, v.int64, 0};
    if (v.kind == Value::Kind::kDouble) return Number{true, 0, v.dbl};
    return std::nullopt;
  }
};

// T: int64_t or double.
template <typename T>
int CompareNumbers(T a, const Number& b) {
  return b.is_double ? CompareNumbers(a, b.dbl) : CompareNumbers(a, b.int64);
}
inline int CompareNumbers(const Number& a, const Number& b) {
  return a.is_double ? CompareNumbers(a.dbl, b) : CompareNumbers(a.int64, b);
}

// A range of numbers. An absent bound is open.
struct Interval {
  std::optional<Number> lower;
  std::optional<Number> upper;
  bool lower_inclusive = true;
  bool upper_inclusive = true;

  static Interval Of(const Number& number) { return {number, number, true, true}; }
  // REQUIRES: the bounds are int64 or finite double.
  static Interval Of(const Filter& bounds) {
    Interval out;
    if (bounds.lower) {
      out.lower = Number::From(bounds.lower->value);
      out.lower_inclusive = bounds.lower->inclusive;
    }
    if (bounds.upper) {
      out.upper = Number::From(bounds.upper->value);
      out.upper_inclusive = bounds.upper->inclusive;
    }
    return out;
  }

  // T: int64_t, double or Number.
  template <typename T>
  bool IsBelow(const T& v) const {  // v lies below the interval
    const int order = lower ? CompareNumbers(v, *lower) : 1;
    return order < 0 || (order == 0 && !lower_inclusive);
  }
  template <typename T>
  bool IsAbove(const T& v) const {
    const int order = upper ? CompareNumbers(v, *upper) : -1;
    return order > 0 || (order == 0 && !upper_inclusive);
  }
  template <typename T>
  bool Contains(const T& v) const {
    return !IsBelow(v) && !IsAbove(v);
  }
};

}  // namespace sagitta::filter
