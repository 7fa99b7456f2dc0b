// When a point counts as gone, wherever that is asked. Thread-safe, pure.
#pragma once

#include <cstdint>

namespace sagitta::engine {

// Unix times in ms; an expiry of 0 is never.
constexpr bool HasExpired(int64_t expires_at_ms, int64_t now_ms) {
  return expires_at_ms != 0 && expires_at_ms <= now_ms;
}

}  // namespace sagitta::engine
