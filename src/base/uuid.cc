#include <sys/random.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "sagitta/point.h"

namespace sagitta {

namespace {

constexpr char kHex[] = "0123456789abcdef";

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool HyphenBefore(size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

Status NotAUuid(std::string_view text) {
  return Status::InvalidArgument(
      "id", "'" + std::string(text.substr(0, 64)) +
                "' is not a UUID: 32 hexadecimal digits, with hyphens as 8-4-4-4-12 or without");
}

}  // namespace

std::string Uuid::ToString() const {
  std::string text;
  text.reserve(36);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (HyphenBefore(i)) text.push_back('-');
    text.push_back(kHex[bytes[i] >> 4]);
    text.push_back(kHex[bytes[i] & 15]);
  }
  return text;
}

Result<Uuid> Uuid::Parse(std::string_view text) {
  const bool hyphens = text.size() == 36;
  if (!hyphens && text.size() != 32) return NotAUuid(text);
  Uuid uuid;
  size_t at = 0;
  for (size_t i = 0; i < uuid.bytes.size(); ++i) {
    if (hyphens && HyphenBefore(i) && text[at++] != '-') return NotAUuid(text);
    const int high = HexDigit(text[at++]);
    const int low = HexDigit(text[at++]);
    if (high < 0 || low < 0) return NotAUuid(text);
    uuid.bytes[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return uuid;
}

Uuid Uuid::Random() {
  Uuid uuid;
  ssize_t got;
  do {
    got = getrandom(uuid.bytes.data(), uuid.bytes.size(), 0);  // whole, for up to 256 bytes
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(uuid.bytes.size())) {
    std::fputs("sagitta: getrandom failed; ids would repeat\n", stderr);
    std::abort();
  }
  uuid.bytes[6] = static_cast<uint8_t>((uuid.bytes[6] & 0x0F) | 0x40);  // version 4
  uuid.bytes[8] = static_cast<uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);  // RFC 9562 variant
  return uuid;
}

}  // namespace sagitta
