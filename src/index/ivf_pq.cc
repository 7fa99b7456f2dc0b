#include "index/ivf_pq.h"

#include <algorithm>
#include <array>
#include <limits>

#include "index/ivf_probe.h"
#include "index/rerank.h"
#include "index/resolve.h"
#include "index/visited_pool.h"

namespace sagitta::index {
namespace {

constexpr size_t kBatch = 256;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Status Damaged(const std::string& prefix, const std::string& what) {
  return Status::DataLoss("section " + prefix + "pq: " + what);
}

}  // namespace

Result<PqSections> PqSections::Open(const IvfLists& lists, const VectorRows& rows,
                                    const std::string& prefix,
                                    const base::SectionFileReader& file) {
  const IvfHeader& header = lists.header();
  PqSections pq;
  pq.shape = {rows.dim, header.pq_m, header.pq_nbits};
  if (header.pq_nbits < 4 || header.pq_nbits > 8 || header.pq_m == 0 || header.pq_m > rows.dim ||
      rows.dim % header.pq_m != 0 || header.pq_code_size != pq.shape.code_size()) {
    return Damaged(prefix, "shape of the codes out of range");
  }
  SAGITTA_ASSIGN_OR_RETURN(
      pq.codebook,
      file.Array<float>(prefix + "pq.codebook", static_cast<int64_t>(pq.shape.codebook_floats())));
  SAGITTA_ASSIGN_OR_RETURN(
      pq.codes, file.Array<uint8_t>(prefix + "pq.codes",
                                    static_cast<int64_t>(rows.n * pq.shape.code_size())));
  if (rows.metric != Metric::kInnerProduct) {
    SAGITTA_ASSIGN_OR_RETURN(pq.bias,
                             file.Array<float>(prefix + "pq.bias", static_cast<int64_t>(rows.n)));
  }
  if (!kernels::AllFinite(pq.codebook.data(), pq.codebook.size()) ||
      !kernels::AllFinite(pq.bias.data(), pq.bias.size())) {
    return Damaged(prefix, "a codeword or bias is not finite");
  }
  return pq;
}

Status IvfPqIndex::ScanList(const IndexQuery& query, uint32_t list, const float* table, TopK* top,
                            size_t* passing, uint64_t* distances) const {
  const Metric metric = by_dot() ? Metric::kInnerProduct : Metric::kL2;
  const float base = kernels::Distances(Dtype::kF32, metric)
                         .query_row(query.vector, lists_.centroids().row(list), rows_.dim);
  const size_t code_size = pq_.shape.code_size();
  std::array<float, kBatch> sums;
  for (size_t first = lists_.Begin(list); first < lists_.End(list); first += kBatch) {
    if (query.cancel != nullptr) SAGITTA_RETURN_IF_ERROR(query.cancel->Check());
    const size_t n = std::min(kBatch, lists_.End(list) - first);
    const uint32_t* positions = lists_.positions() + first;
    const uint8_t* codes = pq_.codes.data() + first * code_size;
    const bool filtered = query.filter.allowed != nullptr;
    if (!filtered) SumCodes(pq_.shape, table, codes, n, sums.data());
    size_t used = filtered ? 0 : n;
    for (size_t i = 0; i < n; ++i) {
      if (filtered) {
        if (!query.filter.Passes(positions[i])) continue;
        SumCodes(pq_.shape, table, codes + i * code_size, 1, &sums[i]);
        ++used;
      }
      const float key = base + sums[i] + (by_dot() ? 0.0f : pq_.bias[first + i]);
      top->Push(key == key ? key : kInfinity, positions[i]);
    }
    *passing += used;
    *distances += used;
  }
  return Status();
}

Status IvfPqIndex::Search(const IndexQuery& query, std::vector<Candidate>* out,
                          uint64_t* distances) const {
  out->clear();
  const size_t candidates =
      CandidateCount(query, SettingsOf(query, params_).pq.oversampling, rows_.n);
  IndexQuery reach = query;  // what scanning all would cost: one distance a row, as reranking does
  reach.k = static_cast<uint32_t>(candidates);
  if (ScanIsCheaper(reach, rows_.n, lists_.nlist())) {
    return ScanExact(rows_, 0, rows_.n, query, out, distances);
  }
  query.Trace(SearchStrategy::kLists);
  SearchScratch& scratch = ThreadScratch();
  MakeLookupTable(pq_.shape, pq_.codebook.data(), query.vector, by_dot() ? -1.0f : -2.0f,
                  &scratch.lookup);
  const uint32_t nprobe =
      ResolveNprobe(SettingsOf(query, params_).ivf, query.params, lists_.nlist());
  ProbeGoal goal(query, rows_.n, lists_.nlist(), nprobe);
  ProbeOrder order(lists_, rows_, query.vector, goal.lists());
  *distances += lists_.nlist();
  scratch.nearest.clear();
  TopK top(candidates, kInfinity, &scratch.nearest);
  size_t passing = 0;
  for (size_t read = 0; read < lists_.nlist(); ++read) {
    if (goal.Reached(read, passing)) break;
    SAGITTA_RETURN_IF_ERROR(
        ScanList(query, order.Next(), scratch.lookup.data(), &top, &passing, distances));
  }
  return Rerank(rows_, query, &scratch.nearest, out, distances);
}

}  // namespace sagitta::index
