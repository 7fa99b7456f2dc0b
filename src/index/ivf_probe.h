// Which lists of an IVF index a query reads, in which order, and when it has read enough.
#pragma once

#include <cstdint>
#include <vector>

#include "index/ivf_lists.h"
#include "index/vector_index.h"

namespace sagitta::index {

// Hands out lists, nearest centroid first. Nearest is by the metric, but by L2 for COSINE, where
// rows and query are of length one and centroids are shorter the wider their list.
class ProbeOrder {
 public:
  // Computes nlist distances.
  ProbeOrder(const IvfLists& lists, const VectorRows& rows, const float* query, size_t first);
  // REQUIRES: called at most nlist times.
  uint32_t Next();

 private:
  std::vector<Candidate> order_;
  size_t sorted_ = 0;
  size_t next_ = 0;
};

// How far to probe. A filter that few rows pass spreads the k nearest of them over more lists, by
// about the root of the selectivity; reading a list then costs only the rows that pass.
class ProbeGoal {
 public:
  ProbeGoal(const IndexQuery& query, size_t n, uint32_t nlist, uint32_t nprobe);

  // Lists that will be read at the least.
  size_t lists() const { return lists_; }
  // True when `read` lists with `passing` rows that pass are enough.
  bool Reached(size_t read, size_t passing);

 private:
  size_t lists_ = 0;
  size_t passing_ = 0;  // seen at the least
  size_t allowed_ = 0;
  bool judged_ = false;  // whether the near lists hold their share of the rows that pass
};

// True when scanning the rows that may be returned costs no more than finding the lists to read.
bool ScanIsCheaper(const IndexQuery& query, size_t n, uint32_t nlist);

}  // namespace sagitta::index
