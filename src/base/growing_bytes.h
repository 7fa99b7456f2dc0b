// GrowingBytes: an array that grows without moving, so that readers need no lock: its address space
// is reserved at once, memory comes as it grows. One thread grows it; what was usable stays so.
#pragma once

#include <cstddef>

namespace sagitta::base {

class GrowingBytes {
 public:
  GrowingBytes() = default;
  // Throws std::bad_alloc, as new does, when the process has no such address space left.
  explicit GrowingBytes(size_t most);
  ~GrowingBytes();
  GrowingBytes(GrowingBytes&& other) noexcept { *this = static_cast<GrowingBytes&&>(other); }
  GrowingBytes& operator=(GrowingBytes&& other) noexcept;

  // Makes the first `bytes` usable; new ones are zero. No-op when they are already. Throws
  // std::bad_alloc when the system commits no more. REQUIRES: bytes ≤ most.
  void Grow(size_t bytes);

  std::byte* data() const { return data_; }  // a multiple of the page size; null when empty
  size_t size() const { return size_; }      // usable bytes; of the growing thread

 private:
  std::byte* data_ = nullptr;
  size_t reserved_ = 0;
  size_t size_ = 0;
};

}  // namespace sagitta::base
