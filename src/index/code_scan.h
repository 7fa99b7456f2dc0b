// CodeScan: the scan of coded rows for one query: candidates first, then answers. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "index/coded_rows.h"

namespace sagitta::index {

class CodeScan {
 public:
  // `positions` are those of the entries, or empty where these are positions themselves.
  // `distances` is increased by the rows that pass and are looked at. REQUIRES: candidates > 0; all
  // that is given outlives it.
  CodeScan(const CodedRows& codes, std::span<const uint32_t> positions, const IndexQuery& query,
           size_t candidates, uint64_t* distances);

  // CANCELLED or DEADLINE_EXCEEDED end it early.
  Status Scan(size_t run);
  // At most n codes of a run, from `begin` on, a multiple of 64.
  Status ScanPart(size_t run, size_t begin, size_t n);
  // Rows that passed so far.
  size_t passing() const { return passing_; }
  // The answer by the stored vectors, of the candidates found.
  Status Finish(const VectorRows& rows, std::vector<Candidate>* out);

 private:
  // The bits of the codes, of `part`, that a row passes of; those of the filter itself where they
  // fit. And how many rows do.
  const uint64_t* Allowed(const codec::StoredRows& part, size_t* passing);
  const uint64_t* AllowedShared(const codec::StoredRows& part, size_t* passing);
  size_t RowsIn(const codec::StoredRows& part) const;
  std::vector<Candidate> CandidatesOf(const std::vector<codec::Near>& near) const;

  const CodedRows& codes_;
  const std::span<const uint32_t> positions_;
  const IndexQuery& query_;
  const size_t wanted_;  // candidates
  uint64_t& distances_;
  const std::unique_ptr<codec::CodecQuery> prepared_;
  const std::unique_ptr<codec::CodecScan> scan_;
  std::vector<uint64_t> words_;
  size_t passing_ = 0;
};

}  // namespace sagitta::index
