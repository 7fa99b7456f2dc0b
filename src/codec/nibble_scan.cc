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
// One block in so many has both looks in any case, so that what is known of them is of all rows.
constexpr size_t kLearnedFrom = 32;
// Of more than so many, where most had both, the others have one.
constexpr size_t kTrial = 256;

}  // namespace

NibbleScan::NibbleScan(const NibbleQuery& query, size_t k)
    : query_(query),
      layout_(query.layout()),
      k_(k),
      quick_(QuickTables::Of(query.query().tables, query.query().times < 0.0f)),
      base_(query.query().bias + quick_.base),
      margin_(kDeviations * quick_.error * std::abs(query.query().times)),
      candidates_(k),
      second_(k),
      twice_(quick_.first > 0) {}

void NibbleScan::Add(const StoredRows& rows) {
  const size_t stride = kBlock * layout_.bytes(), blocks = (rows.n + kBlock - 1) / kBlock;
  for (size_t begin = 0; begin < blocks; begin += kBlocks) {
    const size_t n = std::min(kBlocks, blocks - begin);
    uint64_t wanted[kBlocks];
    const bool many = WantedOfBlocks(rows, begin, n, kFewRows, wanted);
    const uint8_t* data = rows.data + begin * stride;
    const auto first = static_cast<uint32_t>(rows.first + begin * kBlock);
    if (!many) {
      for (uint32_t i = 0; i < n; ++i) TakeFew(data + i * stride, wanted[i], first + i * kBlock);
    } else if (twice_) {
      LookTwice(data, n, wanted, first);
    } else {
      LookOnce(data, n, wanted, first);
    }
  }
}

void NibbleScan::LookOnce(const uint8_t* data, size_t n, const uint64_t* wanted, uint32_t first) {
  const size_t stride = kBlock * layout_.bytes();
  uint32_t sums[kBlocks * kBlock];
  kernels::Codes().sum_tables(data, n, stride, quick_.columns.data(), quick_.columns.size(),
                              quick_.tables.data(), sums);
  for (uint32_t i = 0; i < n; ++i) {
    Take(data + i * stride, wanted[i], first + i * kBlock, sums + i * kBlock, nullptr);
  }
}

void NibbleScan::LookTwice(const uint8_t* data, size_t n, const uint64_t* wanted, uint32_t first) {
  const size_t stride = kBlock * layout_.bytes();
  uint32_t sums[kBlocks * kBlock], second[kBlock];
  kernels::Codes().sum_tables(data, n, stride, quick_.columns.data(), quick_.first,
                              quick_.tables.data(), sums);
  const bool learned = second_.learned();
  const float most = learned ? second_.Most() : 0.0f;
  for (uint32_t i = 0; i < n; ++i, data += stride) {
    uint32_t* both = sums + i * kBlock;
    const bool learn = !learned || blocks_ % kLearnedFrom == 0;
    ++blocks_;
    if (!learn && (wanted[i] & Within(both, most, BlockNumbers(layout_, data))) == 0) continue;
    ++looked_twice_;
    kernels::Codes().sum_tables(data, 1, stride, quick_.columns.data() + quick_.first,
                                quick_.columns.size() - quick_.first,
                                quick_.tables.data() + 32 * quick_.first, second);
    if (learn) second_.Learn(both, second);
    for (size_t r = 0; r < kBlock; ++r) both[r] += second[r];
    Take(data, wanted[i], first + i * kBlock, both, second);
  }
  if (!second_.learned()) return;
  twice_ = second_.decided_by_first() && (blocks_ < kTrial || 2 * looked_twice_ <= blocks_);
}

uint64_t NibbleScan::Within(const uint32_t* sums, float more, const BlockNumbers& numbers) const {
  const QueryTables& query = query_.query();
  const kernels::BlockBound bound{.base = query.times * (base_ + quick_.step * more),
                                  .step = query.times * quick_.step,
                                  .margin = margin_,
                                  .limit = candidates_.limit() - query.constant};
  return kernels::Codes().rows_within(sums, numbers.factors(), numbers.norms(), bound);
}

void NibbleScan::Take(const uint8_t* block, uint64_t wanted, uint32_t first, const uint32_t* sums,
                      const uint32_t* second) {
  if (wanted == 0) return;
  const BlockNumbers numbers(layout_, block);
  wanted &= Within(sums, 0.0f, numbers);
  for (; wanted != 0; wanted &= wanted - 1) {
    const auto r = static_cast<uint32_t>(std::countr_zero(wanted));
    const float sum = quick_.base + quick_.step * static_cast<float>(sums[r]);
    const float factor = numbers.factor(r);
    const float key = query_.query().Key(sum, factor, numbers.norm(r));
    candidates_.Keep({key - margin_ * std::abs(factor), first + r, block, r}, key);
    if (second != nullptr) second_.Keep(key, first + r, second[r]);
  }
}

void NibbleScan::TakeFew(const uint8_t* block, uint64_t wanted, uint32_t first) {
  if (wanted == 0) return;
  const BlockNumbers numbers(layout_, block);
  for (; wanted != 0; wanted &= wanted - 1) {
    const auto r = static_cast<uint32_t>(std::countr_zero(wanted));
    const float sum = query_.Sum(block + r, kBlock);
    const float key = query_.query().Key(sum, numbers.factor(r), numbers.norm(r));
    candidates_.Keep({key, first + r, block, r}, key);
  }
}

void NibbleScan::Finish(std::vector<Near>* out) {
  out->clear();
  for (const ScanCandidate& candidate : candidates_.Sift()) {
    const uint32_t r = candidate.place;
    const BlockNumbers numbers(layout_, candidate.block);
    const float sum = query_.Sum(candidate.block + r, kBlock);
    out->push_back({query_.query().Key(sum, numbers.factor(r), numbers.norm(r)), candidate.row});
  }
  KeepNearest(k_, out);
}

}  // namespace sagitta::codec
