// Reading JSON that somebody else wrote: arguments, lines of files. Thread-safe.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "sagitta/status.h"

namespace sagitta::cli {

// INVALID_ARGUMENT naming `what` and the byte: not JSON, or nested deeper than 64.
Result<nlohmann::json> ParseJson(std::string_view text, std::string_view what);

// The argument itself, or the content of FILE when it is "@FILE".
Result<nlohmann::json> ParseJsonArgument(const std::string& argument, std::string_view what);

// Text of `value` on one line; invalid UTF-8 becomes U+FFFD.
std::string DumpJson(const nlohmann::json& value, int indent = -1);

// "null", "boolean", "number", … for error messages.
std::string JsonKind(const nlohmann::json& value);

// The shortest decimal that is this float, as a double: 0.1f becomes 0.1, not 0.10000000149011612.
double ShortDouble(float value);

}  // namespace sagitta::cli
