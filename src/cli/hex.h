// Bytes as hexadecimal text: scroll cursors on the command line and in state files. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sagitta::cli {

std::string ToHex(std::string_view bytes);
// Nothing for text of odd length or with other characters.
std::optional<std::string> FromHex(std::string_view text);

}  // namespace sagitta::cli
