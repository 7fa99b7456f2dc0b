#include "codec/grid.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <queue>
#include <utility>

#include "base/bytes.h"
#include "codec/floats.h"

namespace sagitta::codec {
namespace {

constexpr uint32_t kMostBits = 8;
constexpr float kSteps[kMostBits + 1] = {0.0f,    1.5958f, 0.9957f, 0.5860f, 0.3352f,
                                         0.1881f, 0.1041f, 0.0569f, 0.0308f};
constexpr float kErrors[kMostBits + 1] = {1.0f,      0.3634f,   0.1188f,   0.03744f,  0.01154f,
                                          0.003495f, 0.001041f, 0.000304f, 0.0000869f};

}  // namespace

float NormalStep(uint32_t bits) { return kSteps[bits]; }
float NormalError(uint32_t bits) { return kErrors[bits]; }

std::vector<uint8_t> AllocateBits(const std::vector<float>& variance, size_t total) {
  std::vector<uint8_t> bits(variance.size(), 0);
  // By what a bit more gains; among equals the first dimension comes first.
  using Gain = std::pair<float, int64_t>;
  std::priority_queue<Gain> gains;
  const auto offer = [&](size_t d) {
    if (bits[d] == kMostBits) return;
    const float gain = variance[d] * (kErrors[bits[d]] - kErrors[bits[d] + 1]);
    if (gain > 0.0f) gains.push({gain, -static_cast<int64_t>(d)});
  };
  for (size_t d = 0; d < variance.size(); ++d) offer(d);
  for (; total > 0 && !gains.empty(); --total) {
    const auto d = static_cast<size_t>(-gains.top().second);
    gains.pop();
    ++bits[d];
    offer(d);
  }
  return bits;
}

size_t Grid::bytes() const {
  return (std::accumulate(bits.begin(), bits.end(), size_t{0}) + 7) / 8;
}

void Grid::Quantize(const float* y, float scale, uint8_t* code, float* value) const {
  std::fill_n(code, bytes(), uint8_t{0});
  const float inverse = scale > 0.0f ? 1.0f / scale : 0.0f;
  size_t at = 0;
  for (size_t d = 0; d < dims(); ++d) {
    uint32_t integer = 0;
    if (bits[d] > 0) {
      const auto most = static_cast<float>((1u << bits[d]) - 1);
      const float place = std::nearbyint((y[d] * inverse - offset[d]) / step[d]);
      integer = static_cast<uint32_t>(std::clamp(place, 0.0f, most));
      const uint32_t shifted = integer << at % 8;
      code[at / 8] |= static_cast<uint8_t>(shifted);
      if (shifted > 255) code[at / 8 + 1] |= static_cast<uint8_t>(shifted >> 8);
      at += bits[d];
    }
    value[d] = scale * (offset[d] + step[d] * static_cast<float>(integer));
  }
}

void Grid::Values(const uint8_t* code, float* value) const {
  size_t at = 0;
  for (size_t d = 0; d < dims(); ++d) {
    uint32_t integer = 0;
    if (bits[d] > 0) {
      const size_t last = (at + bits[d] - 1) / 8;
      uint32_t word = code[at / 8];
      if (last != at / 8) word |= static_cast<uint32_t>(code[last]) << 8;
      integer = word >> at % 8 & ((1u << bits[d]) - 1);
      at += bits[d];
    }
    value[d] = offset[d] + step[d] * static_cast<float>(integer);
  }
}

std::vector<float> NibbleTables(const std::vector<float>& weights) {
  std::vector<float> tables(4 * weights.size(), 0.0f);
  for (size_t i = 0; i < weights.size(); ++i) {
    float* table = tables.data() + 16 * (i / 4);
    const size_t half = size_t{1} << i % 4;
    for (size_t v = 0; v < half; ++v) table[half + v] = table[v] + weights[i];
  }
  return tables;
}

void Grid::Tables(const float* y, std::vector<float>* tables, float* bias) const {
  const size_t nibbles = 2 * bytes();
  std::vector<float> weights(4 * nibbles, 0.0f);
  size_t at = 0;
  double sum = 0;
  for (size_t d = 0; d < dims(); ++d) {
    sum += double{y[d]} * offset[d];
    for (uint32_t bit = 0; bit < bits[d]; ++bit) {
      weights[at++] = y[d] * step[d] * static_cast<float>(1u << bit);
    }
  }
  *bias = static_cast<float>(sum);
  *tables = NibbleTables(weights);
}

void Grid::Serialize(std::string* out) const {
  base::PutBytes(*out, {reinterpret_cast<const char*>(bits.data()), bits.size()});
  PutFloats(offset, out);
  PutFloats(step, out);
}

bool Grid::Deserialize(std::string_view& in, Grid* out) {
  std::string_view widths;
  if (!base::GetBytes(in, &widths) || !GetFloats(in, &out->offset) || !GetFloats(in, &out->step)) {
    return false;
  }
  out->bits.assign(widths.begin(), widths.end());
  if (out->offset.size() != out->dims() || out->step.size() != out->dims()) return false;
  for (size_t d = 0; d < out->dims(); ++d) {
    if (out->bits[d] > kMostBits || (out->bits[d] > 0 && !(out->step[d] > 0.0f))) return false;
  }
  return true;
}

}  // namespace sagitta::codec
