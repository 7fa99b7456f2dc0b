// Training and filling the lists of an IVF index: k-means by FAISS, distances by our kernels.
#pragma once

#include <cstdint>
#include <vector>

#include "index/ivf_lists.h"
#include "index/vector_index.h"

namespace sagitta::index {

// `count` positions (at most n), ascending, one from each of `count` equal stretches of the rows.
std::vector<uint32_t> SamplePositions(size_t n, size_t count, uint64_t seed);

// Row `position` from element `first`, `count` elements, as floats; what is not finite becomes 0.
void RowAsFloats(const VectorRows& rows, size_t position, size_t first, size_t count, float* to);

// k-means (L2 for every metric: a list is a neighbourhood, the metric decides only which are read)
// over a sample, then every row to its nearest centroid. list_of[i] is row i's list. Rows of BITS
// are trained as ivf_train_bits.h says.
Status TrainLists(const VectorRows& rows, uint32_t nlist, const BuildContext& context,
                  IvfAssignment* lists, std::vector<uint32_t>* list_of);

}  // namespace sagitta::index
