// Value: one payload value, with JSON's kinds except that int64 and double stay apart.
// Thread-compatible value type.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sagitta/status.h"

namespace sagitta {

class Value;
using ValueList = std::vector<Value>;
using ValueObject = std::map<std::string, Value, std::less<>>;

class Value {
 public:
  enum class Kind : uint8_t { kNull, kBool, kInt64, kDouble, kString, kList, kObject };

  Value() = default;
  Value(bool v) : data_(v) {}     // NOLINT: implicit by design, as are those below
  Value(int64_t v) : data_(v) {}  // NOLINT
  Value(int v) : data_(static_cast<int64_t>(v)) {}      // NOLINT
  Value(double v) : data_(v) {}                         // NOLINT
  Value(std::string v) : data_(std::move(v)) {}         // NOLINT
  Value(std::string_view v) : data_(std::string(v)) {}  // NOLINT
  Value(const char* v) : data_(std::string(v)) {}       // NOLINT
  Value(ValueList v) : data_(std::move(v)) {}           // NOLINT
  Value(ValueObject v) : data_(std::move(v)) {}         // NOLINT

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_null() const { return kind() == Kind::kNull; }

  // Null where the kind is another.
  const bool* AsBool() const { return std::get_if<bool>(&data_); }
  const int64_t* AsInt64() const { return std::get_if<int64_t>(&data_); }
  const double* AsDouble() const { return std::get_if<double>(&data_); }
  const std::string* AsString() const { return std::get_if<std::string>(&data_); }
  const ValueList* AsList() const { return std::get_if<ValueList>(&data_); }
  const ValueObject* AsObject() const { return std::get_if<ValueObject>(&data_); }
  ValueList* AsList() { return std::get_if<ValueList>(&data_); }
  ValueObject* AsObject() { return std::get_if<ValueObject>(&data_); }

  // Same kind and same value; int64 1 and double 1.0 differ.
  friend bool operator==(const Value&, const Value&) = default;

  // JSON text; a double always carries '.' or an exponent, so that ParseJson gives the same Value
  // back.
  std::string ToJson() const;
  // INVALID_ARGUMENT on bad JSON, a number beyond int64/double, or nesting deeper than 64.
  static Result<Value> ParseJson(std::string_view text);

 private:
  // The order is Kind's.
  std::variant<std::monostate, bool, int64_t, double, std::string, ValueList, ValueObject> data_;
};

// The payload of a point: a JSON object. Keys are 1 to 256 bytes of UTF-8 at every level.
using Payload = ValueObject;

}  // namespace sagitta
