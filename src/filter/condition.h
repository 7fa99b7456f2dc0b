// A leaf condition of a filter, tested against encoded payloads: the one place that says what a
// condition means; indexes are tested against it. Thread-compatible: each thread wants its own.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "filter/geo_region.h"
#include "filter/number.h"
#include "filter/payload_path.h"
#include "filter/text_match.h"
#include "sagitta/filter.h"

namespace sagitta::filter {

// Whether a value of a payload equals an operand of kEquals or kIn.
bool EqualsOperand(const ValueView& value, const Value& operand);
// null, "", [] or {}.
bool IsEmptyValue(const ValueView& value);

class ObjectFilter;

class Condition {
 public:
  // REQUIRES: `leaf` is valid, of an op with a path, and outlives this. `many`: make ready for many
  // payloads (sorts the operands of kIn, so that each costs a binary search).
  Condition(const Filter& leaf, bool many);
  ~Condition();

  bool Matches(std::string_view payload) const;
  // The same for an object inside a payload, by its encoded entries (ValueView::text).
  bool MatchesObject(std::string_view entries) const;

 private:
  bool MatchesAnyValue(std::string_view entries) const;
  bool Holds(const ValueView& value) const;
  bool ListsValue(const ValueView& value) const;

  const Filter& leaf_;
  PayloadPath path_;
  Interval interval_;                     // kRange, kDatetimeRange
  std::unique_ptr<GeoRegion> region_;     // kGeo…
  std::unique_ptr<TextMatcher> text_;     // kMatch
  std::unique_ptr<ObjectFilter> nested_;  // kNested
  bool sorted_ = false;                   // the operands are in those below
  bool lists_bool_[2] = {false, false};
  std::vector<Number> numbers_;
  std::vector<std::string_view> strings_;
};

// A whole filter over one object: what kNested asks of each. Thread-compatible, as Condition is.
class ObjectFilter {
 public:
  // REQUIRES: as of Condition; no kIdIn.
  ObjectFilter(const Filter& filter, bool many);
  bool Matches(std::string_view entries) const;

 private:
  const Filter& filter_;
  std::vector<ObjectFilter> children_;    // of kAnd, kOr, kNot
  std::unique_ptr<Condition> condition_;  // of any other
};

}  // namespace sagitta::filter
