#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/fault.h"
#include "base/file.h"
#include "base/system_error.h"

namespace sagitta::base {

namespace {

std::string HolderPid(int fd) {
  char text[32];
  const ssize_t got = ::pread(fd, text, sizeof(text), 0);
  std::string pid(text, got > 0 ? static_cast<size_t>(got) : 0);
  pid.resize(pid.find_first_not_of("0123456789") == std::string::npos
                 ? pid.size()
                 : pid.find_first_not_of("0123456789"));
  return pid.empty() ? "unknown" : pid;
}

}  // namespace

// flock() and not fcntl(): its locks belong to the open file, so that a second Acquire() of this
// process is refused too, and closing some other descriptor of the file does not drop them.
Result<std::unique_ptr<FileLock>> FileLock::Acquire(const std::string& path) {
  SAGITTA_FAULT("file.lock");
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return SystemError("open", path, errno);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const Status status =
        error == EWOULDBLOCK
            ? Status::FailedPrecondition("lock " + path + ": held by process " + HolderPid(fd))
            : SystemError("lock", path, error);
    ::close(fd);
    return status;
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    // The lock holds without it (on a full disk, say); only the refusal of others names no pid.
  }
  return std::unique_ptr<FileLock>(new FileLock(fd));
}

// The file stays: unlinking it would let one process lock the old file and another a new one.
FileLock::~FileLock() { ::close(fd_); }

}  // namespace sagitta::base
