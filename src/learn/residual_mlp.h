// A trainable Linear–BatchNorm–ReLU–Linear whose output layer starts at zero, so that what it is
// added to starts as it was (batch normalisation: Ioffe and Szegedy, arXiv 1502.03167).
//
// Used by one thread at a time.
#pragma once

#include <functional>
#include <vector>

#include "learn/matrix.h"
#include "learn/random.h"

namespace sagitta::learn {

// What an optimiser moves.
struct Parameter {
  Matrix value, gradient;

  void Reset(size_t n, size_t dim);  // to zeros
};

// The block as it is used after training: second·max(0, first·x + first_bias) + second_bias.
struct FoldedMlp {
  Matrix first, second;
  std::vector<float> first_bias, second_bias;
};

class ResidualMlp {
 public:
  // What a forward pass leaves for the backward one.
  struct Pass {
    Matrix normal, active;          // after normalisation; after ReLU
    std::vector<float> inverse_sd;  // of the hidden numbers over the batch
  };

  // With hidden = 0 a bias alone.
  ResidualMlp(size_t in, size_t hidden, size_t out, Random* random);

  // out += MLP(x), normalised by this batch's statistics, which the running ones move towards.
  void Forward(RowsView x, Pass* pass, Matrix* out);
  // The parameters' gradients += those of a loss whose gradient by the output is `by_out`; by_x,
  // unless null, += that by x. `x` and `pass` are the forward pass's.
  void Backward(RowsView x, const Pass& pass, RowsView by_out, Matrix* by_x);
  // Normalised by the running statistics.
  FoldedMlp Fold() const;

  // Calls use() for every parameter, always in the same order.
  void ForEach(const std::function<void(Parameter*)>& use);
  // What training moves besides: running means and variances.
  void ForEachStatistic(const std::function<void(std::vector<float>*)>& use);

 private:
  size_t hidden() const { return first_.value.n; }
  void Normalise(const Matrix& before, Pass* pass);
  void BackThroughNormalisation(const Pass& pass, Matrix* by_hidden);

  Parameter first_;         // hidden × in
  Parameter gain_, shift_;  // 1 × hidden
  Parameter second_;        // out × hidden
  Parameter bias_;          // 1 × out
  std::vector<float> running_mean_, running_variance_;
  std::vector<float> seen_ = {0.0f};  // whether any batch has been
};

}  // namespace sagitta::learn
