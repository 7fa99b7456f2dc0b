#include "codec/plane_layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "kernels/kernels.h"

namespace sagitta::codec {
namespace {

constexpr uint32_t kLeastBits = 2, kMostBits = 8;

// The bits of a byte, so many places apart from each other as there are bits in a number.
using Spread = std::array<uint64_t, 256>;
constexpr std::array<Spread, kMostBits + 1> MakeSpreads() {
  std::array<Spread, kMostBits + 1> spreads{};
  for (uint32_t bits = kLeastBits; bits <= kMostBits; ++bits) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      for (uint32_t d = 0; d < 8; ++d) spreads[bits][byte] |= uint64_t{byte >> d & 1} << bits * d;
    }
  }
  return spreads;
}
constexpr std::array<Spread, kMostBits + 1> kSpreads = MakeSpreads();

// Eight dimensions' numbers are `bits` bytes.
uint64_t LoadEight(const uint8_t* code, uint32_t bits) {
  uint64_t word = 0;
  for (uint32_t i = 0; i < bits; ++i) word |= uint64_t{code[i]} << 8 * i;
  return word;
}

}  // namespace

PlaneLayout::PlaneLayout(const Grid& grid, const RowLayout& row)
    : row(row),
      head{.code = grid.dims() / 8, .has_factor = true, .has_norm = row.has_norm},
      bits(grid.bits[0]),
      step(grid.step[0]) {}

bool PlaneLayout::Suits(const Grid& grid) {
  if (grid.dims() == 0 || grid.dims() % 8 != 0 || grid.bits[0] < kLeastBits) return false;
  const float step = grid.step[0], offset = grid.offset[0];
  const float half = step * static_cast<float>((1u << grid.bits[0]) - 1) / 2;
  if (!(std::abs(offset + half) <= 1e-4f * half)) return false;
  for (size_t d = 0; d < grid.dims(); ++d) {
    if (grid.bits[d] != grid.bits[0] || grid.step[d] != step || grid.offset[d] != offset) {
      return false;
    }
  }
  return true;
}

float PlaneLayout::Factor(const uint8_t* rest_of_row) const {
  float value;
  kernels::ToFloat(Dtype::kF16)(rest_of_row + rest(), &value, 1);
  return value;
}

float PlaneLayout::HeadFactor(const uint8_t* code) const {
  // The magnitudes are odd numbers of half steps.
  uint64_t sum = 0, squares = 0;
  const auto most = static_cast<int64_t>((1u << bits) - 1);
  for (size_t j = 0; j < plane(); ++j) {
    const uint64_t eight = LoadEight(code + bits * j, bits);
    for (uint32_t d = 0; d < 8; ++d) {
      const auto number = static_cast<int64_t>(eight >> bits * d) & most;
      const auto magnitude = static_cast<uint64_t>(std::abs(2 * number - most));
      sum += magnitude;
      squares += magnitude * magnitude;
    }
  }
  const double value = static_cast<double>(squares) / (2.0 * static_cast<double>(sum)) * step;
  return row.Factor(code) * static_cast<float>(value);
}

void PlaneLayout::Pack(const uint8_t* rows, size_t n, uint8_t* blocks) const {
  std::fill_n(blocks, stored_bytes(n), uint8_t{0});
  for (size_t i = 0; i < n; ++i, rows += row.bytes()) {
    uint8_t* block = blocks + i / kBlock * block_bytes();
    const size_t r = i % kBlock;
    uint8_t* others = block + kBlock * head.bytes() + r * (rest() + kFactor);
    for (size_t j = 0; j < plane(); ++j) {
      const uint64_t eight = LoadEight(rows + bits * j, bits);
      for (uint32_t b = 0; b < bits; ++b) {
        unsigned byte = 0;
        for (uint32_t d = 0; d < 8; ++d) {
          byte |= static_cast<unsigned>(eight >> (bits * d + b) & 1) << d;
        }
        uint8_t& to = b + 1 == bits ? block[kBlock * j + r] : others[plane() * b + j];
        to = static_cast<uint8_t>(byte);
      }
    }
    std::memcpy(others + rest(), rows + row.code, kFactor);
    const float factor = std::clamp(HeadFactor(rows), -kMostHalf, kMostHalf);
    kernels::FromFloat(Dtype::kF16)(&factor, block + kBlock * head.code + kFactor * r, 1);
    if (row.has_norm) {
      std::memcpy(block + kBlock * head.norm() + sizeof(float) * r, rows + row.norm(),
                  sizeof(float));
    }
  }
}

void PlaneLayout::Unpack(const uint8_t* block, size_t r, uint8_t* to) const {
  const uint8_t* others = Rest(block, r);
  const Spread& spread = kSpreads[bits];
  for (size_t j = 0; j < plane(); ++j) {
    uint64_t eight = spread[block[kBlock * j + r]] << (bits - 1);
    for (uint32_t b = 0; b + 1 < bits; ++b) eight |= spread[others[plane() * b + j]] << b;
    for (uint32_t i = 0; i < bits; ++i) to[bits * j + i] = static_cast<uint8_t>(eight >> 8 * i);
  }
  std::memcpy(to + row.code, others + rest(), kFactor);
  if (row.has_norm) {
    std::memcpy(to + row.norm(), block + kBlock * head.norm() + sizeof(float) * r, sizeof(float));
  }
}

}  // namespace sagitta::codec
