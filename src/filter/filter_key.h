// A filter as a key of a cache. Thread-safe, pure.
#pragma once

#include <string>

#include "sagitta/filter.h"

namespace sagitta::filter {

// Bytes that two filters share only when they are the same; empty for a filter that has no key: one
// over 64 KiB, or with an operand that no condition takes. REQUIRES: filter.Validate() is OK.
std::string FilterKey(const Filter& filter);

}  // namespace sagitta::filter
