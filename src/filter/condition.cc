#include "filter/condition.h"

#include <algorithm>

#include "filter/datetime.h"
#include "filter/payload_walk.h"

namespace sagitta::filter {
namespace {

using Op = Filter::Op;
using Kind = Value::Kind;

// Below this a scan of the operands is no slower than a search.
constexpr size_t kFewOperands = 8;

bool IsDatetimeWithin(const ValueView& value, const Interval& interval) {
  int64_t ms;
  if (value.kind == Kind::kInt64) return interval.Contains(value.int64);
  return value.kind == Kind::kString && ParseDatetime(value.text, &ms) && interval.Contains(ms);
}

}  // namespace

bool EqualsOperand(const ValueView& value, const Value& operand) {
  if (value.kind == Kind::kString) {
    const std::string* text = operand.AsString();
    return text != nullptr && *text == value.text;
  }
  if (value.kind == Kind::kBool) {
    const bool* boolean = operand.AsBool();
    return boolean != nullptr && *boolean == value.boolean;
  }
  const std::optional<Number> a = Number::From(value);
  const std::optional<Number> b = a ? Number::From(operand) : std::nullopt;
  return b && CompareNumbers(*a, *b) == 0;
}

bool IsEmptyValue(const ValueView& value) {
  switch (value.kind) {
    case Kind::kNull:
      return true;
    case Kind::kString:
    case Kind::kList:
    case Kind::kObject:
      return value.text.empty();
    default:
      return false;
  }
}

Condition::Condition(const Filter& leaf, bool many)
    : leaf_(leaf), path_(leaf.path), interval_(Interval::Of(leaf)) {
  if (leaf.op == Op::kGeoRadius || leaf.op == Op::kGeoBox || leaf.op == Op::kGeoPolygon) {
    region_ = GeoRegion::Of(leaf);
  }
  if (leaf.op == Op::kMatch) text_ = std::make_unique<TextMatcher>(leaf);
  if (leaf.op == Op::kNested) nested_ = std::make_unique<ObjectFilter>(leaf.children[0], many);
  if (!many || leaf.values.size() <= kFewOperands) return;
  for (const Value& value : leaf.values) {
    if (const bool* boolean = value.AsBool()) lists_bool_[*boolean] = true;
    if (const std::string* text = value.AsString()) strings_.push_back(*text);
    if (const std::optional<Number> number = Number::From(value)) numbers_.push_back(*number);
  }
  std::sort(strings_.begin(), strings_.end());
  std::sort(numbers_.begin(), numbers_.end(),
            [](const Number& a, const Number& b) { return CompareNumbers(a, b) < 0; });
  sorted_ = true;
}

Condition::~Condition() = default;

bool Condition::Matches(std::string_view payload) const {
  std::string_view entries;
  uint32_t count;
  // Malformed bytes are the empty payload.
  if (!OpenPayload(payload, &entries, &count)) entries = {};
  return MatchesObject(entries);
}

bool Condition::MatchesObject(std::string_view entries) const {
  switch (leaf_.op) {
    case Op::kExists:
      return WalkObject(entries, path_, [](const ValueView&, bool) { return true; });
    case Op::kIsEmpty: {
      bool empty = false;
      const bool present = WalkObject(entries, path_, [&](const ValueView& value, bool element) {
        empty = empty || (!element && IsEmptyValue(value));
        return !empty;
      });
      return empty || !present;
    }
    case Op::kNotIn:
      return !MatchesAnyValue(entries);
    default:
      return MatchesAnyValue(entries);
  }
}

bool Condition::MatchesAnyValue(std::string_view entries) const {
  bool found = false;
  WalkObject(entries, path_, [&](const ValueView& value, bool) {
    found = Holds(value);
    return !found;
  });
  return found;
}

bool Condition::Holds(const ValueView& value) const {
  switch (leaf_.op) {
    case Op::kEquals:
    case Op::kIn:
    case Op::kNotIn:
      return ListsValue(value);
    case Op::kRange: {
      const std::optional<Number> number = Number::From(value);
      return number && interval_.Contains(*number);
    }
    case Op::kDatetimeRange:
      return IsDatetimeWithin(value, interval_);
    case Op::kIsNull:
      return value.kind == Kind::kNull;
    case Op::kNested:
      return value.kind == Kind::kObject && nested_->Matches(value.text);
    case Op::kMatch:
      return value.kind == Kind::kString && text_->Holds(value.text);
    case Op::kGeoRadius:
    case Op::kGeoBox:
    case Op::kGeoPolygon: {
      GeoPoint point;
      return ReadGeoPoint(value, &point) && region_->Contains(point);
    }
    default:
      return false;
  }
}

bool Condition::ListsValue(const ValueView& value) const {
  if (!sorted_) {
    return std::any_of(leaf_.values.begin(), leaf_.values.end(),
                       [&](const Value& operand) { return EqualsOperand(value, operand); });
  }
  if (value.kind == Kind::kBool) return lists_bool_[value.boolean];
  if (value.kind == Kind::kString) {
    return std::binary_search(strings_.begin(), strings_.end(), value.text);
  }
  const std::optional<Number> number = Number::From(value);
  return number && std::binary_search(
                       numbers_.begin(), numbers_.end(), *number,
                       [](const Number& a, const Number& b) { return CompareNumbers(a, b) < 0; });
}

ObjectFilter::ObjectFilter(const Filter& filter, bool many) : filter_(filter) {
  if (filter.op != Op::kAnd && filter.op != Op::kOr && filter.op != Op::kNot) {
    condition_ = std::make_unique<Condition>(filter, many);
    return;
  }
  children_.reserve(filter.children.size());
  for (const Filter& child : filter.children) children_.emplace_back(child, many);
}

bool ObjectFilter::Matches(std::string_view entries) const {
  const auto matches = [&](const ObjectFilter& child) { return child.Matches(entries); };
  switch (filter_.op) {
    case Op::kAnd:
      return std::all_of(children_.begin(), children_.end(), matches);
    case Op::kOr:
      return std::any_of(children_.begin(), children_.end(), matches);
    case Op::kNot:
      return !matches(children_.front());
    default:
      return condition_->MatchesObject(entries);
  }
}

}  // namespace sagitta::filter
