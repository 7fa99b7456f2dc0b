// Foreign text for error messages: quoted, cut to 64 bytes, and always printable ASCII or valid
// UTF-8, as a message may travel in a wire format that takes nothing else.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace sagitta::filter {

inline std::string Printable(std::string_view text) {
  constexpr size_t kMaxShown = 64;
  constexpr char kHex[] = "0123456789abcdef";
  const bool utf8 = base::IsValidUtf8(text);
  // A cut may not split a character: continuation bytes are 10xxxxxx.
  size_t shown = text.size();
  if (shown > kMaxShown) {
    shown = kMaxShown;
    while (utf8 && shown > 0 && (static_cast<unsigned char>(text[shown]) & 0xC0) == 0x80) --shown;
  }
  std::string out = "\"";
  for (const char c : text.substr(0, shown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F && (byte < 0x80 || utf8)) {
      out.push_back(c);
    } else {
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out + (shown < text.size() ? "…\"" : "\"");
}

}  // namespace sagitta::filter
