#include "codec/nibble_query.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "codec/scan_rows.h"
#include "kernels/codes.h"
#include "kernels/kernels.h"

namespace sagitta::codec {
namespace {

constexpr float kDeviations = 4.0f;
constexpr float kMostEntry = 127.0f;
// So many rows of a block are looked up in less time than all are by the quick tables.
constexpr int kFewRows = 4;

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

const NibbleQuery::QuickTables& NibbleQuery::quick() const {
  if (!quick_.has_value()) quick_ = MakeQuickTables();
  return *quick_;
}

void NibbleQuery::Scan(const StoredRows& rows, NearestRows* nearest) const {
  constexpr size_t kBlock = RowLayout::kBlock;
  const kernels::CodeTable& codes = kernels::Codes();
  kernels::BlockBound bound{.base = query_.times * quick().base,
                            .step = query_.times * quick().step,
                            .margin = kDeviations * quick().error * std::abs(query_.times),
                            .limit = 0};
  uint32_t sums[kBlock];
  float factors[kBlock], norms[kBlock];
  const uint8_t* block = rows.data;
  for (size_t first = 0; first < rows.n; first += kBlock, block += kBlock * layout_.bytes()) {
    uint64_t wanted = WantedOf(rows, first / kBlock);
    if (wanted == 0) continue;
    layout_.Factors(block, factors);
    layout_.Norms(block, norms);
    if (std::popcount(wanted) > kFewRows) {
      codes.sum_tables(block, layout_.code, quick().tables.data(), sums);
      bound.limit = nearest->limit() - query_.constant;
      wanted &= codes.rows_within(sums, factors, norms, bound);
    }
    for (; wanted != 0; wanted &= wanted - 1) {
      const auto r = static_cast<size_t>(std::countr_zero(wanted));
      const float key = KeyOf(Sum(block + r, kBlock), factors[r], norms[r]);
      nearest->Push({key, static_cast<uint32_t>(rows.first + first + r)});
    }
  }
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

void ByteQuery::Scan(const StoredRows& rows, NearestRows* nearest) const {
  ScanRows(*this, layout_.bytes(), rows, nearest);
}

}  // namespace sagitta::codec
