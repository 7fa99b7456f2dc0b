#include "index/ivf_codes.h"

#include "index/code_scan.h"
#include "index/ivf_probe.h"
#include "index/rerank.h"
#include "index/resolve.h"

namespace sagitta::index {

Status IvfCodesIndex::Search(const IndexQuery& query, std::vector<Candidate>* out,
                             uint64_t* distances) const {
  out->clear();
  if (query.k == 0) return Status();
  const size_t candidates =
      CandidateCount(query, SettingsOf(query, params_).codec.oversampling, rows_.n);
  IndexQuery reach = query;  // what scanning all would cost: one distance a row, as reranking does
  reach.k = static_cast<uint32_t>(candidates);
  if (ScanIsCheaper(reach, rows_.n, lists_.nlist())) {
    return ScanExact(rows_, 0, rows_.n, query, out, distances);
  }
  query.Trace(SearchStrategy::kLists);
  const uint32_t nprobe =
      ResolveCodesNprobe(SettingsOf(query, params_).ivf, query.params, lists_.nlist());
  ProbeGoal goal(query, rows_.n, lists_.nlist(), nprobe);
  ProbeOrder order(lists_, rows_, query.vector, goal.lists());
  *distances += lists_.nlist();
  CodeScan scan(codes_, {lists_.positions(), rows_.n}, query, candidates, distances);
  for (size_t read = 0; read < lists_.nlist(); ++read) {
    if (goal.Reached(read, scan.passing())) break;
    SAGITTA_RETURN_IF_ERROR(scan.Scan(order.Next()));
  }
  return scan.Finish(rows_, out);
}

}  // namespace sagitta::index
