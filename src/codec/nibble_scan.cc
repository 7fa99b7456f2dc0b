#include "codec/nibble_scan.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "codec/row_scan.h"
#include "kernels/codes.h"

namespace sagitta::codec {
namespace {

constexpr size_t kBlock = RowLayout::kBlock;
constexpr size_t kBlocks = 4;  // looked at together
constexpr int kMostEntry = 127;
constexpr float kDeviations = 4.0f;
constexpr size_t kLeastSifted = 256;
// So many rows of a block are looked up in less time than all are by the quick tables.
constexpr int kFewRows = 4;

bool IsWhole(float v) { return v == static_cast<float>(static_cast<int>(v)); }

}  // namespace

NibbleScan::QuickTables NibbleScan::MakeQuickTables(const QueryTables& query) {
  QuickTables quick;
  const std::vector<float>& tables = query.tables;
  const size_t nibbles = tables.size() / 16;
  std::vector<float> least(nibbles);
  float range = 0;
  for (size_t i = 0; i < nibbles; ++i) {
    const float* table = tables.data() + 16 * i;
    const auto [low, high] = std::minmax_element(table, table + 16);
    least[i] = *low;
    range = std::max(range, *high - *low);
  }
  // Small integers are exact as they are.
  const bool exact = range <= kMostEntry && std::all_of(tables.begin(), tables.end(), IsWhole);
  quick.step = exact || !(range > 0) ? 1.0f : range / kMostEntry;
  if (!exact) quick.error = quick.step * std::sqrt(static_cast<float>(nibbles) / 12.0f);
  quick.base = query.bias;
  const float places = 1.0f / quick.step;
  quick.tables.resize(16 * nibbles);
  for (size_t i = 0; i < nibbles; ++i) {
    quick.base += least[i];
    for (size_t v = 16 * i; v < 16 * (i + 1); ++v) {
      // Not below 0, so that cutting off rounds.
      const auto place = static_cast<int>((tables[v] - least[i]) * places + 0.5f);
      quick.tables[v] = static_cast<uint8_t>(std::min(place, kMostEntry));
    }
  }
  return quick;
}

NibbleScan::NibbleScan(const NibbleQuery& query, size_t k)
    : query_(query),
      layout_(query.layout()),
      k_(k),
      quick_(MakeQuickTables(query.query())),
      margin_(kDeviations * quick_.error * std::abs(query.query().times)),
      nearest_(k),
      sift_at_(std::max(2 * k, kLeastSifted)) {}

void NibbleScan::Add(const StoredRows& rows) {
  const size_t stride = kBlock * layout_.bytes(), blocks = (rows.n + kBlock - 1) / kBlock;
  uint32_t sums[kBlocks * kBlock];
  for (size_t begin = 0; begin < blocks; begin += kBlocks) {
    const size_t n = std::min(kBlocks, blocks - begin);
    uint64_t wanted[kBlocks];
    bool many = false;
    for (size_t i = 0; i < n; ++i) {
      wanted[i] = WantedOf(rows, begin + i);
      many = many || std::popcount(wanted[i]) > kFewRows;
    }
    const uint8_t* data = rows.data + begin * stride;
    if (many) {
      kernels::Codes().sum_tables(data, n, stride, layout_.code, quick_.tables.data(), sums);
    }
    for (size_t i = 0; i < n; ++i) {
      const auto first = static_cast<uint32_t>(rows.first + (begin + i) * kBlock);
      if (many) {
        Take(data + i * stride, wanted[i], first, sums + i * kBlock);
      } else {
        TakeFew(data + i * stride, wanted[i], first);
      }
    }
  }
}

void NibbleScan::Take(const uint8_t* block, uint64_t wanted, uint32_t first, const uint32_t* sums) {
  if (wanted == 0) return;
  float factors[kBlock], norms[kBlock];
  layout_.Factors(block, factors);
  layout_.Norms(block, norms);
  const QueryTables& query = query_.query();
  const kernels::BlockBound bound{.base = query.times * quick_.base,
                                  .step = query.times * quick_.step,
                                  .margin = margin_,
                                  .limit = nearest_.limit() - query.constant};
  wanted &= kernels::Codes().rows_within(sums, factors, norms, bound);
  for (; wanted != 0; wanted &= wanted - 1) {
    const auto r = static_cast<uint32_t>(std::countr_zero(wanted));
    const float sum = quick_.base - query.bias + quick_.step * static_cast<float>(sums[r]);
    const float key = query_.KeyOf(sum, factors[r], norms[r]);
    Keep({key - margin_ * std::abs(factors[r]), first + r, block, r}, key);
  }
}

void NibbleScan::TakeFew(const uint8_t* block, uint64_t wanted, uint32_t first) {
  if (wanted == 0) return;
  float factors[kBlock], norms[kBlock];
  layout_.Factors(block, factors);
  layout_.Norms(block, norms);
  for (; wanted != 0; wanted &= wanted - 1) {
    const auto r = static_cast<uint32_t>(std::countr_zero(wanted));
    const float key = query_.KeyOf(query_.Sum(block + r, kBlock), factors[r], norms[r]);
    Keep({key, first + r, block, r}, key);
  }
}

void NibbleScan::Keep(const Candidate& candidate, float key) {
  if (!(candidate.least <= nearest_.limit())) return;
  candidates_.push_back(candidate);
  nearest_.Push({key, candidate.row});
  if (candidates_.size() >= sift_at_) Sift();
}

void NibbleScan::Sift() {
  const float limit = nearest_.limit();
  std::erase_if(candidates_, [&](const Candidate& c) { return c.least > limit; });
  sift_at_ = std::max(sift_at_, 2 * candidates_.size());
}

void NibbleScan::Finish(std::vector<Near>* out) {
  Sift();
  out->clear();
  float factors[kBlock], norms[kBlock];
  for (const Candidate& candidate : candidates_) {
    layout_.Factors(candidate.block, factors);
    layout_.Norms(candidate.block, norms);
    const float sum = query_.Sum(candidate.block + candidate.place, kBlock);
    out->push_back(
        {query_.KeyOf(sum, factors[candidate.place], norms[candidate.place]), candidate.row});
  }
  const size_t n = std::min(k_, out->size());
  std::partial_sort(out->begin(), out->begin() + static_cast<ptrdiff_t>(n), out->end());
  out->resize(n);
}

}  // namespace sagitta::codec
