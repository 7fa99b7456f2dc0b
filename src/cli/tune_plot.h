// Ways to store vectors, as a picture: recall over bytes of memory. Pure, thread-safe.
#pragma once

#include <string>

#include "sagitta/v1/admin.pb.h"

namespace sagitta::cli {

// Lines of characters, at most `width` by `height` and the axes: digits are the first ten options,
// dots the others, the budget a line of bars.
std::string TextPlot(const v1::StorageReport& report, size_t width, size_t height);

// The same as an SVG image of its own.
std::string SvgPlot(const v1::StorageReport& report);

}  // namespace sagitta::cli
