#include "codec/learned_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/bytes.h"
#include "codec/floats.h"
#include "kernels/kernels.h"

namespace sagitta::codec {
namespace {

constexpr uint32_t kMostWidth = 65'536;
constexpr float kLeastDeviation = 1e-12f;  // of rows of zeros

// out = matrix·x, of matrix.size() / dim numbers.
void Times(const std::vector<float>& matrix, const float* x, size_t dim, float* out) {
  const size_t rows = matrix.size() / dim;
  kernels::Distances(Dtype::kF32, Metric::kInnerProduct)
      .query_many(x, matrix.data(), dim * sizeof(float), rows, dim, out);
  for (size_t i = 0; i < rows; ++i) out[i] = -out[i];  // keys are negated products
}

// out += MLP(x).
void AddMlp(const LearnedMlp& mlp, const float* x, size_t width, float* out) {
  if (mlp.empty()) return;
  for (size_t d = 0; d < width; ++d) out[d] += mlp.second_bias[d];
  if (mlp.hidden() == 0) return;
  std::vector<float> hidden(mlp.hidden()), change(width);
  Times(mlp.first, x, width, hidden.data());
  for (size_t h = 0; h < hidden.size(); ++h) {
    hidden[h] = std::max(0.0f, hidden[h] + mlp.first_bias[h]);
  }
  Times(mlp.second, hidden.data(), hidden.size(), change.data());
  for (size_t d = 0; d < width; ++d) out[d] += change[d];
}

void PutMlp(const LearnedMlp& mlp, std::string* out) {
  PutFloats(mlp.first, out);
  PutFloats(mlp.first_bias, out);
  PutFloats(mlp.second, out);
  PutFloats(mlp.second_bias, out);
}

bool GetMlp(std::string_view& in, size_t width, LearnedMlp* mlp) {
  if (!GetFloats(in, &mlp->first) || !GetFloats(in, &mlp->first_bias) ||
      !GetFloats(in, &mlp->second) || !GetFloats(in, &mlp->second_bias)) {
    return false;
  }
  if (mlp->empty()) return mlp->first.empty() && mlp->hidden() == 0 && mlp->second.empty();
  return mlp->second_bias.size() == width && mlp->first.size() == mlp->hidden() * width &&
         mlp->second.size() == mlp->first.size();
}

Grid OddGrid(uint32_t width, uint32_t bits) {
  Grid grid;
  grid.bits.assign(width, static_cast<uint8_t>(bits));
  grid.step.assign(width, 2.0f);
  grid.offset.assign(width, 1.0f - static_cast<float>(1u << bits));
  return grid;
}

bool EmptyOr(const std::vector<float>& values, size_t size) {
  return values.empty() || values.size() == size;
}

bool HasRightSizes(const LearnedModel& model) {
  const size_t dim = model.dim, core = model.core, width = model.width;
  if (!EmptyOr(model.map, core * dim) || (model.map.empty() && core != dim)) return false;
  if (!EmptyOr(model.map_bias, core) || !EmptyOr(model.linear, width * width)) return false;
  // A map cannot be undone.
  if (model.has_map() && model.decoder.empty()) return false;
  return EmptyOr(model.decoder, dim * width) &&
         model.decoder_bias.size() == (model.decoder.empty() ? 0 : dim);
}

}  // namespace

// Byte for byte: bits (a byte), core and width (varints), seed, scale, map, its bias, linear, W's
// MLP, the number of B's (a byte), of each B's and R's MLP in turns, decoder, its bias; numbers are
// lists of floats (floats.h).
void LearnedModel::Serialize(std::string* out) const {
  out->push_back(static_cast<char>(bits));
  base::PutVarint(*out, core);
  base::PutVarint(*out, width);
  base::PutLe(*out, seed);
  base::PutLe(*out, scale);
  PutFloats(map, out);
  PutFloats(map_bias, out);
  PutFloats(linear, out);
  PutMlp(project, out);
  out->push_back(static_cast<char>(rebuild.size()));
  for (size_t i = 0; i < rebuild.size(); ++i) {
    PutMlp(rebuild[i], out);
    PutMlp(refine[i], out);
  }
  PutFloats(decoder, out);
  PutFloats(decoder_bias, out);
}

bool LearnedModel::Deserialize(std::string_view& in, LearnedModel* out) {
  uint8_t bits, levels;
  uint64_t core, width;
  if (!base::GetLe(in, &bits) || bits < 1 || bits > 4 || !base::GetVarint(in, &core) ||
      !base::GetVarint(in, &width) || core < 1 || core > kMostWidth || width < 1 ||
      width > kMostWidth || !base::GetLe(in, &out->seed) || !base::GetLe(in, &out->scale) ||
      !std::isfinite(out->scale) || !(out->scale > 0.0f)) {
    return false;
  }
  out->bits = bits;
  out->core = static_cast<uint32_t>(core);
  out->width = static_cast<uint32_t>(width);
  if (!GetFloats(in, &out->map) || !GetFloats(in, &out->map_bias) || !GetFloats(in, &out->linear) ||
      !GetMlp(in, width, &out->project) || !base::GetLe(in, &levels) ||
      (levels != 0 && levels != bits - 1)) {
    return false;
  }
  out->rebuild.resize(levels);
  out->refine.resize(levels);
  for (size_t i = 0; i < levels; ++i) {
    if (!GetMlp(in, width, &out->rebuild[i]) || !GetMlp(in, width, &out->refine[i])) return false;
  }
  return GetFloats(in, &out->decoder) && GetFloats(in, &out->decoder_bias) && HasRightSizes(*out);
}

LearnedHead::LearnedHead(LearnedModel model)
    : model_(std::move(model)),
      rotation_(std::max(model_.core, model_.width), model_.seed),
      grid_(OddGrid(model_.width, model_.bits)) {}

void LearnedHead::Map(const float* x, float* core) const {
  if (model_.map.empty()) {
    std::copy_n(x, model_.core, core);
  } else {
    Times(model_.map, x, model_.dim, core);
  }
  for (size_t d = 0; d < model_.map_bias.size(); ++d) core[d] += model_.map_bias[d];
  if (!model_.has_map() || model_.metric != Metric::kCosine) return;
  const float length = std::sqrt(kernels::SquaredNorm(core, model_.core));
  if (!(length > 0.0f)) return;
  for (size_t d = 0; d < model_.core; ++d) core[d] /= length;
}

void LearnedHead::Rotate(const float* core, float* y) const {
  std::vector<float> turned(rotation_.dim(), 0.0f);
  std::copy_n(core, model_.core, turned.data());
  rotation_.Apply(turned.data());
  std::copy_n(turned.data(), model_.width, y);
}

void LearnedHead::RotateBack(const float* y, float* core) const {
  std::vector<float> turned(rotation_.dim(), 0.0f);
  std::copy_n(y, model_.width, turned.data());
  rotation_.ApplyInverse(turned.data());
  std::copy_n(turned.data(), model_.core, core);
}

void LearnedHead::Project(const float* y, float* u) const {
  const size_t width = model_.width;
  const float inverse = 1.0f / model_.scale;
  std::vector<float> v(width);
  for (size_t d = 0; d < width; ++d) v[d] = y[d] * inverse;
  if (model_.linear.empty()) {
    std::copy_n(v.data(), width, u);
  } else {
    Times(model_.linear, v.data(), width, u);
    for (size_t d = 0; d < width; ++d) u[d] += v[d];
  }
  AddMlp(model_.project, v.data(), width, u);
  // Weights of damaged bytes that pass their checksum may overflow; integers have to come of it.
  for (size_t d = 0; d < width; ++d) u[d] = std::isfinite(u[d]) ? u[d] : 0.0f;
}

void LearnedHead::Refine(const float* u, float* integers) const {
  const size_t width = model_.width;
  if (model_.rebuild.empty()) {
    // What the signs of what is left add up to: the nearest integer, rounded as kRecurrent does.
    std::vector<uint8_t> code(grid_.bytes());
    grid_.Quantize(u, 1.0f, code.data(), integers);
    return;
  }
  auto weight = static_cast<float>(1u << (model_.bits - 1));
  for (size_t d = 0; d < width; ++d) integers[d] = u[d] >= 0.0f ? weight : -weight;
  std::vector<float> left(width), turned(width);
  for (size_t i = 0; i < model_.rebuild.size(); ++i) {
    weight /= 2;
    std::copy_n(integers, width, left.data());
    AddMlp(model_.rebuild[i], integers, width, left.data());
    for (size_t d = 0; d < width; ++d) left[d] = u[d] - left[d];
    turned = left;
    AddMlp(model_.refine[i], left.data(), width, turned.data());
    for (size_t d = 0; d < width; ++d) integers[d] += turned[d] >= 0.0f ? weight : -weight;
  }
}

float PlainScale(LearnedModel model, const float* rows, size_t n) {
  if (n == 0) return 1.0f;
  const uint32_t bits = model.bits;
  const LearnedHead head(std::move(model));
  std::vector<float> core(head.model().core), y(head.model().width);
  double squares = 0;
  for (size_t i = 0; i < n; ++i) {
    head.Map(rows + i * head.model().dim, core.data());
    head.Rotate(core.data(), y.data());
    for (const float value : y) squares += double{value} * value;
  }
  const double mean = squares / static_cast<double>(n * y.size());
  return std::max(kLeastDeviation, static_cast<float>(std::sqrt(mean))) * NormalStep(bits) / 2;
}

}  // namespace sagitta::codec
