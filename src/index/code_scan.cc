#include "index/code_scan.h"

#include <bit>

#include "index/rerank.h"

namespace sagitta::index {
namespace {

constexpr size_t kPart = 4'096;  // rows between looks at the cancel token, a multiple of 64

size_t CountBits(const uint64_t* words, size_t n) {
  size_t count = 0;
  for (size_t i = 0; i < n / 64; ++i) count += static_cast<size_t>(std::popcount(words[i]));
  if (n % 64 != 0) {
    const uint64_t last = words[n / 64] & ((uint64_t{1} << n % 64) - 1);
    count += static_cast<size_t>(std::popcount(last));
  }
  return count;
}

}  // namespace

CodeScan::CodeScan(const CodedRows& codes, std::span<const uint32_t> positions,
                   const IndexQuery& query, size_t candidates, uint64_t* distances)
    : codes_(codes),
      positions_(positions),
      query_(query),
      distances_(*distances),
      prepared_(codes.Prepare(query.vector)),
      scan_(prepared_->Find(candidates)) {}

const uint64_t* CodeScan::Allowed(const codec::StoredRows& part) {
  const RowFilter& filter = query_.filter;
  if (positions_.empty() && filter.row_of == nullptr && part.first + part.n <= filter.rows) {
    return filter.allowed + part.first / 64;
  }
  words_.assign((part.n + 63) / 64, 0);
  for (size_t i = 0; i < part.n; ++i) {
    const auto entry = static_cast<uint32_t>(part.first + i);
    const uint32_t position = positions_.empty() ? entry : positions_[entry];
    words_[i / 64] |= uint64_t{filter.Passes(position)} << i % 64;
  }
  return words_.data();
}

Status CodeScan::Scan(size_t run) {
  for (size_t begin = 0; begin < codes_.length(run); begin += kPart) {
    if (query_.cancel != nullptr) SAGITTA_RETURN_IF_ERROR(query_.cancel->Check());
    codec::StoredRows part = codes_.Part(run, begin, kPart);
    size_t passing = part.n;
    if (query_.filter.allowed != nullptr) {
      part.allowed = Allowed(part);
      passing = CountBits(part.allowed, part.n);
    }
    passing_ += passing;
    distances_ += passing;
    if (passing > 0) scan_->Add(part);
  }
  return Status();
}

Status CodeScan::Finish(const VectorRows& rows, std::vector<Candidate>* out) {
  std::vector<codec::Near> near;
  scan_->Finish(&near);
  std::vector<Candidate> candidates(near.size());
  for (size_t i = 0; i < near.size(); ++i) {
    const uint32_t entry = near[i].row;
    candidates[i] = {near[i].key, positions_.empty() ? entry : positions_[entry]};
  }
  return Rerank(rows, query_, &candidates, out, &distances_);
}

}  // namespace sagitta::index
