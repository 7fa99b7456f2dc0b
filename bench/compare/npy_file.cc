#include "bench/compare/npy_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace sagitta::bench {
namespace {

constexpr size_t kPreamble = 10;  // magic of 6 bytes, version of 2, header length of 2
constexpr size_t kItem = 4;       // of the smallest element type used here

[[noreturn]] void Die(const std::string& path, const std::string& what) {
  std::fprintf(stderr, "%s: %s\n", path.c_str(), what.c_str());
  std::exit(1);
}

}  // namespace

NpyFile::NpyFile(const std::string& path, const std::string& descr) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || ::fstat(fd, &info) != 0) Die(path, "cannot be opened");
  bytes_ = static_cast<size_t>(info.st_size);
  if (bytes_ < kPreamble) Die(path, "is too short for a .npy file");
  map_ = ::mmap(nullptr, bytes_, PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  if (map_ == MAP_FAILED) Die(path, "cannot be mapped");
  ReadHeader(path, descr);
}

NpyFile::~NpyFile() { ::munmap(map_, bytes_); }

void NpyFile::ReadHeader(const std::string& path, const std::string& descr) {
  const auto* bytes = static_cast<const uint8_t*>(map_);
  if (std::memcmp(bytes, "\x93NUMPY\x01", 7) != 0) Die(path, "is not a .npy file of format 1");
  const size_t end = kPreamble + bytes[8] + 256u * bytes[9];
  if (end > bytes_) Die(path, "ends inside its header");
  const std::string header(reinterpret_cast<const char*>(bytes) + kPreamble, end - kPreamble);
  if (header.find("'" + descr + "'") == std::string::npos) Die(path, "does not hold " + descr);
  if (header.find("'fortran_order': False") == std::string::npos) Die(path, "is not in C order");
  const size_t shape = header.find("'shape': (");
  if (shape == std::string::npos) Die(path, "has no shape");
  const char* at = header.c_str() + shape + std::strlen("'shape': (");
  char* after = nullptr;
  rows_ = std::strtoull(at, &after, 10);
  if (std::string_view(after).starts_with(", ")) columns_ = std::strtoull(after + 2, &after, 10);
  const size_t item = std::strtoull(descr.c_str() + 2, nullptr, 10);
  if (item < kItem || bytes_ - end != rows_ * columns_ * item) Die(path, "is not of its shape");
  values_ = bytes + end;
}

}  // namespace sagitta::bench
