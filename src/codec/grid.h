// Grid: one integer for each dimension, of as many bits as the dimension has, packed one after the
// other (least significant bit first). The integer c of dimension d stands for
// offset[d] + step[d]·c.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sagitta::codec {

struct Grid {
  std::vector<uint8_t> bits;  // by dimension, 0–8; without bits a dimension stands for its offset
  std::vector<float> offset;
  std::vector<float> step;

  size_t dims() const { return bits.size(); }
  size_t bytes() const;  // of a row

  // Packs the integers nearest to y / scale, and writes to `value` what they stand for, scaled.
  void Quantize(const float* y, float scale, uint8_t* code, float* value) const;
  // What a code stands for, unscaled.
  void Values(const uint8_t* code, float* value) const;
  // Σ y·Values, as 16 numbers for each nibble of a code, the low one of a byte first, and what is
  // added to their sum. Codes are bits with weights, so that a table follows from four of these.
  void Tables(const float* y, std::vector<float>* tables, float* bias) const;

  void Serialize(std::string* out) const;
  // False on malformed bytes.
  static bool Deserialize(std::string_view& in, Grid* out);
};

// Of four bits with these weights, what each of the 16 nibbles weighs; 16 numbers for each four.
// REQUIRES: a multiple of four weights.
std::vector<float> NibbleTables(const std::vector<float>& weights);

// Half of the grid's width and its step that suit a normal distribution of deviation 1 best, evenly
// spaced (Max, "Quantizing for Minimum Distortion", IRE Trans. Inform. Theory 6, 1960, Table II).
// REQUIRES: 1 ≤ bits ≤ 8.
float NormalStep(uint32_t bits);
// The mean squared error of that, 1 for 0 bits.
float NormalError(uint32_t bits);

// Bits by dimension, `total` of them together (or all that help), so that the squared error is
// least for normally distributed dimensions of these variances; at most 8 each.
std::vector<uint8_t> AllocateBits(const std::vector<float>& variance, size_t total);

}  // namespace sagitta::codec
