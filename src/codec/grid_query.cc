#include "codec/grid_query.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/codes.h"
#include "kernels/kernels.h"

namespace sagitta::codec {
namespace {

constexpr float kDeviations = 4.0f;
constexpr float kMostEntry = 127.0f;

// The k best, the worst of them in front.
class Best {
 public:
  Best(size_t k, std::vector<Near>* out) : k_(k), heap_(*out) { heap_.clear(); }
  float limit() const {
    return heap_.size() < k_ ? std::numeric_limits<float>::infinity() : heap_.front().key;
  }
  void Push(Near near) {
    if (!(near.key <= limit())) return;
    if (heap_.size() == k_) {
      if (k_ == 0 || !(near < heap_.front())) return;
      std::pop_heap(heap_.begin(), heap_.end());
      heap_.pop_back();
    }
    heap_.push_back(near);
    std::push_heap(heap_.begin(), heap_.end());
  }
  void Finish() { std::sort_heap(heap_.begin(), heap_.end()); }

 private:
  const size_t k_;
  std::vector<Near>& heap_;
};

}  // namespace

float GridLayout::Factor(const uint8_t* row) const {
  if (!has_factor) return 1.0f;
  float value;
  kernels::ToFloat(Dtype::kF16)(row + code, &value, 1);
  return value;
}

float GridLayout::Norm(const uint8_t* row) const {
  float value = 0;
  if (has_norm) std::memcpy(&value, row + norm(), sizeof value);
  return value;
}

void GridLayout::PutFactor(float value, uint8_t* bytes) {
  constexpr float kMostHalf = 65504.0f;
  value = std::clamp(value, -kMostHalf, kMostHalf);
  kernels::FromFloat(Dtype::kF16)(&value, bytes, 1);
}

void GridLayout::Pack(const uint8_t* rows, size_t n, uint8_t* blocks) const {
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

void GridLayout::Factors(const uint8_t* block, float* factors) const {
  if (has_factor) {
    kernels::ToFloat(Dtype::kF16)(block + kBlock * code, factors, kBlock);
  } else {
    std::fill_n(factors, kBlock, 1.0f);
  }
}

void GridLayout::Norms(const uint8_t* block, float* norms) const {
  if (has_norm) {
    std::memcpy(norms, block + kBlock * norm(), kBlock * sizeof(float));
  } else {
    std::fill_n(norms, kBlock, 0.0f);
  }
}

GridQuery::GridQuery(const GridModel& model, const float* query) : layout_(model) {
  const bool l2 = model.metric == Metric::kL2;
  std::vector<float> scratch, y(model.transform.out());
  model.transform.Apply(query, l2, &scratch, y.data());
  model.grid.Tables(y.data(), &tables_, &bias_);
  constant_ =
      l2 ? model.transform.SquaredDistanceToMean(query) : -model.transform.DotWithMean(query);
  times_ = l2 ? -2.0f : -1.0f;
}

float GridQuery::KeyOf(float product, float factor, float norm) const {
  const float key = constant_ + times_ * factor * product;
  return layout_.has_norm ? std::max(0.0f, key + norm) : key;
}

// Of four sums, so that no addition waits for the one before.
float GridQuery::Product(const uint8_t* code, size_t stride) const {
  const float* table = tables_.data();
  float sums[4] = {0, 0, 0, 0};
  size_t byte = 0;
  for (; byte + 4 <= layout_.code; byte += 4, table += 4 * 256) {
    for (size_t j = 0; j < 4; ++j) sums[j] += table[256 * j + code[stride * (byte + j)]];
  }
  for (; byte < layout_.code; ++byte, table += 256) sums[0] += table[code[stride * byte]];
  return bias_ + ((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

void GridQuery::Keys(const uint8_t* codes, size_t n, float* keys) const {
  for (size_t i = 0; i < n; ++i, codes += layout_.bytes()) {
    keys[i] = KeyOf(Product(codes, 1), layout_.Factor(codes), layout_.Norm(codes));
  }
}

GridQuery::QuickTables GridQuery::MakeQuickTables() const {
  QuickTables quick;
  const size_t nibbles = 2 * layout_.code;
  // A byte's table is what its two nibbles find, added up; nothing for a zero.
  const auto entry = [&](size_t nibble, size_t value) {
    const float* table = tables_.data() + 256 * (nibble / 2);
    return table[nibble % 2 == 0 ? value : 16 * value];
  };
  std::vector<float> least(nibbles);
  float range = 0;
  for (size_t i = 0; i < nibbles; ++i) {
    float most = least[i] = entry(i, 0);
    for (size_t v = 1; v < 16; ++v) {
      least[i] = std::min(least[i], entry(i, v));
      most = std::max(most, entry(i, v));
    }
    range = std::max(range, most - least[i]);
  }
  quick.base = bias_;
  quick.step = range > 0 ? range / kMostEntry : 1.0f;
  quick.error = quick.step * std::sqrt(static_cast<float>(nibbles) / 12.0f);
  quick.tables.resize(16 * nibbles);
  for (size_t i = 0; i < nibbles; ++i) {
    quick.base += least[i];
    for (size_t v = 0; v < 16; ++v) {
      const float place = std::nearbyint((entry(i, v) - least[i]) / quick.step);
      quick.tables[16 * i + v] = static_cast<uint8_t>(std::clamp(place, 0.0f, kMostEntry));
    }
  }
  return quick;
}

void GridQuery::FindNearest(const uint8_t* blocks, size_t n, size_t k,
                            std::vector<Near>* out) const {
  constexpr size_t kBlock = GridLayout::kBlock;
  const QuickTables quick = MakeQuickTables();
  const auto sum_tables = kernels::Codes().sum_tables;
  const float margin = kDeviations * quick.error * std::abs(times_);
  Best best(k, out);
  uint32_t sums[kBlock];
  float factors[kBlock], norms[kBlock], least[kBlock];
  for (size_t first = 0; first < n; first += kBlock, blocks += kBlock * layout_.bytes()) {
    sum_tables(blocks, layout_.code, quick.tables.data(), sums);
    layout_.Factors(blocks, factors);
    layout_.Norms(blocks, norms);
    for (size_t r = 0; r < kBlock; ++r) {
      const float product = quick.base + quick.step * static_cast<float>(sums[r]);
      least[r] =
          constant_ + times_ * factors[r] * product + norms[r] - margin * std::abs(factors[r]);
    }
    const size_t rows = std::min(kBlock, n - first);
    for (size_t r = 0; r < rows; ++r) {
      if (!(least[r] <= best.limit())) continue;
      const float key = KeyOf(Product(blocks + r, kBlock), factors[r], norms[r]);
      best.Push({key, static_cast<uint32_t>(first + r)});
    }
  }
  best.Finish();
}

}  // namespace sagitta::codec
