#include "index/graph_encode.h"

#include <cmath>

namespace sagitta::index {

void GraphEncoder::Set(const VectorRows& rows, size_t first, size_t n) {
  const size_t dim = model_.dim;
  centred_.resize(n * dim);
  y_.resize(n * model_.dims);
  const auto to_float = kernels::ToFloat(dtype_);
  for (size_t i = 0; i < n; ++i) {
    float* v = centred_.data() + i * dim;
    to_float(rows.row(first + i), v, dim);
    float product = 0;
    for (size_t d = 0; d < dim; ++d) {
      if (!std::isfinite(v[d])) v[d] = 0;
      product += v[d] * model_.mean[d];
      v[d] -= model_.mean[d];
    }
    products_[i] = product;
    norms_[i] = kernels::SquaredNorm(v, dim);
  }
  model_.Apply(rotation_, centred_.data(), n, y_.data());
}

}  // namespace sagitta::index
