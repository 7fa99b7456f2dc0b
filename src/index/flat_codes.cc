#include "index/flat_codes.h"

#include <algorithm>
#include <deque>

#include "index/code_scan.h"
#include "index/rerank.h"

namespace sagitta::index {
namespace {

// So many stored vectors a candidate are compared before codes pay: these come from memory.
constexpr size_t kVectorsForCandidate = 2;

// What several scans look at in turn stays in the L2 cache; its other half has what is known of the
// queries. In steps of the rows that a scan looks at together, so that each scan goes as if alone.
constexpr size_t kPartBytes = 128 * 1024;
constexpr size_t kPartStep = 256, kMostPart = 4'096;

size_t PartOfMany(const CodedRows& codes) {
  const size_t row_bytes = codes.MappedBytes() / std::max<size_t>(1, codes.length(0));
  const size_t rows = kPartBytes / std::max<size_t>(1, row_bytes);
  return std::clamp(rows / kPartStep * kPartStep, kPartStep, kMostPart);
}

}  // namespace

size_t FlatCodesIndex::CandidatesByCodes(const IndexQuery& query) const {
  const size_t candidates =
      CandidateCount(query, SettingsOf(query, params_).codec.oversampling, rows_.n);
  const size_t passing =
      query.filter.allowed == nullptr ? rows_.n : std::min(query.filter.allowed_count, rows_.n);
  return query.params.exact || passing <= kVectorsForCandidate * candidates ? 0 : candidates;
}

Status FlatCodesIndex::Search(const IndexQuery& query, std::vector<Candidate>* out,
                              uint64_t* distances) const {
  out->clear();
  if (query.k == 0) return Status();
  const size_t candidates = CandidatesByCodes(query);
  if (candidates == 0) return ScanExact(rows_, 0, rows_.n, query, out, distances);
  query.Trace(SearchStrategy::kCodeScan);
  CodeScan scan(codes_, {}, query, candidates, distances);
  SAGITTA_RETURN_IF_ERROR(scan.Scan(0));
  return scan.Finish(rows_, out);
}

Status FlatCodesIndex::SearchMany(std::span<ManyQuery> queries) const {
  std::deque<CodeScan> scans;
  std::vector<std::vector<Candidate>*> answers;  // of the scans
  for (ManyQuery& many : queries) {
    const size_t candidates = CandidatesByCodes(many.query);
    if (candidates == 0) {
      SAGITTA_RETURN_IF_ERROR(Search(many.query, many.found, &many.distances));
      continue;
    }
    many.found->clear();
    many.query.Trace(SearchStrategy::kCodeScan);
    scans.emplace_back(codes_, std::span<const uint32_t>(), many.query, candidates,
                       &many.distances);
    answers.push_back(many.found);
  }
  const size_t n = scans.empty() ? 0 : codes_.length(0), part = PartOfMany(codes_);
  for (size_t begin = 0; begin < n; begin += part) {
    for (CodeScan& scan : scans) SAGITTA_RETURN_IF_ERROR(scan.ScanPart(0, begin, part));
  }
  for (size_t i = 0; i < scans.size(); ++i) {
    SAGITTA_RETURN_IF_ERROR(scans[i].Finish(rows_, answers[i]));
  }
  return Status();
}

}  // namespace sagitta::index
