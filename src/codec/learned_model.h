// The model of a learned recurrent code, and what it makes of a vector (Gan et al.,
// "Binary Embedding-based Retrieval at Tencent", KDD 2023, arXiv 2302.08714).
//
// A vector of `dim` numbers goes through an affine map to `core` numbers (if the model has one;
// for COSINE its result is normalised), then through a random rotation to `width` numbers, all
// divided by `scale`: v. The block W gives u = v + linear·v + MLP(v). From c = 0 on, for each of
// `bits` signs, the weight halving from 2^(bits−1) to 1, c grows by weight·sign(R(u − B(c))), with
// blocks B(c) = c + MLP(c) and R(e) = e + MLP(e), the first sign being that of u. So c is a vector
// of odd integers, −(2^bits − 1) to 2^bits − 1, the same grid as kRecurrent's.
//
// In the paper each block is a linear map and an MLP of its own. Here the rotation and its
// transpose, which are where W, B and R would start, are taken out of all of them: what is learned
// is how far a block is from them, and a model without anything learned is a kRecurrent codec.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/grid.h"
#include "codec/rotation.h"
#include "sagitta/schema.h"

namespace sagitta::codec {

// second·max(0, first·x + first_bias) + second_bias, of `width` numbers to as many. Batch
// normalisation of the hidden layer is folded into `first`.
struct LearnedMlp {
  std::vector<float> first;        // hidden × width
  std::vector<float> first_bias;   // hidden
  std::vector<float> second;       // width × hidden
  std::vector<float> second_bias;  // width, or empty: the MLP is 0

  bool empty() const { return second_bias.empty(); }
  size_t hidden() const { return first_bias.size(); }
};

struct LearnedModel {
  Metric metric = Metric::kCosine;
  uint32_t dim = 0;    // of the vectors it takes
  uint32_t core = 0;   // dim where there is no map
  uint32_t width = 0;  // numbers of a code
  uint32_t bits = 0;   // of each, 1–4
  uint64_t seed = 0;   // of the rotation
  float scale = 1;     // > 0

  std::vector<float> map;                   // core × dim, or empty: the identity
  std::vector<float> map_bias;              // core, or empty: zeros
  std::vector<float> linear;                // width × width, or empty: zeros
  LearnedMlp project;                       // W's
  std::vector<LearnedMlp> rebuild, refine;  // B's and R's, bits − 1 of each, or none

  std::vector<float> decoder;       // dim × width, or empty: the rotation undone
  std::vector<float> decoder_bias;  // dim where there is a decoder

  bool has_map() const { return !map.empty() || !map_bias.empty(); }
  // Nothing was learned: a kRecurrent code of the mapped vector.
  bool plain() const { return linear.empty() && project.empty() && rebuild.empty(); }

  void Serialize(std::string* out) const;
  // False on malformed bytes. Metric and dim are set before.
  static bool Deserialize(std::string_view& in, LearnedModel* out);
};

// Runs a model. Immutable, thread-safe.
class LearnedHead {
 public:
  explicit LearnedHead(LearnedModel model);

  const LearnedModel& model() const { return model_; }
  const Grid& grid() const { return grid_; }  // odd integers, `width` of them
  // The vector after the map, of model().core numbers.
  void Map(const float* x, float* core) const;
  // y = scale·v: rotated, `width` numbers.
  void Rotate(const float* core, float* y) const;
  // Undoes it, as far as `width` numbers tell.
  void RotateBack(const float* y, float* core) const;
  // u, which stands for a query that is not coded.
  void Project(const float* y, float* u) const;
  // The odd integers of u.
  void Refine(const float* u, float* integers) const;

 private:
  const LearnedModel model_;
  const Rotation rotation_;  // of max(core, width) numbers
  Grid grid_;
};

// The scale that suits n rows of `dim` numbers best (for kRecurrent's it is chosen alike, to the
// last bit). 1 for no rows.
float PlainScale(LearnedModel model, const float* rows, size_t n);

}  // namespace sagitta::codec
