#include "index/ivf_probe.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sagitta::index {
namespace {

constexpr size_t kFarFactor = 4;

}  // namespace

ProbeOrder::ProbeOrder(const IvfLists& lists, const VectorRows& rows, const float* query,
                       size_t first) {
  const Metric metric = rows.metric == Metric::kCosine ? Metric::kL2 : rows.metric;
  const uint32_t nlist = lists.nlist();
  std::vector<float> keys(nlist);
  const VectorRows& centroids = lists.centroids();
  kernels::Distances(centroids.dtype, metric)
      .query_many(query, centroids.data, centroids.stride(), nlist, rows.dim, keys.data());
  order_.resize(nlist);
  for (uint32_t list = 0; list < nlist; ++list) {
    const float key =
        keys[list] == keys[list] ? keys[list] : std::numeric_limits<float>::infinity();
    order_[list] = {key, list};
  }
  sorted_ = std::min<size_t>(first, nlist);
  std::partial_sort(order_.begin(), order_.begin() + static_cast<ptrdiff_t>(sorted_), order_.end());
}

uint32_t ProbeOrder::Next() {
  if (next_ == sorted_) {
    std::sort(order_.begin() + static_cast<ptrdiff_t>(sorted_), order_.end());
    sorted_ = order_.size();
  }
  return order_[next_++].position;
}

ProbeGoal::ProbeGoal(const IndexQuery& query, size_t n, uint32_t nlist, uint32_t nprobe) {
  if (query.filter.allowed == nullptr) {
    lists_ = nprobe;
    passing_ = std::min<size_t>(query.k, n);
    judged_ = true;
    return;
  }
  allowed_ = std::min(query.filter.allowed_count, n);
  const double selectivity =
      static_cast<double>(std::max<size_t>(allowed_, 1)) / static_cast<double>(n);
  lists_ = std::min<size_t>(nlist, static_cast<size_t>(nprobe / std::sqrt(selectivity)));
  // The share of passing rows that so many lists would hold were they spread evenly.
  const double share = static_cast<double>(lists_) / nlist;
  passing_ = std::max<size_t>(std::min<size_t>(query.k, allowed_),
                              static_cast<size_t>(share * static_cast<double>(allowed_)));
}

bool ProbeGoal::Reached(size_t read, size_t passing) {
  if (read < lists_) return false;
  if (!judged_) {
    judged_ = true;
    // Rows that pass are rare near the query: the best of them lie together with many others, at
    // the edge of where they begin, so that more lists compete.
    if (2 * passing < passing_) passing_ = std::min(allowed_, kFarFactor * passing_);
  }
  return passing >= passing_;
}

bool ScanIsCheaper(const IndexQuery& query, size_t n, uint32_t nlist) {
  const size_t rows = query.filter.allowed == nullptr ? n : std::min(query.filter.allowed_count, n);
  return query.params.exact || rows <= 2 * size_t{nlist} || rows <= query.k;
}

}  // namespace sagitta::index
