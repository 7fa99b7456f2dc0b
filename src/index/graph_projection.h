// The directions in which rows differ most, for codes of fewer dimensions than the rows have.
//
// Principal subspace of a sample by orthogonal iteration (Golub and Van Loan, "Matrix
// Computations", 8.2.4), then turned by a random rotation within the subspace, so that all of its
// dimensions carry the same share.
#pragma once

#include <cstdint>
#include <vector>

#include "index/workers.h"

namespace sagitta::index {

struct GraphProjection {
  uint32_t dims = 0;         // 0 = no subspace that small holds enough
  std::vector<float> basis;  // dims × rows.dim, orthonormal rows
};

// Float rows to learn from: n × dim, row-major, their mean subtracted.
struct GraphSample {
  size_t n = 0;
  uint32_t dim = 0;
  std::vector<float> values;
  const float* row(size_t i) const { return values.data() + i * dim; }
};

// The first of `choices` (ascending, each below dim) whose subspace holds `energy` (0–1) of the
// sample's variance.
Status TrainProjection(const GraphSample& sample, const std::vector<uint32_t>& choices,
                       double energy, const BuildContext& context, GraphProjection* out);

}  // namespace sagitta::index
