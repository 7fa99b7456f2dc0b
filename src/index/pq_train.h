// Training the codebook of an IVF_PQ index and encoding its rows.
#pragma once

#include <cstdint>
#include <vector>

#include "index/ivf_lists.h"
#include "index/pq_codebook.h"
#include "index/vector_index.h"

namespace sagitta::index {

struct PqCodes {
  std::vector<float> codebook;  // [m][dsub][ksub]
  std::vector<uint8_t> codes;   // by list entry, shape.code_size() each
  // By list entry, empty for INNER_PRODUCT: |r|² + 2·c·r, with c the list's centroid and r the
  // coded residual. With it |x − c − r|² = |x − c|² + bias − 2·x·r, whose last term needs one table
  // per query and not one per list.
  std::vector<float> bias;
};

// Residuals are coded for every metric; codewords are the k-means (FAISS) of a sample's residuals.
// REQUIRES: rows.n ≥ 2^nbits.
Status TrainPq(const VectorRows& rows, const PqShape& shape, const IvfAssignment& lists,
               const std::vector<uint32_t>& list_of, const BuildContext& context, PqCodes* out);

}  // namespace sagitta::index
