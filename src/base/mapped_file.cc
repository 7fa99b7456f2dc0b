#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/fault.h"
#include "base/file.h"
#include "base/system_error.h"

namespace sagitta::base {
namespace {

size_t PageBytes() {
  static const auto bytes = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

}  // namespace

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
  WillNeedBytes(data_ + offset, std::min(length, size_ - offset));
}

void MappedFile::PageOut(size_t offset, size_t length) const {
  if (offset >= size_) return;
  const size_t page = PageBytes();
  const size_t begin = (offset + page - 1) / page * page;
  size_t end = offset + std::min(length, size_ - offset);
  if (end != size_) end = end / page * page;
  if (begin >= end) return;
  std::byte* const data = const_cast<std::byte*>(data_);
#ifdef MADV_PAGEOUT
  // The system keeps pages in groups, aligned in the file, and a call ends at the first group that
  // it would have to take apart and cannot: a call for each piece, smaller ones at the ends.
  constexpr size_t kGroup = size_t{2} << 20, kSmall = size_t{64} << 10;
  bool known = true;
  for (size_t at = begin; at < end && known;) {
    const bool whole = at % kGroup == 0 && end - at >= kGroup;
    const size_t step = whole ? kGroup : kSmall;
    const size_t to = std::min(at / step * step + step, end);
    known = ::madvise(data + at, to - at, MADV_PAGEOUT) == 0;
    at = to;
  }
  if (known) return;
#endif
  // Before Linux 5.4: not of this process any more, and the system's to keep.
  ::madvise(data + begin, end - begin, MADV_DONTNEED);
}

size_t MappedFile::ResidentBytes(size_t offset, size_t length) const {
  if (offset >= size_ || length == 0) return 0;
  constexpr size_t kPages = 4096;
  const size_t page = PageBytes();
  const size_t end = offset + std::min(length, size_ - offset);
  std::array<unsigned char, kPages> in_memory;
  size_t resident = 0;
  for (size_t at = offset / page * page; at < end; at += kPages * page) {
    const size_t bytes = std::min(kPages * page, end - at);
    if (::mincore(const_cast<std::byte*>(data_) + at, bytes, in_memory.data()) != 0) return 0;
    for (size_t i = 0; i * page < bytes; ++i) resident += (in_memory[i] & 1) * page;
  }
  return std::min(resident, end - offset);
}

void WillNeedBytes(const std::byte* data, size_t bytes) {
  // Of one call Linux fetches no more than a device's read-ahead, 128 KiB for most.
  constexpr size_t kMost = size_t{128} << 10;
  const size_t before = reinterpret_cast<uintptr_t>(data) % PageBytes();
  std::byte* at = const_cast<std::byte*>(data) - before;
  for (bytes += before; bytes > 0;) {
    const size_t now = std::min(bytes, kMost);
    ::madvise(at, now, MADV_WILLNEED);
    at += now;
    bytes -= now;
  }
}

}  // namespace sagitta::base
