#include "learn/residual_mlp.h"

#include <algorithm>
#include <cmath>

namespace sagitta::learn {
namespace {

constexpr float kLeastVariance = 1e-5f;
constexpr float kMomentum = 0.1f;

void AddColumnSums(RowsView rows, Matrix* sums) {
  for (size_t i = 0; i < rows.n; ++i) {
    for (size_t d = 0; d < rows.dim; ++d) sums->values[d] += rows.row(i)[d];
  }
}

}  // namespace

void Parameter::Reset(size_t n, size_t dim) {
  value = Matrix(n, dim);
  gradient = Matrix(n, dim);
}

ResidualMlp::ResidualMlp(size_t in, size_t hidden, size_t out, Random* random) {
  first_.Reset(hidden, in);
  // Normalisation makes the size of these immaterial but for how fast they turn.
  const float deviation = 1.0f / std::sqrt(static_cast<float>(in));
  for (float& weight : first_.value.values) weight = deviation * random->Normal();
  gain_.Reset(1, hidden);
  std::fill(gain_.value.values.begin(), gain_.value.values.end(), 1.0f);
  shift_.Reset(1, hidden);
  second_.Reset(out, hidden);
  bias_.Reset(1, out);
  running_mean_.assign(hidden, 0.0f);
  running_variance_.assign(hidden, 1.0f);
}

void ResidualMlp::Normalise(const Matrix& before, Pass* pass) {
  const size_t n = before.n, width = before.dim;
  const std::vector<float> mean = MeanOfColumns(before);
  std::vector<float> variance(width, 0.0f);
  for (size_t i = 0; i < n; ++i) {
    for (size_t h = 0; h < width; ++h) {
      const float off = before.row(i)[h] - mean[h];
      variance[h] += off * off / static_cast<float>(n);
    }
  }
  const float step = seen_[0] > 0.0f ? kMomentum : 1.0f;
  seen_[0] = 1.0f;
  pass->inverse_sd.resize(width);
  for (size_t h = 0; h < width; ++h) {
    pass->inverse_sd[h] = 1.0f / std::sqrt(variance[h] + kLeastVariance);
    running_mean_[h] += step * (mean[h] - running_mean_[h]);
    running_variance_[h] += step * (variance[h] - running_variance_[h]);
  }
  pass->normal.Resize(n, width);
  for (size_t i = 0; i < n; ++i) {
    for (size_t h = 0; h < width; ++h) {
      pass->normal.row(i)[h] = (before.row(i)[h] - mean[h]) * pass->inverse_sd[h];
    }
  }
}

void ResidualMlp::Forward(RowsView x, Pass* pass, Matrix* out) {
  if (hidden() > 0) {
    Matrix before;
    MultiplyT(x, first_.value, &before);
    Normalise(before, pass);
    pass->active.Resize(x.n, hidden());
    for (size_t i = 0; i < x.n; ++i) {
      const float* normal = pass->normal.row(i);
      float* active = pass->active.row(i);
      for (size_t h = 0; h < hidden(); ++h) {
        active[h] = std::max(0.0f, gain_.value.values[h] * normal[h] + shift_.value.values[h]);
      }
    }
    MultiplyT(pass->active, second_.value, out, 1, 1);
  }
  for (size_t i = 0; i < x.n; ++i) {
    for (size_t d = 0; d < out->dim; ++d) out->row(i)[d] += bias_.value.values[d];
  }
}

// In place: from the gradient by what follows the normalisation to that by what precedes it.
void ResidualMlp::BackThroughNormalisation(const Pass& pass, Matrix* by_hidden) {
  const size_t n = by_hidden->n, width = hidden();
  std::vector<float> sums(width, 0.0f), products(width, 0.0f);
  for (size_t i = 0; i < n; ++i) {
    const float* normal = pass.normal.row(i);
    const float* gradient = by_hidden->row(i);
    for (size_t h = 0; h < width; ++h) {
      sums[h] += gradient[h];
      products[h] += gradient[h] * normal[h];
    }
  }
  const float share = 1.0f / static_cast<float>(n);
  for (size_t h = 0; h < width; ++h) {
    shift_.gradient.values[h] += sums[h];
    gain_.gradient.values[h] += products[h];
  }
  for (size_t i = 0; i < n; ++i) {
    const float* normal = pass.normal.row(i);
    float* gradient = by_hidden->row(i);
    for (size_t h = 0; h < width; ++h) {
      const float centred = gradient[h] - share * (sums[h] + normal[h] * products[h]);
      gradient[h] = gain_.value.values[h] * pass.inverse_sd[h] * centred;
    }
  }
}

void ResidualMlp::Backward(RowsView x, const Pass& pass, RowsView by_out, Matrix* by_x) {
  AddColumnSums(by_out, &bias_.gradient);
  if (hidden() == 0) return;
  TMultiply(by_out, pass.active, &second_.gradient, 1, 1);
  Matrix by_hidden;
  Multiply(by_out, second_.value, &by_hidden);
  for (size_t i = 0; i < by_hidden.values.size(); ++i) {
    if (!(pass.active.values[i] > 0.0f)) by_hidden.values[i] = 0.0f;
  }
  BackThroughNormalisation(pass, &by_hidden);
  TMultiply(by_hidden, x, &first_.gradient, 1, 1);
  if (by_x != nullptr) Multiply(by_hidden, first_.value, by_x, 1, 1);
}

FoldedMlp ResidualMlp::Fold() const {
  FoldedMlp folded;
  folded.first = first_.value;
  folded.first_bias.resize(hidden());
  for (size_t h = 0; h < hidden(); ++h) {
    const float scale = gain_.value.values[h] / std::sqrt(running_variance_[h] + kLeastVariance);
    float* row = folded.first.row(h);
    for (size_t d = 0; d < folded.first.dim; ++d) row[d] *= scale;
    folded.first_bias[h] = shift_.value.values[h] - scale * running_mean_[h];
  }
  folded.second = second_.value;
  folded.second_bias = bias_.value.values;
  return folded;
}

void ResidualMlp::ForEach(const std::function<void(Parameter*)>& use) {
  for (Parameter* parameter : {&first_, &gain_, &shift_, &second_, &bias_}) use(parameter);
}

void ResidualMlp::ForEachStatistic(const std::function<void(std::vector<float>*)>& use) {
  for (std::vector<float>* statistic : {&running_mean_, &running_variance_, &seen_}) {
    use(statistic);
  }
}

}  // namespace sagitta::learn
