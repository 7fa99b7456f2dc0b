#include "codec/plane_scan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "codec/row_scan.h"
#include "kernels/codes.h"

namespace sagitta::codec {
namespace {

constexpr size_t kBlock = PlaneLayout::kBlock;
constexpr size_t kBlocks = 4;        // looked at together
constexpr float kDeviations = 4.0f;  // of the quick tables
constexpr float kHeadDeviations = 3.0f;
constexpr size_t kLearnedFrom = 16;     // rows
constexpr size_t kRankedTogether = 16;  // rows, while those after them are fetched
// So many rows of a block are compared by all bits in less time than all are by their highest.
constexpr int kFewRows = 4;

void FetchRow(const uint8_t* row, size_t bytes) {
  for (size_t at = 0; at < bytes; at += 64) __builtin_prefetch(row + at);
  __builtin_prefetch(row + bytes - 1);
}

// 1 − (E |v|)² / E v² of a normal distribution on the grids of 2 to 8 bits that suit it best: the
// squared error of a product by highest bits, of the query's squared length.
constexpr double kErrors[9] = {0, 0, 0.2446, 0.3227, 0.3498, 0.3590, 0.3620, 0.3630, 0.3633};

}  // namespace

PlaneScan::PlaneScan(const NibbleQuery& query, const PlaneLayout& layout, size_t k)
    : query_(query), layout_(layout), k_(k), candidates_(k), nearest_(k) {
  const std::vector<float>& tables = query.query().tables;
  const size_t dims = 8 * layout.plane();
  const auto weight = [&](size_t bit) { return tables[16 * (bit / 4) + (size_t{1} << bit % 4)]; };
  const uint32_t planes = layout.bits - 1;
  head_weights_.resize(dims);
  rest_weights_.resize(planes * dims);
  double sum = 0, squares = 0;
  for (size_t d = 0; d < dims; ++d) {
    for (uint32_t b = 0; b < planes; ++b) rest_weights_[b * dims + d] = weight(layout.bits * d + b);
    head_weights_[d] = weight(layout.bits * d + planes);
    const double number = double{rest_weights_[d]} / layout.step;
    sum += number;
    squares += number * number;
  }
  quick_ = QuickTables::Of(NibbleTables(head_weights_));
  slack_ = kDeviations * quick_.error * std::abs(query.query().times);
  base_ = static_cast<float>(-sum);
  slope_ = static_cast<float>(2.0 / (std::exp2(planes) * layout.step));
  length_ = std::sqrt(squares);
}

// Gao and Long ("RaBitQ", SIGMOD 2024, Theorem 3.2) have it from a row's direction being random; a
// few rows say whether it is.
void PlaneScan::LearnFrom(const StoredRows& rows) {
  if (learned_ || rows.n == 0) return;
  learned_ = true;
  const size_t n = std::min(kLearnedFrom, rows.n);
  std::vector<uint8_t> head(layout_.plane());
  const QueryTables& query = query_.query();
  double squares = 0;
  for (size_t i = 0; i < n; ++i) {
    const size_t row = i * rows.n / n, r = row % kBlock;
    const uint8_t* block = rows.data + row / kBlock * layout_.block_bytes();
    const float factor = BlockNumbers(layout_.head, block).factor(r);
    if (factor == 0.0f) continue;
    layout_.Head(block, r, head.data());
    const uint8_t* rest = layout_.Rest(block, r);
    const auto sum_bits = kernels::Codes().sum_bits;
    const float high = sum_bits(head.data(), layout_.plane(), head_weights_.data());
    const float low = sum_bits(rest, layout_.rest(), rest_weights_.data());
    const double product = double{layout_.Factor(rest)} * (query.bias + high + low);
    const double off = product / factor - (base_ + slope_ * high);
    squares += off * off / static_cast<double>(n);
  }
  const double usual = std::sqrt(kErrors[layout_.bits]) * length_;
  const double deviation = std::max(usual, std::sqrt(squares));
  const double quick = kDeviations * quick_.error * slope_;
  margin_ =
      std::abs(query.times) * static_cast<float>(std::hypot(kHeadDeviations * deviation, quick));
}

void PlaneScan::Add(const StoredRows& rows) {
  LearnFrom(rows);
  const size_t stride = layout_.block_bytes(), blocks = (rows.n + kBlock - 1) / kBlock;
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
      if (wanted[i] == 0) continue;
      const auto first = static_cast<uint32_t>(rows.first + (begin + i) * kBlock);
      if (many) {
        Look(data + i * stride, wanted[i], first, sums + i * kBlock);
      } else {
        LookAtFew(data + i * stride, wanted[i], first);
      }
      // At first everything may be near.
      if (!std::isfinite(candidates_.limit())) Rank(&next_);
    }
    Rank(&seen_);
    seen_.swap(next_);
  }
  Rank(&seen_);
}

void PlaneScan::Look(const uint8_t* block, uint64_t wanted, uint32_t first, const uint32_t* sums) {
  const BlockNumbers numbers(layout_.head, block);
  const QueryTables& query = query_.query();
  const kernels::BlockBound bound{.base = query.times * (base_ + slope_ * quick_.base),
                                  .step = query.times * slope_ * quick_.step,
                                  .margin = margin_,
                                  .limit = candidates_.limit() - query.constant};
  wanted &= kernels::Codes().rows_within(sums, numbers.factors(), numbers.norms(), bound);
  for (; wanted != 0; wanted &= wanted - 1) {
    const auto r = static_cast<uint32_t>(std::countr_zero(wanted));
    const float product = bound.base + bound.step * static_cast<float>(sums[r]);
    const float factor = numbers.factor(r), norm = numbers.norm(r);
    const float key = query.constant + norm + factor * product;
    const float head = quick_.base + quick_.step * static_cast<float>(sums[r]);
    const bool now = key <= nearest_.limit();
    const ScanCandidate row{key - margin_ * std::abs(factor), first + r, block, r};
    (now ? next_ : later_).push_back({row, head, norm});
    if (!now) continue;
    nearest_.Push({key, first + r});
    FetchRow(layout_.Rest(block, r), layout_.rest() + PlaneLayout::kFactor);
  }
  if (later_.size() >= sift_at_) SiftLater();
}

void PlaneScan::LookAtFew(const uint8_t* block, uint64_t wanted, uint32_t first) {
  constexpr float kNothing = -std::numeric_limits<float>::infinity();
  const BlockNumbers numbers(layout_.head, block);
  std::vector<uint8_t> bits(layout_.plane());
  for (; wanted != 0; wanted &= wanted - 1) {
    const auto r = static_cast<uint32_t>(std::countr_zero(wanted));
    FetchRow(layout_.Rest(block, r), layout_.rest() + PlaneLayout::kFactor);
    layout_.Head(block, r, bits.data());
    const float head =
        kernels::Codes().sum_bits(bits.data(), layout_.plane(), head_weights_.data());
    next_.push_back({{kNothing, first + r, block, r}, head, numbers.norm(r)});
  }
}

void PlaneScan::Rank(std::vector<Seen>* seen) {
  const auto sum_bits = kernels::Codes().sum_bits;
  for (const Seen& row : *seen) {
    if (!(row.candidate.least <= candidates_.limit())) continue;
    ScanCandidate candidate = row.candidate;
    const uint8_t* rest = layout_.Rest(candidate.block, candidate.place);
    const float sum = row.head + sum_bits(rest, layout_.rest(), rest_weights_.data());
    const float factor = layout_.Factor(rest);
    const float key = query_.query().Key(sum, factor, row.norm);
    candidate.least = key - slack_ * std::abs(factor);
    candidates_.Keep(candidate, key);
  }
  seen->clear();
}

void PlaneScan::SiftLater() {
  const float limit = candidates_.limit();
  std::erase_if(later_, [&](const Seen& row) { return row.candidate.least > limit; });
  sift_at_ = std::max(sift_at_, 2 * later_.size());
}

void PlaneScan::Finish(std::vector<Near>* out) {
  SiftLater();
  for (size_t i = 0; i < later_.size(); ++i) {
    const ScanCandidate& row = later_[i].candidate;
    FetchRow(layout_.Rest(row.block, row.place), layout_.rest() + PlaneLayout::kFactor);
    next_.push_back(later_[i]);
    if (next_.size() < kRankedTogether && i + 1 < later_.size()) continue;
    Rank(&seen_);
    seen_.swap(next_);
  }
  Rank(&seen_);
  out->clear();
  std::vector<uint8_t> code(layout_.row.bytes());
  for (const ScanCandidate& candidate : candidates_.Sift()) {
    layout_.Unpack(candidate.block, candidate.place, code.data());
    float key;
    query_.Keys(code.data(), 1, &key);
    out->push_back({key, candidate.row});
  }
  KeepNearest(k_, out);
}

}  // namespace sagitta::codec
