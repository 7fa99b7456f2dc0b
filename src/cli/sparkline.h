// Sparkline: numbers as one short line of bars. Pure, thread-safe.
#pragma once

#include <span>
#include <string>

namespace sagitta::cli {

// At most 40 bars of eight heights, from the smallest number to the largest; of more numbers, means
// of neighbours. Numbers that are not finite are blank.
std::string Sparkline(std::span<const float> values);

}  // namespace sagitta::cli
