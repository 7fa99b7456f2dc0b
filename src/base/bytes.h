// Fixed-width and length-prefixed integers in byte strings; readers never go past the end.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace sagitta::base {

static_assert(std::endian::native == std::endian::little, "stored formats are little-endian");

template <typename T>
requires std::is_trivially_copyable_v<T>
void PutLe(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

// Big-endian, so that bytes sort as numbers.
inline void PutBe64(std::string& out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}
inline void PutBe32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

void PutVarint(std::string& out, uint64_t value);         // LEB128
void PutBytes(std::string& out, std::string_view bytes);  // varint length, then the bytes

// Reads from the front of `in`. False, with `in` untouched, when there is too little or it is
// malformed.
template <typename T>
requires std::is_trivially_copyable_v<T>
bool GetLe(std::string_view& in, T* value) {
  if (in.size() < sizeof(T)) return false;
  std::memcpy(value, in.data(), sizeof(T));
  in.remove_prefix(sizeof(T));
  return true;
}
bool GetBe64(std::string_view& in, uint64_t* value);
bool GetBe32(std::string_view& in, uint32_t* value);
bool GetVarint(std::string_view& in, uint64_t* value);
bool GetBytes(std::string_view& in, std::string_view* bytes);

bool IsValidUtf8(std::string_view text);

}  // namespace sagitta::base
