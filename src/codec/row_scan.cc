#include "codec/row_scan.h"

#include <algorithm>
#include <bit>

namespace sagitta::codec {
namespace {

constexpr size_t kBlock = 64;

}  // namespace

uint64_t WantedOf(const StoredRows& rows, size_t block) {
  const size_t left = rows.n - kBlock * block;
  const uint64_t there = left >= kBlock ? ~uint64_t{0} : (uint64_t{1} << left) - 1;
  return rows.allowed == nullptr ? there : there & rows.allowed[block];
}

bool WantedOfBlocks(const StoredRows& rows, size_t begin, size_t n, int few, uint64_t* wanted) {
  bool many = false;
  for (size_t i = 0; i < n; ++i) {
    wanted[i] = WantedOf(rows, begin + i);
    many = many || std::popcount(wanted[i]) > few;
  }
  return many;
}

void RowScan::Add(const StoredRows& rows) {
  float keys[kBlock];
  for (size_t first = 0; first < rows.n; first += kBlock) {
    uint64_t wanted = WantedOf(rows, first / kBlock);
    const uint8_t* codes = rows.data + first * code_bytes_;
    const bool all = std::popcount(wanted) > static_cast<int>(kBlock / 2);
    if (all) query_.Keys(codes, std::min(kBlock, rows.n - first), keys);
    for (; wanted != 0; wanted &= wanted - 1) {
      const auto r = static_cast<size_t>(std::countr_zero(wanted));
      if (!all) query_.Keys(codes + r * code_bytes_, 1, &keys[r]);
      nearest_.Push({keys[r], static_cast<uint32_t>(rows.first + first + r)});
    }
  }
}

void RowScan::Finish(std::vector<Near>* out) {
  *out = nearest_.rows();
  std::sort(out->begin(), out->end());
}

}  // namespace sagitta::codec
