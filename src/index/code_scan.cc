#include "index/code_scan.h"

#include <algorithm>
#include <bit>

#include "index/rerank.h"

namespace sagitta::index {
namespace {

constexpr size_t kPart = 4'096;  // rows between looks at the cancel token, a multiple of 64

constexpr size_t kMostShared = 4;  // × the candidates asked for, where rows share codes

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
      wanted_(candidates),
      distances_(*distances),
      prepared_(codes.Prepare(query.vector)),
      scan_(prepared_->Find(candidates, codes.format())) {}

const uint64_t* CodeScan::AllowedShared(const codec::StoredRows& part, size_t* passing) {
  words_.assign((part.n + 63) / 64, 0);
  for (size_t i = 0; i < part.n; ++i) {
    const auto rows = codes_.RowsOf(part.first + i);
    const auto n = static_cast<size_t>(std::count_if(
        rows.begin(), rows.end(), [&](uint32_t row) { return query_.filter.Passes(row); }));
    words_[i / 64] |= uint64_t{n > 0} << i % 64;
    *passing += n;
  }
  return words_.data();
}

const uint64_t* CodeScan::Allowed(const codec::StoredRows& part, size_t* passing) {
  if (codes_.shared()) return AllowedShared(part, passing);
  const RowFilter& filter = query_.filter;
  if (positions_.empty() && filter.row_of == nullptr && part.first + part.n <= filter.rows) {
    const uint64_t* words = filter.allowed + part.first / 64;
    *passing += CountBits(words, part.n);
    return words;
  }
  words_.assign((part.n + 63) / 64, 0);
  for (size_t i = 0; i < part.n; ++i) {
    const auto entry = static_cast<uint32_t>(part.first + i);
    const uint32_t position = positions_.empty() ? entry : positions_[entry];
    words_[i / 64] |= uint64_t{filter.Passes(position)} << i % 64;
  }
  *passing += CountBits(words_.data(), part.n);
  return words_.data();
}

size_t CodeScan::RowsIn(const codec::StoredRows& part) const {
  if (!codes_.shared()) return part.n;
  const auto first = codes_.RowsOf(part.first), last = codes_.RowsOf(part.first + part.n - 1);
  return static_cast<size_t>(last.data() + last.size() - first.data());
}

Status CodeScan::Scan(size_t run) {
  for (size_t begin = 0; begin < codes_.length(run); begin += kPart) {
    SAGITTA_RETURN_IF_ERROR(ScanPart(run, begin, kPart));
  }
  return Status();
}

Status CodeScan::ScanPart(size_t run, size_t begin, size_t n) {
  if (query_.cancel != nullptr) SAGITTA_RETURN_IF_ERROR(query_.cancel->Check());
  codec::StoredRows part = codes_.Part(run, begin, n);
  size_t passing = 0;
  if (query_.filter.allowed != nullptr) {
    part.allowed = Allowed(part, &passing);
  } else {
    passing = RowsIn(part);
  }
  passing_ += passing;
  distances_ += std::min(passing, part.n);
  if (passing > 0) scan_->Add(part);
  return Status();
}

std::vector<Candidate> CodeScan::CandidatesOf(const std::vector<codec::Near>& near) const {
  std::vector<Candidate> candidates;
  candidates.reserve(near.size());
  for (const codec::Near& found : near) {
    if (!codes_.shared()) {
      candidates.push_back({found.key, positions_.empty() ? found.row : positions_[found.row]});
      continue;
    }
    // No more than enough rows of the nearest codes: there may be any number of the same.
    const size_t most = kMostShared * wanted_;
    for (const uint32_t row : codes_.RowsOf(found.row)) {
      if (candidates.size() == most) return candidates;
      if (query_.filter.Passes(row)) candidates.push_back({found.key, row});
    }
    if (candidates.size() >= wanted_) return candidates;
  }
  return candidates;
}

Status CodeScan::Finish(const VectorRows& rows, std::vector<Candidate>* out) {
  std::vector<codec::Near> near;
  scan_->Finish(&near);
  std::vector<Candidate> candidates = CandidatesOf(near);
  return Rerank(rows, query_, &candidates, out, &distances_);
}

}  // namespace sagitta::index
