// The oracle: no encoding, no index, no shared comparison code.
#include <functional>
#include <limits>

#include "tests/filter/random_filters.h"

namespace sagitta::filter {
namespace {

static_assert(std::numeric_limits<long double>::digits >= 64, "must hold any int64 and any double");

using Kind = Value::Kind;

// What the path leads to, lists at its end not opened.
void Collect(const Value& value, std::string_view path, std::vector<const Value*>* out) {
  if (path.empty()) {
    out->push_back(&value);
    return;
  }
  const size_t dot = std::min(path.find('.'), path.size());
  const ValueObject* object = value.AsObject();
  if (object == nullptr) return;
  const auto at = object->find(path.substr(0, dot));
  if (at == object->end()) return;
  const std::string_view rest = dot == path.size() ? "" : path.substr(dot + 1);
  const ValueList* list = at->second.AsList();
  if (rest.empty() || list == nullptr) return Collect(at->second, rest, out);
  for (const Value& element : *list) Collect(element, rest, out);
}

std::optional<long double> AsNumber(const Value& value) {
  if (value.AsInt64()) return *value.AsInt64();
  if (value.AsDouble()) return *value.AsDouble();
  return std::nullopt;
}

bool Equal(const Value& a, const Value& b) {
  const auto x = AsNumber(a);
  const auto y = AsNumber(b);
  if (x && y) return *x == *y;
  return a == b;
}

bool Within(long double number, const Filter& filter) {
  if (filter.lower) {
    const long double bound = *AsNumber(filter.lower->value);
    if (filter.lower->inclusive ? number < bound : number <= bound) return false;
  }
  if (filter.upper) {
    const long double bound = *AsNumber(filter.upper->value);
    if (filter.upper->inclusive ? number > bound : number >= bound) return false;
  }
  return true;
}

bool Any(const std::vector<const Value*>& values, const std::function<bool(const Value&)>& holds) {
  for (const Value* value : values) {
    if (holds(*value)) return true;
    if (value->AsList() == nullptr) continue;
    for (const Value& element : *value->AsList()) {
      if (holds(element)) return true;
    }
  }
  return false;
}

bool Empty(const Value& value) {
  return value.is_null() || value == Value("") || value == Value(ValueList()) ||
         value == Value(ValueObject());
}

bool InDatetimes(const Value& value, const Filter& filter) {
  if (value.AsInt64()) return Within(*value.AsInt64(), filter);
  if (!value.AsString()) return false;
  const auto ms = ParseDatetimeMs(*value.AsString());
  return ms.ok() && Within(*ms, filter);
}

bool LeafMatches(const Filter& filter, const std::vector<const Value*>& values) {
  switch (filter.op) {
    case Filter::Op::kEquals:
    case Filter::Op::kIn:
    case Filter::Op::kNotIn: {
      const bool in = Any(values, [&](const Value& value) {
        for (const Value& operand : filter.values) {
          if (Equal(value, operand)) return true;
        }
        return false;
      });
      return in != (filter.op == Filter::Op::kNotIn);
    }
    case Filter::Op::kRange:
      return Any(values, [&](const Value& value) {
        return AsNumber(value) && Within(*AsNumber(value), filter);
      });
    case Filter::Op::kDatetimeRange:
      return Any(values, [&](const Value& value) { return InDatetimes(value, filter); });
    case Filter::Op::kIsNull:
      return Any(values, [](const Value& value) { return value.is_null(); });
    case Filter::Op::kExists:
      return !values.empty();
    default:  // kIsEmpty
      for (const Value* value : values) {
        if (Empty(*value)) return true;
      }
      return values.empty();
  }
}

}  // namespace

bool NaiveMatches(const Filter& filter, const Payload& payload, const PointId& id) {
  switch (filter.op) {
    case Filter::Op::kAnd:
      for (const Filter& child : filter.children) {
        if (!NaiveMatches(child, payload, id)) return false;
      }
      return true;
    case Filter::Op::kOr:
      for (const Filter& child : filter.children) {
        if (NaiveMatches(child, payload, id)) return true;
      }
      return false;
    case Filter::Op::kNot:
      return !NaiveMatches(filter.children[0], payload, id);
    case Filter::Op::kIdIn:
      for (const PointId& wanted : filter.ids) {
        if (wanted == id) return true;
      }
      return false;
    default: {
      const Value whole(payload);
      std::vector<const Value*> values;
      Collect(whole, filter.path, &values);
      return LeafMatches(filter, values);
    }
  }
}

}  // namespace sagitta::filter
