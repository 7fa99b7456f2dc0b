// Checks of options against their documented ranges.
#pragma once

#include <sstream>
#include <string>

#include "sagitta/status.h"

namespace sagitta::learn {

// INVALID_ARGUMENT naming options.`name` unless least ≤ value ≤ most (which NaN is not).
template <typename T>
Status CheckRange(const char* name, T value, T least, T most) {
  if (value >= least && value <= most) return Status();
  std::ostringstream message;
  message << "is " << value << "; " << least << " to " << most << " are allowed";
  return Status::InvalidArgument(std::string("options.") + name, message.str());
}

}  // namespace sagitta::learn
