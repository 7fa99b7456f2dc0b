#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/fault.h"
#include "base/file.h"
#include "base/system_error.h"

namespace sagitta::base {

Result<std::unique_ptr<MappedFile>> MappedFile::Open(const std::string& path) {
  SAGITTA_FAULT("file.map");
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return SystemError("open", path, errno);
  struct stat info {};
  Status status;
  if (::fstat(fd, &info) != 0) {
    status = SystemError("stat", path, errno);
  } else if (!S_ISREG(info.st_mode)) {
    status = Status::FailedPrecondition("map " + path + ": not a regular file");
  }
  if (!status.ok()) {
    ::close(fd);
    return status;
  }
  const size_t size = static_cast<size_t>(info.st_size);
  void* data = nullptr;  // an empty file cannot be mapped, and needs no mapping
  int error = 0;
  if (size > 0) {
    data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (data == MAP_FAILED) error = errno;
  }
  ::close(fd);
  if (error != 0) return SystemError("map", path, error);
  return std::unique_ptr<MappedFile>(
      new MappedFile(path, static_cast<const std::byte*>(data), size));
}

MappedFile::MappedFile(std::string path, const std::byte* data, size_t size)
    : path_(std::move(path)), data_(data), size_(size) {}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::WillNeed(size_t offset, size_t length) const {
  if (offset >= size_ || length == 0) return;
  const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t begin = offset / page * page;
  const size_t end = offset + std::min(length, size_ - offset);
  ::madvise(const_cast<std::byte*>(data_) + begin, end - begin, MADV_WILLNEED);
}

}  // namespace sagitta::base
