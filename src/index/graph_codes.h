// How a vector of `dims` floats becomes a code row or a code query of the kernels: see
// kernels/code_table.h for the layouts. Immutable, thread-safe.
//
// A code c stands for scale·(c − offset). The scale is |y|²/⟨y, c − offset⟩, which makes the
// estimate of y's product with itself exact ("RaBitQ", arXiv 2405.12497).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "kernels/codes.h"

namespace sagitta::index {

// Zeroed bytes at a multiple of 64.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(size_t bytes);
  uint8_t* data() const { return data_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(uint8_t* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  std::unique_ptr<uint8_t[], Free> data_;
  size_t size_ = 0;
};

// A query of codes and the memory it lies in, used again and again.
struct CodeQueryBuffer {
  AlignedBytes values;
  std::vector<int8_t> numbers;  // scratch
  std::vector<float> scaled;    // scratch
  kernels::CodeQuery query{};
};

// What a key is made of, besides the dot product of query and row.
struct CodeKey {
  float norm_factor = 1;      // of the row's norm
  float product_factor = -2;  // of the dot product's estimate
};

class CodeFormat {
 public:
  CodeFormat() = default;
  // REQUIRES: 1 ≤ dims ≤ 8,192.
  CodeFormat(kernels::CodeKind kind, uint32_t dims);

  kernels::CodeKind kind() const { return kind_; }
  uint32_t dims() const { return dims_; }
  size_t lines() const { return lines_; }
  size_t row_bytes() const { return lines_ * kernels::kCodeLine; }
  // The most dimensions of which a row takes no more than `lines`.
  static uint32_t DimsOfLines(kernels::CodeKind kind, size_t lines);

  // Writes row_bytes() at `row`. Elements that are no numbers count as 0.
  void Encode(const float* y, float norm, uint8_t* row) const;
  // The numbers that a row stands for. Only of kByte.
  void Decode(const uint8_t* row, float* y) const;
  // A row's numbers, when they are at hand, as a query: c − offset, exact. Only of kByte.
  void RowQuery(const uint8_t* row, const CodeKey& key, CodeQueryBuffer* out) const;
  void FloatQuery(const float* y, const CodeKey& key, CodeQueryBuffer* out) const;

  static float Scale(const uint8_t* row, size_t row_bytes);
  static float Norm(const uint8_t* row, size_t row_bytes);
  static void SetNorm(uint8_t* row, size_t row_bytes, float norm);

 private:
  float offset() const;
  void Place(const int8_t* numbers, CodeQueryBuffer* out) const;
  float EncodeBytes(const float* y, uint8_t* row) const;
  float EncodeNibbles(const float* y, uint8_t* row) const;
  float EncodeBits(const float* y, uint8_t* row) const;

  kernels::CodeKind kind_ = kernels::CodeKind::kByte;
  uint32_t dims_ = 0;
  size_t lines_ = 0;
};

}  // namespace sagitta::index
