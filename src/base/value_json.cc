#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "sagitta/value.h"

namespace sagitta {

namespace {

constexpr size_t kMaxDepth = 64;

// Writing

void AppendEscaped(std::string& out, unsigned char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out.append("\\\"");
      return;
    case '\\':
      out.append("\\\\");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default:
      out.append("\\u00");
      out.push_back(kHex[c >> 4]);
      out.push_back(kHex[c & 15]);
  }
}

void AppendString(std::string& out, std::string_view text) {
  // JSON text is UTF-8. Values of clients are checked on the way in; other bytes become U+FFFD.
  const bool valid = base::IsValidUtf8(text);
  out.push_back('"');
  for (const char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || c == '"' || c == '\\' || byte == 0x7F) {
      AppendEscaped(out, byte);
    } else if (byte >= 0x80 && !valid) {
      out.append("\xEF\xBF\xBD");
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void AppendDouble(std::string& out, double value) {
  if (!std::isfinite(value)) {  // JSON has no word for it
    out.append("null");
    return;
  }
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof(text), value);
  const std::string_view digits(text, static_cast<size_t>(end - text));
  out.append(digits);
  if (digits.find_first_of(".e") == std::string_view::npos) out.append(".0");
}

void AppendValue(std::string& out, const Value& value) {
  switch (value.kind()) {
    case Value::Kind::kNull:
      out.append("null");
      return;
    case Value::Kind::kBool:
      out.append(*value.AsBool() ? "true" : "false");
      return;
    case Value::Kind::kInt64:
      out.append(std::to_string(*value.AsInt64()));
      return;
    case Value::Kind::kDouble:
      AppendDouble(out, *value.AsDouble());
      return;
    case Value::Kind::kString:
      AppendString(out, *value.AsString());
      return;
    case Value::Kind::kList: {
      char separator = '[';
      for (const Value& element : *value.AsList()) {
        out.push_back(separator);
        AppendValue(out, element);
        separator = ',';
      }
      out.append(separator == '[' ? "[]" : "]");
      return;
    }
    case Value::Kind::kObject: {
      char separator = '{';
      for (const auto& [key, element] : *value.AsObject()) {
        out.push_back(separator);
        AppendString(out, key);
        out.push_back(':');
        AppendValue(out, element);
        separator = ',';
      }
      out.append(separator == '{' ? "{}" : "}");
      return;
    }
  }
}

// Reading: nlohmann's event parser (which does not recurse), so that numbers keep their kind and
// depth is bounded before anything is built

class ValueBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return Add(Value()); }
  bool boolean(bool value) override { return Add(Value(value)); }
  bool number_integer(int64_t value) override { return Add(Value(value)); }
  bool number_unsigned(uint64_t value) override {
    if (value > static_cast<uint64_t>(INT64_MAX)) return FailNumber(std::to_string(value));
    return Add(Value(static_cast<int64_t>(value)));
  }
  bool number_float(double value, const std::string& text) override {
    // Integers too long for 64 bits come here too; a double would silently be another number.
    if (text.find_first_of(".eE") == std::string::npos) return FailNumber(text);
    return Add(Value(value));
  }
  bool string(std::string& value) override { return Add(Value(std::move(value))); }
  bool binary(nlohmann::json::binary_t&) override { return Fail("binary is not JSON"); }

  bool start_object(std::size_t) override { return Open(Value(ValueObject())); }
  bool key(std::string& key) override {
    ValueObject& object = *open_.back().value.AsObject();
    if (object.contains(key)) return Fail("duplicate key '" + key.substr(0, 64) + "'");
    open_.back().key = std::move(key);
    return true;
  }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return Open(Value(ValueList())); }
  bool end_array() override { return Close(); }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::json::exception& error) override {
    if (error.id == 406) return Fail("a number is beyond the range of a double");
    return Fail("not JSON at byte " + std::to_string(position));
  }

  const std::string& error() const { return error_; }
  Value TakeRoot() { return std::move(root_); }

 private:
  struct Container {
    Value value;
    std::string key;  // of the member being read
  };

  bool Fail(std::string message) {
    if (error_.empty()) error_ = std::move(message);
    return false;
  }
  bool FailNumber(const std::string& text) {
    return Fail("integer " + text.substr(0, 64) + " is beyond int64");
  }
  bool Open(Value container) {
    if (open_.size() >= kMaxDepth) return Fail("nested deeper than 64");
    open_.push_back({std::move(container), {}});
    return true;
  }
  bool Close() {
    Value value = std::move(open_.back().value);
    open_.pop_back();
    return Add(std::move(value));
  }
  bool Add(Value value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return true;
    }
    Container& parent = open_.back();
    if (ValueList* list = parent.value.AsList()) {
      list->push_back(std::move(value));
    } else {
      parent.value.AsObject()->insert_or_assign(std::move(parent.key), std::move(value));
      parent.key.clear();
    }
    return true;
  }

  std::vector<Container> open_;
  Value root_;
  std::string error_;
};

}  // namespace

std::string Value::ToJson() const {
  std::string out;
  AppendValue(out, *this);
  return out;
}

Result<Value> Value::ParseJson(std::string_view text) {
  ValueBuilder builder;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder)) {
    return Status::InvalidArgument("", builder.error());
  }
  return builder.TakeRoot();
}

}  // namespace sagitta
