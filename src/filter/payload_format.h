// The bytes of an encoded payload, and a cursor that reads them value by value. Byte for byte in
// docs/payload-format.md.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "filter/payload_codec.h"

namespace sagitta::filter {

// DO NOT CHANGE: these are stored.
inline constexpr uint8_t kPayloadVersion = 1;
enum class Tag : uint8_t {
  kNull = 0,
  kFalse = 1,
  kTrue = 2,
  kInt64 = 3,   // zigzag varint
  kDouble = 4,  // 8 bytes
  kString = 5,  // varint length, bytes
  kList = 6,    // varint content length, varint element count, elements
  kObject =
      7,  // varint content length, varint entry count, entries (varint key length, key, value)
};

inline constexpr size_t kMaxPayloadBytes = 1 << 20;

inline uint64_t ZigZag(int64_t v) {
  return (static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63);
}
inline int64_t UnZigZag(uint64_t v) { return static_cast<int64_t>((v >> 1) ^ (~(v & 1) + 1)); }

// Reads from the front of a byte string. Every method returns false, and leaves nothing usable, on
// bytes that are malformed or too few; none reads past the end. Reading a list or an object steps
// over its content, so that it costs the same as any scalar.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes)
      : at_(reinterpret_cast<const uint8_t*>(bytes.data())), end_(at_ + bytes.size()) {}

  bool AtEnd() const { return at_ == end_; }

  bool Varint(uint64_t* value) {
    if (at_ != end_ && *at_ < 0x80) {
      *value = *at_++;
      return true;
    }
    return LongVarint(value);
  }

  bool Bytes(std::string_view* bytes) {
    uint64_t length;
    return Varint(&length) && Take(length, bytes);
  }

  bool Read(ValueView* value) {
    if (at_ == end_) return false;
    switch (static_cast<Tag>(*at_++)) {
      case Tag::kNull:
        value->kind = Value::Kind::kNull;
        return true;
      case Tag::kFalse:
      case Tag::kTrue:
        value->kind = Value::Kind::kBool;
        value->boolean = at_[-1] == static_cast<uint8_t>(Tag::kTrue);
        return true;
      case Tag::kInt64: {
        uint64_t raw;
        value->kind = Value::Kind::kInt64;
        if (!Varint(&raw)) return false;
        value->int64 = UnZigZag(raw);
        return true;
      }
      case Tag::kDouble: {
        std::string_view raw;
        value->kind = Value::Kind::kDouble;
        if (!Take(sizeof(double), &raw)) return false;
        std::memcpy(&value->dbl, raw.data(), sizeof(double));
        return std::isfinite(value->dbl);
      }
      case Tag::kString:
        value->kind = Value::Kind::kString;
        return Bytes(&value->text);
      case Tag::kList:
        value->kind = Value::Kind::kList;
        return Content(value);
      case Tag::kObject:
        value->kind = Value::Kind::kObject;
        return Content(value);
    }
    return false;
  }

 private:
  bool Take(uint64_t length, std::string_view* bytes) {
    if (length > static_cast<uint64_t>(end_ - at_)) return false;
    *bytes = {reinterpret_cast<const char*>(at_), static_cast<size_t>(length)};
    at_ += length;
    return true;
  }

  bool Content(ValueView* value) {
    uint64_t length, count;
    // An element takes a byte at least, so a count beyond the length is a lie.
    if (!Varint(&length) || !Varint(&count) || count > length) return false;
    value->elements = static_cast<uint32_t>(count);
    return Take(length, &value->text);
  }

  bool LongVarint(uint64_t* value) {
    uint64_t sum = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const uint8_t byte = *at_++;
      if (shift == 63 && byte > 1) return false;
      sum |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) {
        *value = sum;
        return true;
      }
    }
    return false;
  }

  const uint8_t* at_;
  const uint8_t* end_;
};

// The payload's own entries; false on a wrong version or count. No bytes at all are the empty
// payload.
inline bool OpenPayload(std::string_view payload, std::string_view* entries, uint32_t* count) {
  *entries = {};
  *count = 0;
  if (payload.empty()) return true;
  if (static_cast<uint8_t>(payload.front()) != kPayloadVersion) return false;
  std::string_view rest = payload.substr(1);
  Cursor cursor(rest);
  uint64_t raw;
  if (!cursor.Varint(&raw) || raw > rest.size()) return false;
  size_t header = 1;
  while (static_cast<uint8_t>(rest[header - 1]) >= 0x80) ++header;
  *entries = rest.substr(header);
  *count = static_cast<uint32_t>(raw);
  return true;
}

}  // namespace sagitta::filter
