#include "index/flat_codes.h"

#include <algorithm>

#include "index/code_scan.h"
#include "index/rerank.h"

namespace sagitta::index {
namespace {

// So many stored vectors a candidate are compared before codes pay: these come from memory.
constexpr size_t kVectorsForCandidate = 2;

}  // namespace

Status FlatCodesIndex::Search(const IndexQuery& query, std::vector<Candidate>* out,
                              uint64_t* distances) const {
  out->clear();
  if (query.k == 0) return Status();
  const size_t candidates =
      CandidateCount(query, SettingsOf(query, params_).codec.oversampling, rows_.n);
  const size_t passing =
      query.filter.allowed == nullptr ? rows_.n : std::min(query.filter.allowed_count, rows_.n);
  if (query.params.exact || passing <= kVectorsForCandidate * candidates) {
    return ScanExact(rows_, 0, rows_.n, query, out, distances);
  }
  query.Trace(SearchStrategy::kCodeScan);
  CodeScan scan(codes_, {}, query, candidates, distances);
  SAGITTA_RETURN_IF_ERROR(scan.Scan(0));
  return scan.Finish(rows_, out);
}

}  // namespace sagitta::index
