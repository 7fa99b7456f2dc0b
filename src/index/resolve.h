// What index parameters come to for a number of rows.
#pragma once

#include <cstddef>
#include <cstdint>

#include "index/vector_index.h"
#include "sagitta/schema.h"

namespace sagitta::index {

// k-means wants this many points per centroid (FAISS's bound for a sound training).
inline constexpr size_t kMinRowsPerList = 39;

// Lists for `rows` rows: as asked or 4·sqrt(rows), at most rows/39; of IVF_CODES at most rows/256
// unless asked for. 0 = too few rows for any.
uint32_t ResolveNlist(const IvfParams& ivf, IndexKind kind, size_t rows);

// Lists a query reads: its own number, the index's, or max(8, nlist/16); 1–nlist.
uint32_t ResolveNprobe(const IvfParams& ivf, const SearchParams& params, uint32_t nlist);

// The same of IVF_CODES, but min(nlist/2, 8·sqrt(nlist)), at least 8, where neither says a number.
uint32_t ResolveCodesNprobe(const IvfParams& ivf, const SearchParams& params, uint32_t nlist);

// Sub-quantizers: as asked, or the largest divisor of dim that is ≤ dim/4, at least 1.
uint32_t ResolvePqM(const PqParams& pq, uint32_t dim);

// The kind that BuildIndex makes: ResolveKind, lowered to FLAT (BINARY_FLAT for BITS) where there
// are too few rows to train (fewer than 39, than 2^nbits for IVF_PQ, than LeastCodedRows for codes)
// or none at all, and IVF_CODES to FLAT_CODES where there are too few for lists.
IndexKind BuiltKind(const IndexParams& params, const RowsShape& rows);

// INVALID_ARGUMENT naming the parameter of `kind` that is out of its range, or the kind where it is
// none for vectors of that dtype.
Status CheckParams(const IndexParams& params, IndexKind kind, uint32_t dim, Dtype dtype);

}  // namespace sagitta::index
