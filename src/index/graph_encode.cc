#include "index/graph_encode.h"

#include <cmath>

namespace sagitta::index {

void GraphEncoder::Set(const std::byte* row) {
  centred_.resize(model_.dim);
  y_.resize(model_.dims);
  float* v = centred_.data();
  kernels::ToFloat(dtype_)(row, v, model_.dim);
  product_ = 0;
  for (uint32_t d = 0; d < model_.dim; ++d) {
    if (!std::isfinite(v[d])) v[d] = 0;
    product_ += v[d] * model_.mean[d];
    v[d] -= model_.mean[d];
  }
  norm_ = kernels::SquaredNorm(v, model_.dim);
  model_.Apply(rotation_, v, y_.data());
}

}  // namespace sagitta::index
