#include "base/bytes.h"

namespace sagitta::base {

namespace {

template <typename T>
bool GetBe(std::string_view& in, T* value) {
  if (in.size() < sizeof(T)) return false;
  T result = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    result = static_cast<T>(result << 8) | static_cast<uint8_t>(in[i]);
  }
  *value = result;
  in.remove_prefix(sizeof(T));
  return true;
}

// Length of the well-formed sequence at the front of `text` (Unicode 15, table 3-7), 0 when there
// is none.
size_t Utf8SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto in_range = [&](size_t i, uint8_t low, uint8_t high) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const auto tail = [&](size_t i) { return in_range(i, 0x80, 0xBF); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead == 0xE0) return in_range(1, 0xA0, 0xBF) && tail(2) ? 3 : 0;
  if (lead == 0xED) return in_range(1, 0x80, 0x9F) && tail(2) ? 3 : 0;  // no surrogates
  if (lead >= 0xE1 && lead <= 0xEF) return tail(1) && tail(2) ? 3 : 0;
  if (lead == 0xF0) return in_range(1, 0x90, 0xBF) && tail(2) && tail(3) ? 4 : 0;
  if (lead >= 0xF1 && lead <= 0xF3) return tail(1) && tail(2) && tail(3) ? 4 : 0;
  if (lead == 0xF4) return in_range(1, 0x80, 0x8F) && tail(2) && tail(3) ? 4 : 0;
  return 0;
}

}  // namespace

void PutVarint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void PutBytes(std::string& out, std::string_view bytes) {
  PutVarint(out, bytes.size());
  out.append(bytes);
}

bool GetBe64(std::string_view& in, uint64_t* value) { return GetBe(in, value); }
bool GetBe32(std::string_view& in, uint32_t* value) { return GetBe(in, value); }

bool GetVarint(std::string_view& in, uint64_t* value) {
  uint64_t result = 0;
  for (size_t i = 0; i < in.size() && i < 10; ++i) {
    const uint8_t byte = static_cast<uint8_t>(in[i]);
    if (i == 9 && byte > 1) return false;  // beyond 64 bits
    result |= uint64_t{byte & 0x7Fu} << (7 * i);
    if (byte < 0x80) {
      *value = result;
      in.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

bool GetBytes(std::string_view& in, std::string_view* bytes) {
  std::string_view rest = in;
  uint64_t size = 0;
  if (!GetVarint(rest, &size) || size > rest.size()) return false;
  *bytes = rest.substr(0, size);
  in = rest.substr(size);
  return true;
}

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    uint64_t word = 0;
    if (text.size() >= 8) {
      std::memcpy(&word, text.data(), 8);
      if ((word & 0x8080808080808080u) == 0) {  // eight ASCII bytes
        text.remove_prefix(8);
        continue;
      }
    }
    const size_t length = Utf8SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace sagitta::base
