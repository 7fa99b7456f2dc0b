// Training and filling the lists of a BINARY_IVF index.
#pragma once

#include <cstdint>
#include <vector>

#include "index/ivf_lists.h"
#include "index/vector_index.h"

namespace sagitta::index {

// TrainLists (ivf_train.h) for rows of BITS: Lloyd's rounds with the rows' own metric, centroids
// that are bits too. A centroid of HAMMING has the bits that most of its rows have, which is the
// nearest to them all; one of JACCARD has those that the most rows have, as many as a row has on
// average, since the majority of sparse rows is often empty.
Status TrainBitLists(const VectorRows& rows, uint32_t nlist, const BuildContext& context,
                     IvfAssignment* lists, std::vector<uint32_t>* list_of);

}  // namespace sagitta::index
