// Quantities as people write them in a configuration: "16MiB", "30s", "127.0.0.1:6980". Pure,
// thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "sagitta/status.h"

namespace sagitta::server {

// Bytes: a whole number, with B, KiB, MiB, GiB, TiB (1,024) or KB, MB, GB, TB (1,000) after it.
Result<uint64_t> ParseBytes(std::string_view text);
// The largest binary unit that divides it: "16MiB".
std::string FormatBytes(uint64_t bytes);

// A whole number with ms, s, m, h or d after it; "0" needs none.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);
std::string FormatDuration(std::chrono::milliseconds duration);

// "true" and "false".
Result<bool> ParseBool(std::string_view text);
Result<uint32_t> ParseCount(std::string_view text);

struct HostPort {
  std::string host;  // without the brackets of IPv6
  uint16_t port = 0;
  bool is_loopback() const;      // "localhost", 127.0.0.0/8, ::1
  std::string ToString() const;  // with brackets again
};
Result<HostPort> ParseHostPort(std::string_view text);

}  // namespace sagitta::server
