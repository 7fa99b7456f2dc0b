// Binarizer: the trainable blocks of a recurrent code (Gan et al., "Binary Embedding-based
// Retrieval at Tencent", KDD 2023, arXiv 2302.08714), in the form of codec/learned_model.h: what is
// learned is how far W, B and R are from the rotation and its transpose. At the start nothing is.
//
// Used by one thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "codec/learned_model.h"
#include "learn/residual_mlp.h"

namespace sagitta::learn {

class Binarizer {
 public:
  // kSmooth puts weight·tanh(z / weight) for weight·sign(z), so that finite differences can check
  // gradients. Codes of kHard are the integers that are stored.
  enum class Sign { kHard, kSmooth };

  // What a forward pass leaves for the backward one; vectors by level.
  struct Pass {
    Sign sign = Sign::kHard;
    Matrix v, u;
    std::vector<Matrix> sums;     // codes before the level's sign; none before the first
    std::vector<Matrix> left;     // u − B(sum)
    std::vector<Matrix> signed_;  // what the sign is taken of
    ResidualMlp::Pass project;
    std::vector<ResidualMlp::Pass> rebuild, refine;
  };

  // REQUIRES: 1 ≤ bits ≤ 4. With hidden = 0 blocks have biases, and W its matrix.
  Binarizer(uint32_t width, uint32_t bits, uint32_t hidden, uint64_t seed);

  // n × width numbers v to n × width codes. Running statistics of normalisation move.
  void Forward(RowsView v, Sign sign, Pass* pass, Matrix* codes);
  // Adds to the parameters' gradients those of a loss whose gradients by codes and by u (null:
  // none) are these.
  void Backward(const Pass& pass, const Matrix& by_codes, const Matrix* by_u);

  void ForEach(const std::function<void(Parameter*)>& use);
  void ForEachStatistic(const std::function<void(std::vector<float>*)>& use);

  // Puts the blocks into a model, folded; none of them when nothing has moved, so that the model
  // stays plain.
  void Export(codec::LearnedModel* model);

 private:
  float WeightOf(size_t level) const { return static_cast<float>(1u << (bits_ - 1 - level)); }
  void TakeSigns(size_t level, Pass* pass, Matrix* codes) const;
  // By what a sign is taken of, from the gradient by codes.
  Matrix BackThroughSigns(size_t level, const Pass& pass, const Matrix& by_codes) const;

  const uint32_t width_, bits_;
  Parameter linear_;  // width × width
  ResidualMlp project_;
  std::vector<ResidualMlp> rebuild_, refine_;  // bits − 1
};

}  // namespace sagitta::learn
