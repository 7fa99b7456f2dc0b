#include "index/many_scan.h"

#include <algorithm>
#include <array>

#include "index/top_k.h"

namespace sagitta::index {
namespace {

// A block and a query lie in half of the smallest L2 cache in use.
constexpr size_t kBlockBytes = 128 * 1024;
constexpr size_t kMostRows = 256;
constexpr size_t kLeastRows = 4;

void ScanBlock(const VectorRows& rows, size_t begin, size_t n,
               const ManyScan::RowNumbers& numbers, ManyQuery& many) {
  const IndexQuery& query = many.query;
  std::array<float, kMostRows> keys;
  kernels::Distances(rows.dtype, rows.metric)
      .query_many(query.vector, rows.row(begin), rows.stride(), n, rows.dim, keys.data());
  TopK top(query.k, query.key_limit, many.found);
  for (size_t i = 0; i < n; ++i) {
    if (!(keys[i] <= top.limit())) continue;
    const uint32_t row = numbers(begin + i);
    if (query.filter.Passes(row)) top.Push(keys[i], row);
  }
}

}  // namespace

ManyScan::ManyScan(std::span<ManyQuery> queries) : queries_(queries) {
  for (ManyQuery& many : queries_) many.found->clear();
}

Status ManyScan::Add(const VectorRows& rows, const RowNumbers& numbers, uint64_t* distances) {
  if (rows.n == 0 || queries_.empty()) return Status::Ok();
  const CancelToken* cancel = queries_[0].query.cancel;
  const size_t block = std::clamp(kBlockBytes / rows.stride(), kLeastRows, kMostRows);
  for (size_t begin = 0; begin < rows.n; begin += block) {
    if (cancel != nullptr) SAGITTA_RETURN_IF_ERROR(cancel->Check());
    const size_t n = std::min(block, rows.n - begin);
    for (ManyQuery& many : queries_) ScanBlock(rows, begin, n, numbers, many);
    *distances += n;
  }
  return Status::Ok();
}

void ManyScan::Finish() {
  for (ManyQuery& many : queries_) std::sort(many.found->begin(), many.found->end());
}

}  // namespace sagitta::index
