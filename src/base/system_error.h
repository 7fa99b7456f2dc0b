// What the operating system refused, as a Status. Thread-safe.
#pragma once

#include <string_view>

#include "sagitta/status.h"

namespace sagitta::base {

// "<call> <path>: <strerror>". ENOSPC and EDQUOT give RESOURCE_EXHAUSTED, ENOENT gives NOT_FOUND, a
// misuse of ours (EBADF, EFAULT, EINVAL) gives INTERNAL, the rest UNAVAILABLE.
Status SystemError(std::string_view call, std::string_view path, int error);

}  // namespace sagitta::base
