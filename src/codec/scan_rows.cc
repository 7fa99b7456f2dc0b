#include "codec/scan_rows.h"

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

void ScanRows(const CodecQuery& query, size_t code_bytes, const StoredRows& rows,
              NearestRows* nearest) {
  float keys[kBlock];
  for (size_t first = 0; first < rows.n; first += kBlock) {
    uint64_t wanted = WantedOf(rows, first / kBlock);
    const uint8_t* codes = rows.data + first * code_bytes;
    const bool all = std::popcount(wanted) > static_cast<int>(kBlock / 2);
    if (all) query.Keys(codes, std::min(kBlock, rows.n - first), keys);
    for (; wanted != 0; wanted &= wanted - 1) {
      const auto r = static_cast<size_t>(std::countr_zero(wanted));
      if (!all) query.Keys(codes + r * code_bytes, 1, &keys[r]);
      nearest->Push({keys[r], static_cast<uint32_t>(rows.first + first + r)});
    }
  }
}

}  // namespace sagitta::codec
