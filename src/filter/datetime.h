// RFC 3339 text to milliseconds since the epoch, without allocating. Thread-safe, pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace sagitta::filter {

// Longest text that is read as a date-time; what follows the third digit of a fraction is cut.
inline constexpr size_t kMaxDatetimeBytes = 64;

// A date ("2026-11-24" = its midnight in UTC) or a date-time with its offset
// ("2026-11-24T08:00:00.5+01:00"; 't', 'z' and a space for 'T' are allowed). A leap second, allowed
// at 23:59:60 UTC only, is the next midnight. False, with *ms untouched, on anything else.
bool ParseDatetime(std::string_view text, int64_t* ms);

}  // namespace sagitta::filter
