#include "index/flat_codes.h"

#include <algorithm>
#include <deque>

#include "index/code_scan.h"
#include "index/rerank.h"

namespace sagitta::index {
namespace {

// So many stored vectors a candidate are compared before codes pay: these come from memory.
constexpr size_t kVectorsForCandidate = 2;

}  // namespace

size_t FlatCodesIndex::Candidates(const IndexQuery& query) const {
  return CandidateCount(query, SettingsOf(query, params_).codec.oversampling, rows_.n);
}

bool FlatCodesIndex::ByCodes(const IndexQuery& query) const {
  const size_t passing =
      query.filter.allowed == nullptr ? rows_.n : std::min(query.filter.allowed_count, rows_.n);
  return !query.params.exact && passing > kVectorsForCandidate * Candidates(query);
}

Status FlatCodesIndex::Search(const IndexQuery& query, std::vector<Candidate>* out,
                              uint64_t* distances) const {
  out->clear();
  if (query.k == 0) return Status();
  if (!ByCodes(query)) return ScanExact(rows_, 0, rows_.n, query, out, distances);
  query.Trace(SearchStrategy::kCodeScan);
  CodeScan scan(codes_, {}, query, Candidates(query), distances);
  SAGITTA_RETURN_IF_ERROR(scan.Scan(0));
  return scan.Finish(rows_, out);
}

Status FlatCodesIndex::SearchMany(std::span<ManyQuery> queries) const {
  std::deque<CodeScan> scans;
  std::vector<ManyQuery*> scanning;
  for (ManyQuery& many : queries) {
    if (many.query.k == 0 || !ByCodes(many.query)) {
      SAGITTA_RETURN_IF_ERROR(Search(many.query, many.found, &many.distances));
      continue;
    }
    many.query.Trace(SearchStrategy::kCodeScan);
    scans.emplace_back(codes_, std::span<const uint32_t>(), many.query, Candidates(many.query),
                       &many.distances);
    scanning.push_back(&many);
  }
  const size_t n = codes_.length(0), part = CodeScan::PartOfMany(codes_);
  for (size_t begin = 0; begin < n && !scans.empty(); begin += part) {
    for (CodeScan& scan : scans) SAGITTA_RETURN_IF_ERROR(scan.ScanPart(0, begin, part));
  }
  for (size_t i = 0; i < scans.size(); ++i) {
    scanning[i]->found->clear();
    SAGITTA_RETURN_IF_ERROR(scans[i].Finish(rows_, scanning[i]->found));
  }
  return Status();
}

}  // namespace sagitta::index
