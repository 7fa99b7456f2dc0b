// How codes of several bits a dimension are stored for a scan that looks at one bit of each first,
// as Gao et al. do ("Practical and Asymptotically Optimal Quantization of High-Dimensional Vectors
// in Euclidean Space for Approximate Nearest Neighbor Search", SIGMOD 2025).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "codec/grid.h"
#include "codec/row_layout.h"

namespace sagitta::codec {

// A block has 64 rows. It begins as one of RowLayout whose codes are the highest bits alone; their
// factors are for these, see HeadFactor. Behind the norms stand, of one row after the other, the
// other bits by planes (bit 0 of every dimension, then bit 1, and so on; bit d % 8 of byte d / 8 of
// a plane is dimension d's) and the row's factor.
struct PlaneLayout {
  static constexpr size_t kBlock = RowLayout::kBlock;
  static constexpr size_t kFactor = 2;  // bytes

  // For codes of `grid` in rows as `row` says. REQUIRES: Suits(grid); row.has_factor.
  PlaneLayout(const Grid& grid, const RowLayout& row);
  // Whether all dimensions have the same grid of more than one bit, centred on 0, and fill bytes.
  static bool Suits(const Grid& grid);

  size_t plane() const { return head.code; }            // bytes
  size_t rest() const { return row.code - head.code; }  // bytes of a row's other planes
  size_t block_bytes() const { return kBlock * (row.bytes() + kFactor); }
  size_t stored_bytes(size_t n) const { return (n + kBlock - 1) / kBlock * block_bytes(); }
  // A row's other planes and its factor.
  const uint8_t* Rest(const uint8_t* block, size_t r) const {
    return block + kBlock * head.bytes() + r * (rest() + kFactor);
  }
  float Factor(const uint8_t* rest_of_row) const;
  // The highest bits of one row, plane() bytes.
  void Head(const uint8_t* block, size_t r, uint8_t* bits) const {
    for (size_t j = 0; j < plane(); ++j) bits[j] = block[kBlock * j + r];
  }

  // As RowLayout's.
  void Pack(const uint8_t* rows, size_t n, uint8_t* blocks) const;
  // One of the rows that were packed.
  void Unpack(const uint8_t* block, size_t r, uint8_t* to) const;
  // What a row's sum of ±query, signed as its highest bits say, is multiplied with so that it
  // estimates the product with the row, on average right for queries in the row's own direction and
  // in others: factor·E v² / E |v|, of the values v of its code.
  float HeadFactor(const uint8_t* code) const;

  RowLayout row, head;
  uint32_t bits;
  float step;
};

// Of codes of `grid`, where they can be laid out so.
inline std::optional<PlaneLayout> PlanesOf(const Grid& grid, const RowLayout& row) {
  const bool can = row.has_factor && PlaneLayout::Suits(grid);
  return can ? std::optional(PlaneLayout(grid, row)) : std::nullopt;
}

}  // namespace sagitta::codec
