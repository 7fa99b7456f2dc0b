#include "learn/binarizer.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sagitta::learn {
namespace {

ResidualMlp MakeMlp(uint32_t width, uint32_t hidden, uint64_t seed) {
  Random random(seed);
  return ResidualMlp(width, hidden, width, &random);
}

codec::LearnedMlp Folded(const ResidualMlp& mlp) {
  FoldedMlp folded = mlp.Fold();
  return {std::move(folded.first.values), std::move(folded.first_bias),
          std::move(folded.second.values), std::move(folded.second_bias)};
}

bool AllZero(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return value == 0.0f; });
}

bool IsZero(const codec::LearnedMlp& mlp) {
  return AllZero(mlp.second) && AllZero(mlp.second_bias);
}

void Add(const Matrix& from, Matrix* to) {
  for (size_t i = 0; i < to->values.size(); ++i) to->values[i] += from.values[i];
}

void Negate(Matrix* matrix) {
  for (float& value : matrix->values) value = -value;
}

}  // namespace

Binarizer::Binarizer(uint32_t width, uint32_t bits, uint32_t hidden, uint64_t seed)
    : width_(width), bits_(bits), project_(MakeMlp(width, hidden, seed)) {
  linear_.Reset(width, width);
  for (uint32_t i = 1; i < bits; ++i) {
    rebuild_.push_back(MakeMlp(width, hidden, seed + 2 * i));
    refine_.push_back(MakeMlp(width, hidden, seed + 2 * i + 1));
  }
}

void Binarizer::TakeSigns(size_t level, Pass* pass, Matrix* codes) const {
  const float weight = WeightOf(level);
  const std::vector<float>& values = pass->signed_[level].values;
  const bool hard = pass->sign == Sign::kHard;
  for (size_t i = 0; i < values.size(); ++i) {
    const float sign = hard ? (values[i] >= 0.0f ? 1.0f : -1.0f) : std::tanh(values[i] / weight);
    codes->values[i] += weight * sign;
  }
}

// Straight through: weight·sign(z) rises by 2·weight, and is taken to rise evenly from −2·weight to
// 2·weight, which is where what the level before has left lies. On the whole the code then follows
// u one to one as far as the grid goes, whatever the first signs' share in it is.
Matrix Binarizer::BackThroughSigns(size_t level, const Pass& pass, const Matrix& by_codes) const {
  const float weight = WeightOf(level);
  const std::vector<float>& values = pass.signed_[level].values;
  Matrix out = by_codes;
  for (size_t i = 0; i < values.size(); ++i) {
    if (pass.sign == Sign::kHard) {
      if (std::abs(values[i]) > 2 * weight) out.values[i] = 0.0f;
    } else {
      const float tanh = std::tanh(values[i] / weight);
      out.values[i] *= 1 - tanh * tanh;
    }
  }
  return out;
}

void Binarizer::Forward(RowsView v, Sign sign, Pass* pass, Matrix* codes) {
  pass->sign = sign;
  pass->v.Resize(v.n, v.dim);
  std::copy_n(v.values, v.n * v.dim, pass->v.values.data());
  pass->u = pass->v;
  MultiplyT(v, linear_.value, &pass->u, 1, 1);
  project_.Forward(v, &pass->project, &pass->u);
  for (auto* list : {&pass->sums, &pass->left, &pass->signed_}) list->assign(bits_, Matrix());
  pass->rebuild.resize(rebuild_.size());
  pass->refine.resize(refine_.size());
  *codes = Matrix(v.n, v.dim);
  pass->signed_[0] = pass->u;
  TakeSigns(0, pass, codes);
  for (size_t level = 1; level < bits_; ++level) {
    pass->sums[level] = *codes;
    Matrix& left = pass->left[level];
    left = *codes;
    rebuild_[level - 1].Forward(*codes, &pass->rebuild[level - 1], &left);
    for (size_t i = 0; i < left.values.size(); ++i) {
      left.values[i] = pass->u.values[i] - left.values[i];
    }
    pass->signed_[level] = left;
    refine_[level - 1].Forward(left, &pass->refine[level - 1], &pass->signed_[level]);
    TakeSigns(level, pass, codes);
  }
}

void Binarizer::Backward(const Pass& pass, const Matrix& by_codes, const Matrix* by_u) {
  Matrix by_sum = by_codes, by_projected(by_codes.n, by_codes.dim);
  if (by_u != nullptr) by_projected = *by_u;
  for (size_t level = bits_ - 1; level >= 1; --level) {
    const Matrix by_signed = BackThroughSigns(level, pass, by_sum);
    Matrix by_left = by_signed;
    refine_[level - 1].Backward(pass.left[level], pass.refine[level - 1], by_signed, &by_left);
    Add(by_left, &by_projected);
    Negate(&by_left);  // what is left falls as what is rebuilt of the sum grows
    Add(by_left, &by_sum);
    rebuild_[level - 1].Backward(pass.sums[level], pass.rebuild[level - 1], by_left, &by_sum);
  }
  Add(BackThroughSigns(0, pass, by_sum), &by_projected);
  TMultiply(by_projected, pass.v, &linear_.gradient, 1, 1);
  project_.Backward(pass.v, pass.project, by_projected, nullptr);
}

void Binarizer::ForEach(const std::function<void(Parameter*)>& use) {
  use(&linear_);
  project_.ForEach(use);
  for (ResidualMlp& mlp : rebuild_) mlp.ForEach(use);
  for (ResidualMlp& mlp : refine_) mlp.ForEach(use);
}

void Binarizer::ForEachStatistic(const std::function<void(std::vector<float>*)>& use) {
  project_.ForEachStatistic(use);
  for (ResidualMlp& mlp : rebuild_) mlp.ForEachStatistic(use);
  for (ResidualMlp& mlp : refine_) mlp.ForEachStatistic(use);
}

void Binarizer::Export(codec::LearnedModel* model) {
  codec::LearnedMlp project = Folded(project_);
  std::vector<codec::LearnedMlp> rebuild, refine;
  bool moved = !AllZero(linear_.value.values) || !IsZero(project);
  for (size_t i = 0; i < rebuild_.size(); ++i) {
    rebuild.push_back(Folded(rebuild_[i]));
    refine.push_back(Folded(refine_[i]));
    moved = moved || !IsZero(rebuild.back()) || !IsZero(refine.back());
  }
  if (!moved) return;
  model->linear = linear_.value.values;
  model->project = std::move(project);
  model->rebuild = std::move(rebuild);
  model->refine = std::move(refine);
}

}  // namespace sagitta::learn
