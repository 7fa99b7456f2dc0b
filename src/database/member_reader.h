// MemberReader: takes members out of a JSON object; the first that is not as it must be is kept in
// `wrong`, for a person to read. Not thread-safe.
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "sagitta/value.h"

namespace sagitta::database {

class MemberReader {
 public:
  MemberReader(const ValueObject& object, std::string* wrong) : object_(object), wrong_(wrong) {}

  const Value* Find(std::string_view key) {
    const auto it = object_.find(key);
    if (it != object_.end()) return &it->second;
    Fail(key);
    return nullptr;
  }
  void Read(std::string_view key, std::string* out) {
    const Value* value = Find(key);
    if (value == nullptr || value->AsString() == nullptr) return Fail(key);
    *out = *value->AsString();
  }
  template <typename Integer>
  void Read(std::string_view key, Integer* out) {
    const Value* value = Find(key);
    if (value == nullptr || value->AsInt64() == nullptr || *value->AsInt64() < 0 ||
        !std::in_range<Integer>(*value->AsInt64())) {
      return Fail(key);
    }
    *out = static_cast<Integer>(*value->AsInt64());
  }
  void Read(std::string_view key, double* out) {
    const Value* value = Find(key);
    if (value == nullptr || value->AsDouble() == nullptr) return Fail(key);
    *out = *value->AsDouble();
  }
  void Read(std::string_view key, bool* out) {
    const Value* value = Find(key);
    if (value == nullptr || value->AsBool() == nullptr) return Fail(key);
    *out = *value->AsBool();
  }
  void ReadHex(std::string_view key, uint64_t* out) {
    std::string text;
    Read(key, &text);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out, 16);
    if (text.size() != 16 || error != std::errc() || end != text.data() + text.size()) Fail(key);
  }

 private:
  void Fail(std::string_view key) {
    if (wrong_->empty()) *wrong_ = "'" + std::string(key) + "' is missing or is not as it must be";
  }

  const ValueObject& object_;
  std::string* wrong_;
};

}  // namespace sagitta::database
