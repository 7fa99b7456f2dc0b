#include "index/rerank.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/file.h"
#include "index/top_k.h"

namespace sagitta::index {
namespace {

constexpr size_t kBatch = 256;

}  // namespace

size_t CandidateCount(const IndexQuery& query, float oversampling, size_t n) {
  const double factor = std::clamp(query.params.oversampling.value_or(oversampling), 1.0f, 100.0f);
  return std::min(n, static_cast<size_t>(std::ceil(factor * query.k)));
}

void AskForRows(const VectorRows& rows, const uint32_t* ids, size_t n) {
  const size_t stride = rows.stride();
  for (size_t i = 0; i < n;) {
    size_t last = i;
    while (last + 1 < n && ids[last + 1] == ids[last] + 1) ++last;
    base::WillNeedBytes(rows.row(ids[i]), (last + 1 - i) * stride);
    i = last + 1;
  }
}

Status Rerank(const VectorRows& rows, const IndexQuery& query, std::vector<Candidate>* candidates,
              std::vector<Candidate>* out, uint64_t* distances) {
  std::sort(candidates->begin(), candidates->end(),
            [](const Candidate& a, const Candidate& b) { return a.position < b.position; });
  const auto gather = kernels::Distances(rows.dtype, rows.metric).query_gather;
  std::array<uint32_t, kBatch> ids;
  std::array<float, kBatch> keys;
  TopK top(query.k, query.key_limit, out);
  for (size_t first = 0; first < candidates->size(); first += kBatch) {
    if (query.cancel != nullptr) SAGITTA_RETURN_IF_ERROR(query.cancel->Check());
    const size_t n = std::min(kBatch, candidates->size() - first);
    for (size_t i = 0; i < n; ++i) ids[i] = (*candidates)[first + i].position;
    if (query.vectors_on_disk) AskForRows(rows, ids.data(), n);
    gather(query.vector, rows.data, rows.stride(), ids.data(), n, rows.dim, keys.data());
    for (size_t i = 0; i < n; ++i) top.Push(keys[i], ids[i]);
    *distances += n;
  }
  top.Finish();
  return Status();
}

}  // namespace sagitta::index
