#include "base/growing_bytes.h"

#include <sys/mman.h>
#include <unistd.h>

#include <new>
#include <utility>

namespace sagitta::base {
namespace {

size_t RoundUp(size_t bytes) {
  static const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return (bytes + page - 1) / page * page;
}

}  // namespace

// Pages without access count towards no limit on committed memory.
GrowingBytes::GrowingBytes(size_t most) : reserved_(RoundUp(most)) {
  if (reserved_ == 0) return;
  void* data = mmap(nullptr, reserved_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(data);
}

GrowingBytes::~GrowingBytes() {
  if (data_ != nullptr) munmap(data_, reserved_);
}

GrowingBytes& GrowingBytes::operator=(GrowingBytes&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(reserved_, other.reserved_);
  std::swap(size_, other.size_);
  return *this;
}

void GrowingBytes::Grow(size_t bytes) {
  bytes = RoundUp(bytes);
  if (bytes <= size_) return;
  if (mprotect(data_ + size_, bytes - size_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  size_ = bytes;
}

}  // namespace sagitta::base
