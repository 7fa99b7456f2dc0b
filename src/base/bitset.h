// Plain bitsets over rows. `AtomicBitset` may be written by one thread while others read it.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sagitta::base {

// Ones among the bits of n words.
size_t CountBits(const uint64_t* words, size_t n);

class Bitset {
 public:
  Bitset() = default;
  explicit Bitset(size_t bits, bool value = false)
      : words_((bits + 63) / 64, value ? ~uint64_t{0} : 0), bits_(bits) {
    TrimTail();
  }
  size_t size() const { return bits_; }
  bool Test(size_t i) const { return words_[i >> 6] >> (i & 63) & 1; }
  void Set(size_t i) { words_[i >> 6] |= uint64_t{1} << (i & 63); }
  void Clear(size_t i) { words_[i >> 6] &= ~(uint64_t{1} << (i & 63)); }
  size_t Count() const { return CountBits(words_.data(), words_.size()); }
  uint64_t* words() { return words_.data(); }
  const uint64_t* words() const { return words_.data(); }
  size_t word_count() const { return words_.size(); }
  // For who writes whole words: bits of the last one from size() on are always clear.
  void TrimTail() {
    if (bits_ % 64 != 0 && !words_.empty()) words_.back() &= (uint64_t{1} << (bits_ % 64)) - 1;
  }

 private:
  std::vector<uint64_t> words_;
  size_t bits_ = 0;
};

class AtomicBitset {
 public:
  explicit AtomicBitset(size_t bits)
      : words_(std::make_unique<std::atomic<uint64_t>[]>((bits + 63) / 64)), bits_(bits) {}
  size_t size() const { return bits_; }
  bool Test(size_t i) const {
    return words_[i >> 6].load(std::memory_order_acquire) >> (i & 63) & 1;
  }
  // True when the bit was clear.
  bool Set(size_t i) {
    const uint64_t mask = uint64_t{1} << (i & 63);
    if (words_[i >> 6].fetch_or(mask, std::memory_order_acq_rel) & mask) return false;
    count_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  size_t Count() const { return count_.load(std::memory_order_relaxed); }
  uint64_t Word(size_t i) const { return words_[i].load(std::memory_order_acquire); }
  size_t word_count() const { return (bits_ + 63) / 64; }

 private:
  std::unique_ptr<std::atomic<uint64_t>[]> words_;
  size_t bits_;
  std::atomic<size_t> count_{0};
};

}  // namespace sagitta::base
