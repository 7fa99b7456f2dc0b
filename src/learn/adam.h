// Adam with gradients clipped to a length (Kingma and Ba, arXiv 1412.6980; Pascanu et al.,
// arXiv 1211.5063). Used by one thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "learn/residual_mlp.h"

namespace sagitta::learn {

class Adam {
 public:
  // `parameters` are kept, and outlive this; most_length > 0.
  Adam(std::vector<Parameter*> parameters, float learning_rate, float most_length);

  // One step against the gradients, at that share of the learning rate; the gradients are zeros
  // afterwards. False, with nothing moved, when they are not finite.
  bool Step(float share = 1.0f);

  // Values and moments of all parameters.
  void Serialize(std::string* out) const;
  // False on bytes of other sizes.
  bool Deserialize(std::string_view& in);

 private:
  const std::vector<Parameter*> parameters_;
  const float learning_rate_, most_length_;
  uint64_t steps_ = 0;
  std::vector<std::vector<float>> first_, second_;  // moments, by parameter
};

}  // namespace sagitta::learn
