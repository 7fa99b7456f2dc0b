#include "server/units.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <limits>

namespace sagitta::server {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// Largest first, so that formatting finds the largest that divides.
constexpr std::array<Unit, 9> kByteUnits = {{{"TiB", 1ull << 40},
                                             {"GiB", 1ull << 30},
                                             {"MiB", 1ull << 20},
                                             {"KiB", 1ull << 10},
                                             {"TB", 1000000000000ull},
                                             {"GB", 1000000000ull},
                                             {"MB", 1000000ull},
                                             {"KB", 1000ull},
                                             {"B", 1ull}}};
constexpr std::array<Unit, 5> kTimeUnits = {
    {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}}};

Status Bad(std::string_view text, std::string_view expected) {
  return Status::InvalidArgument("",
                                 "\"" + std::string(text) + "\" is not " + std::string(expected));
}

// A whole number and what follows it.
bool SplitNumber(std::string_view text, uint64_t* number, std::string_view* rest) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  if (error != std::errc()) return false;
  *rest = text.substr(end - text.data());
  return true;
}

template <size_t N>
Result<uint64_t> ParseUnit(std::string_view text, const std::array<Unit, N>& units,
                           std::string_view bare, std::string_view expected) {
  uint64_t number = 0;
  std::string_view rest;
  if (!SplitNumber(text, &number, &rest)) return Bad(text, expected);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (rest.empty() && number == 0) return number;
  if (rest.empty()) rest = bare;
  for (const Unit& unit : units) {
    if (rest != unit.name) continue;
    if (number > std::numeric_limits<int64_t>::max() / unit.factor) return Bad(text, expected);
    return number * unit.factor;
  }
  return Bad(text, expected);
}

}  // namespace

Result<uint64_t> ParseBytes(std::string_view text) {
  return ParseUnit(text, kByteUnits, "B", "a size such as 16MiB, 2GB or 4096");
}

std::string FormatBytes(uint64_t bytes) {
  for (const Unit& unit : kByteUnits) {
    if (bytes != 0 && unit.name.ends_with("iB") && bytes % unit.factor == 0) {
      return std::to_string(bytes / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(bytes);
}

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  SAGITTA_ASSIGN_OR_RETURN(uint64_t ms,
                           ParseUnit(text, kTimeUnits, "", "a time such as 500ms, 30s, 5m or 1h"));
  return std::chrono::milliseconds(ms);
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  for (const Unit& unit : kTimeUnits) {
    const uint64_t ms = static_cast<uint64_t>(duration.count());
    if (ms != 0 && ms % unit.factor == 0) {
      return std::to_string(ms / unit.factor) + std::string(unit.name);
    }
  }
  return "0s";
}

Result<bool> ParseBool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return Bad(text, "true or false");
}

Result<uint32_t> ParseCount(std::string_view text) {
  uint64_t number = 0;
  std::string_view rest;
  if (!SplitNumber(text, &number, &rest) || !rest.empty() || number > 1000000) {
    return Bad(text, "a whole number from 0 to 1,000,000");
  }
  return static_cast<uint32_t>(number);
}

bool HostPort::is_loopback() const {
  if (host == "localhost") return true;
  in_addr v4;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

std::string HostPort::ToString() const {
  const bool v6 = host.find(':') != std::string::npos;
  std::string text = v6 ? "[" : "";
  text.append(host).append(v6 ? "]:" : ":").append(std::to_string(port));
  return text;
}

Result<HostPort> ParseHostPort(std::string_view text) {
  constexpr std::string_view kExpected = "host:port, such as 127.0.0.1:6980 or [::1]:6980";
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return Bad(text, kExpected);
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  if (host.empty() || (!bracketed && host.find(':') != std::string_view::npos)) {
    return Bad(text, kExpected);
  }
  uint64_t port = 0;
  std::string_view rest;
  if (!SplitNumber(text.substr(colon + 1), &port, &rest) || !rest.empty() || port > 65535) {
    return Bad(text, kExpected);
  }
  return HostPort{std::string(host), static_cast<uint16_t>(port)};
}

}  // namespace sagitta::server
