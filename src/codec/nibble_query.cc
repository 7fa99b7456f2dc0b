#include "codec/nibble_query.h"

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

QueryTables StartTables(const Transform& transform, Metric metric, const float* query) {
  if (metric == Metric::kL2) {
    return {.constant = transform.SquaredDistanceToMean(query), .times = -2.0f};
  }
  return {.constant = -transform.DotWithMean(query), .times = -1.0f};
}

float NibbleQuery::KeyOf(float sum, float factor, float norm) const {
  const float key = query_.Key(sum, factor, norm);
  return layout_.has_norm ? std::max(0.0f, key) : key;
}

// Of four sums, so that no addition waits for the one before.
float NibbleQuery::Sum(const uint8_t* code, size_t stride) const {
  const float* table = query_.tables.data();
  float sums[4] = {0, 0, 0, 0};
  size_t byte = 0;
  for (; byte + 2 <= layout_.code; byte += 2, table += 64) {
    const uint8_t a = code[stride * byte], b = code[stride * (byte + 1)];
    sums[0] += table[a % 16];
    sums[1] += table[16 + a / 16];
    sums[2] += table[32 + b % 16];
    sums[3] += table[48 + b / 16];
  }
  if (byte < layout_.code) {
    const uint8_t last = code[stride * byte];
    sums[0] += table[last % 16];
    sums[1] += table[16 + last / 16];
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void NibbleQuery::Keys(const uint8_t* codes, size_t n, float* keys) const {
  for (size_t i = 0; i < n; ++i, codes += layout_.bytes()) {
    keys[i] = KeyOf(Sum(codes, 1), layout_.Factor(codes), layout_.Norm(codes));
  }
}

NibbleQuery::QuickTables NibbleQuery::MakeQuickTables() const {
  QuickTables quick;
  const size_t nibbles = 2 * layout_.code;
  const auto entry = [&](size_t nibble, size_t value) {
    return query_.tables[16 * nibble + value];
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
  quick.base = query_.bias;
  quick.step = range > 0 ? range / kMostEntry : 1.0f;
  quick.error = quick.step * std::sqrt(static_cast<float>(nibbles) / 12.0f);
  // Small integers are exact as they are.
  const auto whole = [](float v) { return v == std::nearbyint(v); };
  if (range <= kMostEntry && std::all_of(query_.tables.begin(), query_.tables.end(), whole)) {
    quick.step = 1.0f;
    quick.error = 0.0f;
  }
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

void NibbleQuery::FindNearest(const uint8_t* blocks, size_t n, size_t k,
                              std::vector<Near>* out) const {
  constexpr size_t kBlock = RowLayout::kBlock;
  const QuickTables quick = MakeQuickTables();
  const auto sum_tables = kernels::Codes().sum_tables;
  const float margin = kDeviations * quick.error * std::abs(query_.times);
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
          query_.Key(product - query_.bias, factors[r], norms[r]) - margin * std::abs(factors[r]);
    }
    const size_t rows = std::min(kBlock, n - first);
    for (size_t r = 0; r < rows; ++r) {
      if (!(least[r] <= best.limit())) continue;
      const float key = KeyOf(Sum(blocks + r, kBlock), factors[r], norms[r]);
      best.Push({key, static_cast<uint32_t>(first + r)});
    }
  }
  best.Finish();
}

void ByteQuery::Keys(const uint8_t* codes, size_t n, float* keys) const {
  for (size_t i = 0; i < n; ++i, codes += layout_.bytes()) {
    const float* table = query_.tables.data();
    float sums[2] = {0, 0};
    for (size_t byte = 0; byte < layout_.code; ++byte, table += 256) {
      sums[byte % 2] += table[codes[byte]];
    }
    const float key = query_.Key(sums[0] + sums[1], layout_.Factor(codes), layout_.Norm(codes));
    keys[i] = layout_.has_norm ? std::max(0.0f, key) : key;
  }
}

}  // namespace sagitta::codec
