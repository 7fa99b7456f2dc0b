// PointId, VectorValue and Point: what a collection stores. Thread-compatible value types.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sagitta/status.h"
#include "sagitta/value.h"

namespace sagitta {

// Element types of vectors, on the wire, in memory and on disk. DO NOT CHANGE THESE ENUM VALUES.
// BITS are packed: bit i of a vector is bit i % 8 of byte i / 8, and what the last byte has beyond
// dim is zero.
enum class Dtype : uint8_t { kF32 = 1, kF16 = 2, kBf16 = 3, kI8 = 4, kU8 = 5, kBits = 6 };

// Of the smallest whole piece of a vector: an element, or eight BITS.
constexpr uint32_t DtypeBytes(Dtype dtype) {
  return dtype == Dtype::kF32 ? 4 : (dtype == Dtype::kF16 || dtype == Dtype::kBf16) ? 2 : 1;
}

// Bytes of a vector of `dim` elements.
constexpr size_t VectorBytes(Dtype dtype, uint32_t dim) {
  return dtype == Dtype::kBits ? (size_t{dim} + 7) / 8 : size_t{dim} * DtypeBytes(dtype);
}

struct Uuid {
  std::array<uint8_t, 16> bytes{};
  friend auto operator<=>(const Uuid&, const Uuid&) = default;

  std::string ToString() const;                      // 8-4-4-4-12, lower case
  static Result<Uuid> Parse(std::string_view text);  // with or without hyphens, any case
  static Uuid Random();                              // version 4
};

// An external id: u64, UUID, or a string of 1 to 256 bytes of UTF-8. Ordered: u64 < UUID < string.
class PointId {
 public:
  PointId() = default;
  PointId(uint64_t number) : value_(number) {}            // NOLINT: implicit by design
  PointId(Uuid uuid) : value_(uuid) {}                    // NOLINT
  PointId(std::string text) : value_(std::move(text)) {}  // NOLINT

  const std::variant<uint64_t, Uuid, std::string>& value() const { return value_; }
  friend auto operator<=>(const PointId&, const PointId&) = default;

  // "17", "uuid:0f…", "str:abc"; a string that is neither a number nor has a prefix is a string id.
  std::string ToString() const;
  static Result<PointId> Parse(std::string_view text);

  // Order-preserving key: tag byte (1 u64 big-endian, 2 UUID, 3 text) and the id. At most 257
  // bytes.
  std::string Encode() const;
  static Result<PointId> Decode(std::string_view key);

  // INVALID_ARGUMENT when a string id is empty, longer than 256 bytes or not UTF-8.
  Status Validate() const;

 private:
  std::variant<uint64_t, Uuid, std::string> value_;
};

// A dense vector as little-endian elements of one type.
struct VectorValue {
  Dtype dtype = Dtype::kF32;
  std::string bytes;  // VectorBytes(dtype, dim)
  // "NAME@VERSION" of an adapter (sagitta/model.h): this is a vector of the embedding model that it
  // maps from, and what it makes of it is searched for or stored. Empty = of the field's own model,
  // as all that reads return.
  std::string adapter;

  VectorValue() = default;
  VectorValue(Dtype type, std::string raw) : dtype(type), bytes(std::move(raw)) {}
  explicit VectorValue(std::span<const float> values);

  // Of BITS a multiple of eight, as bytes do not tell how many bits of the last one count.
  size_t dim() const { return bytes.size() / DtypeBytes(dtype) * (dtype == Dtype::kBits ? 8 : 1); }
  std::vector<float> ToFloats() const;  // dim() numbers; 0 and 1 of BITS
  friend bool operator==(const VectorValue&, const VectorValue&) = default;
};

// By field name. A point may lack some of its collection's fields, and must have at least one.
using NamedVectors = std::map<std::string, VectorValue, std::less<>>;

struct Point {
  PointId id;
  NamedVectors vectors;
  Payload payload;
  int64_t expires_at_ms = 0;  // Unix time in ms; 0 = never
  uint64_t version = 0;  // sequence number of the write that made this state; set by the database
};

}  // namespace sagitta
