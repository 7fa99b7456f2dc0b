// How often a query finds the document it belongs to: recall@k of own documents.
#pragma once

#include <cstdint>
#include <vector>

#include "learn/matrix.h"
#include "sagitta/query.h"

namespace sagitta::learn {

struct Retrieval {
  double recall_at_1 = 0, recall_at_10 = 0;
};

// Ranks all documents by dot product with each query; own[i] is the row of query i's document.
// Equal products rank in the order of rows, but a row equal to the own document is it, too.
// CANCELLED. REQUIRES: queries.dim == documents.dim,
// own.size() == queries.n.
Result<Retrieval> MeasureOwn(RowsView queries, RowsView documents, const std::vector<uint32_t>& own,
                             const CancelToken& cancel);

// The share of each query's k documents of the largest dot products that `wanted` (k row numbers
// a query) holds. REQUIRES: queries.dim == documents.dim, 1 ≤ k ≤ documents.n.
Result<double> MeasureShared(RowsView queries, RowsView documents, size_t k,
                             const std::vector<uint32_t>& wanted, const CancelToken& cancel);
// Those row numbers, best first.
Result<std::vector<uint32_t>> FindBest(RowsView queries, RowsView documents, size_t k,
                                       const CancelToken& cancel);

}  // namespace sagitta::learn
