// What index parameters come to for a number of rows.
#pragma once

#include <cstddef>
#include <cstdint>

#include "index/vector_index.h"
#include "sagitta/schema.h"

namespace sagitta::index {

// k-means wants this many points per centroid (FAISS's bound for a sound training).
inline constexpr size_t kMinRowsPerList = 39;

// Lists for `rows` rows: as asked or 4·sqrt(rows), at most rows/39; 0 = too few rows for any.
uint32_t ResolveNlist(const IvfParams& ivf, size_t rows);

// Lists a query reads: its own number, the index's, or max(8, nlist/16); 1–nlist.
uint32_t ResolveNprobe(const IvfParams& ivf, const SearchParams& params, uint32_t nlist);

// Sub-quantizers: as asked, or the largest divisor of dim that is ≤ dim/4, at least 1.
uint32_t ResolvePqM(const PqParams& pq, uint32_t dim);

// The kind that BuildIndex makes: ResolveKind, lowered to FLAT (BINARY_FLAT for BITS) where there
// are too few rows to train (fewer than 39, or than 2^nbits for IVF_PQ) or none at all.
IndexKind BuiltKind(const IndexParams& params, size_t rows, Dtype dtype);

// INVALID_ARGUMENT naming the parameter of `kind` that is out of its range, or the kind where it is
// none for vectors of that dtype.
Status CheckParams(const IndexParams& params, IndexKind kind, uint32_t dim, Dtype dtype);

}  // namespace sagitta::index
