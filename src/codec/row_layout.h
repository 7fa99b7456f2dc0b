// How codecs lay out rows, alone and by 64s: a code, then, where rows have a number of their own,
// that factor as f16, then, under L2, the squared length of what was coded as f32.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sagitta::codec {

inline constexpr float kMostHalf = 65504.0f;  // the largest f16

// Of a block, the parts of 64 rows stand together: byte j of row r's code is at 64·j + r, then come
// their factors, then their norms.
struct RowLayout {
  static constexpr size_t kBlock = 64;

  size_t norm() const { return code + (has_factor ? 2 : 0); }
  size_t bytes() const { return norm() + (has_norm ? sizeof(float) : 0); }
  float Factor(const uint8_t* row) const;  // 1 where rows have none
  float Norm(const uint8_t* row) const;    // 0 where rows have none
  // What is stored may be another number: f16, and finite.
  void PutFactor(float value, uint8_t* row) const;
  void PutNorm(float value, uint8_t* row) const;

  size_t stored_bytes(size_t n) const { return (n + kBlock - 1) / kBlock * kBlock * bytes(); }
  // n rows to stored_bytes(n) bytes; what is left of the last block is zeros.
  void Pack(const uint8_t* rows, size_t n, uint8_t* blocks) const;

  size_t code = 0;  // bytes
  bool has_factor = false, has_norm = false;
};

// The numbers of the rows of a block.
class BlockNumbers {
 public:
  BlockNumbers(const RowLayout& layout, const uint8_t* block);

  // Of all rows; null where rows have none.
  const float* factors() const { return layout_.has_factor ? factors_ : nullptr; }
  const float* norms() const { return layout_.has_norm ? norms_ : nullptr; }
  float factor(size_t r) const { return layout_.has_factor ? factors_[r] : 1.0f; }
  float norm(size_t r) const { return layout_.has_norm ? norms_[r] : 0.0f; }

 private:
  const RowLayout& layout_;
  float factors_[RowLayout::kBlock], norms_[RowLayout::kBlock];
};

}  // namespace sagitta::codec
