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
constexpr float kDeviations = 4.0f;
// So many rows of a block are looked up in less time than all are by the quick tables.
constexpr int kFewRows = 4;

}  // namespace

NibbleScan::NibbleScan(const NibbleQuery& query, size_t k)
    : query_(query),
      layout_(query.layout()),
      k_(k),
      quick_(QuickTables::Of(query.query().tables)),
      base_(query.query().bias + quick_.base),
      margin_(kDeviations * quick_.error * std::abs(query.query().times)),
      candidates_(k) {}

void NibbleScan::Add(const StoredRows& rows) {
  const size_t stride = kBlock * layout_.bytes(), blocks = (rows.n + kBlock - 1) / kBlock;
  uint32_t sums[kBlocks * kBlock];
  for (size_t begin = 0; begin < blocks; begin += kBlocks) {
    const size_t n = std::min(kBlocks, blocks - begin);
    uint64_t wanted[kBlocks];
    const bool many = WantedOfBlocks(rows, begin, n, kFewRows, wanted);
    const uint8_t* data = rows.data + begin * stride;
    if (many) {
      kernels::Codes().sum_tables(data, n, stride, quick_.columns.data(), quick_.columns.size(),
                                  quick_.tables.data(), sums);
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
  const kernels::BlockBound bound{.base = query.times * base_,
                                  .step = query.times * quick_.step,
                                  .margin = margin_,
                                  .limit = candidates_.limit() - query.constant};
  wanted &= kernels::Codes().rows_within(sums, factors, norms, bound);
  for (; wanted != 0; wanted &= wanted - 1) {
    const auto r = static_cast<uint32_t>(std::countr_zero(wanted));
    const float sum = quick_.base + quick_.step * static_cast<float>(sums[r]);
    const float key = query_.query().Key(sum, factors[r], norms[r]);
    candidates_.Keep({key - margin_ * std::abs(factors[r]), first + r, block, r}, key);
  }
}

void NibbleScan::TakeFew(const uint8_t* block, uint64_t wanted, uint32_t first) {
  if (wanted == 0) return;
  float factors[kBlock], norms[kBlock];
  layout_.Factors(block, factors);
  layout_.Norms(block, norms);
  for (; wanted != 0; wanted &= wanted - 1) {
    const auto r = static_cast<uint32_t>(std::countr_zero(wanted));
    const float key = query_.query().Key(query_.Sum(block + r, kBlock), factors[r], norms[r]);
    candidates_.Keep({key, first + r, block, r}, key);
  }
}

void NibbleScan::Finish(std::vector<Near>* out) {
  out->clear();
  float factors[kBlock], norms[kBlock];
  for (const ScanCandidate& candidate : candidates_.Sift()) {
    layout_.Factors(candidate.block, factors);
    layout_.Norms(candidate.block, norms);
    const float sum = query_.Sum(candidate.block + candidate.place, kBlock);
    out->push_back(
        {query_.query().Key(sum, factors[candidate.place], norms[candidate.place]), candidate.row});
  }
  KeepNearest(k_, out);
}

}  // namespace sagitta::codec
