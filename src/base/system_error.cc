#include "base/system_error.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace sagitta::base {

Status SystemError(std::string_view call, std::string_view path, int error) {
  std::string message(call);
  message.append(" ").append(path).append(": ").append(std::generic_category().message(error));
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return Status::ResourceExhausted(std::move(message));
    case ENOENT:
      return Status::NotFound(std::move(message));
    case EBADF:
    case EFAULT:
    case EINVAL:
      return Status::Internal(std::move(message));
    default:
      return Status::Unavailable(std::move(message));
  }
}

}  // namespace sagitta::base
