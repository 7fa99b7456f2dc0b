#include "codec/row_layout.h"

#include <algorithm>
#include <cstring>

#include "kernels/kernels.h"

namespace sagitta::codec {

float RowLayout::Factor(const uint8_t* row) const {
  if (!has_factor) return 1.0f;
  float value;
  kernels::ToFloat(Dtype::kF16)(row + code, &value, 1);
  return value;
}

float RowLayout::Norm(const uint8_t* row) const {
  float value = 0;
  if (has_norm) std::memcpy(&value, row + norm(), sizeof value);
  return value;
}

void RowLayout::PutFactor(float value, uint8_t* row) const {
  if (!has_factor) return;
  value = std::clamp(value, -kMostHalf, kMostHalf);
  kernels::FromFloat(Dtype::kF16)(&value, row + code, 1);
}

void RowLayout::PutNorm(float value, uint8_t* row) const {
  if (has_norm) std::memcpy(row + norm(), &value, sizeof value);
}

void RowLayout::Pack(const uint8_t* rows, size_t n, uint8_t* blocks) const {
  const size_t count = (n + kBlock - 1) / kBlock;
  std::fill_n(blocks, count * kBlock * bytes(), uint8_t{0});
  for (size_t i = 0; i < n; ++i, rows += bytes()) {
    uint8_t* block = blocks + i / kBlock * kBlock * bytes();
    const size_t r = i % kBlock;
    for (size_t j = 0; j < code; ++j) block[kBlock * j + r] = rows[j];
    if (has_factor) std::memcpy(block + kBlock * code + 2 * r, rows + code, 2);
    if (has_norm) {
      std::memcpy(block + kBlock * norm() + sizeof(float) * r, rows + norm(), sizeof(float));
    }
  }
}

BlockNumbers::BlockNumbers(const RowLayout& layout, const uint8_t* block) : layout_(layout) {
  constexpr size_t kBlock = RowLayout::kBlock;
  if (layout.has_factor) {
    kernels::ToFloat(Dtype::kF16)(block + kBlock * layout.code, factors_, kBlock);
  }
  if (layout.has_norm) std::memcpy(norms_, block + kBlock * layout.norm(), sizeof norms_);
}

}  // namespace sagitta::codec
