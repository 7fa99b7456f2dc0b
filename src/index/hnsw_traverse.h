// Walking an HNSW graph towards a query: greedy descent, then a beam over level 0. Every distance
// is a kernel's over the stored rows; nothing is allocated per hop. Stateless apart from the
// thread's scratch.
#pragma once

#include <cstdint>
#include <vector>

#include "index/hnsw_links.h"
#include "index/vector_index.h"

namespace sagitta::index {

struct HnswTraversal {
  const VectorRows& rows;
  const HnswLinks& links;
  const IndexQuery& query;
  uint64_t* distances;  // increased
};

// The `ef` nearest nodes found, in no order; the filter is not looked at.
Status TraverseAll(const HnswTraversal& traversal, uint32_t ef, std::vector<Candidate>* out);

// At least min(ef_passing, all reachable) nodes that pass query.filter. The walk goes through nodes
// that do not pass, and on until the `ef` nearest of all nodes and the `ef_passing` nearest of
// those that pass are both settled. *exhausted is set, and `out` of no use, when `budget` distances
// did not suffice.
Status TraverseFiltered(const HnswTraversal& traversal, uint32_t ef, uint32_t ef_passing,
                        uint64_t budget, std::vector<Candidate>* out, bool* exhausted);

}  // namespace sagitta::index
