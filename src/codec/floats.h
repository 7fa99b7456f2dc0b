// Lists of floats in serialized codecs.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace sagitta::codec {

inline void PutFloats(const std::vector<float>& values, std::string* out) {
  base::PutVarint(*out, values.size());
  out->append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

// False on malformed bytes, and on numbers that are not finite.
inline bool GetFloats(std::string_view& in, std::vector<float>* values) {
  uint64_t count;
  if (!base::GetVarint(in, &count) || count > in.size() / sizeof(float)) return false;
  values->resize(count);
  if (count > 0) std::memcpy(values->data(), in.data(), count * sizeof(float));
  in.remove_prefix(count * sizeof(float));
  for (const float value : *values) {
    if (!std::isfinite(value)) return false;
  }
  return true;
}

// The same of f16.
inline void PutHalves(const std::vector<uint16_t>& values, std::string* out) {
  base::PutVarint(*out, values.size());
  out->append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(uint16_t));
}

inline bool GetHalves(std::string_view& in, std::vector<uint16_t>* values) {
  constexpr uint16_t kExponent = 0x7C00;
  uint64_t count;
  if (!base::GetVarint(in, &count) || count > in.size() / sizeof(uint16_t)) return false;
  values->resize(count);
  if (count > 0) std::memcpy(values->data(), in.data(), count * sizeof(uint16_t));
  in.remove_prefix(count * sizeof(uint16_t));
  for (const uint16_t value : *values) {
    if ((value & kExponent) == kExponent) return false;
  }
  return true;
}

}  // namespace sagitta::codec
