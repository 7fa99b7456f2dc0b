#include "engine/field_layout.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/kernels.h"

namespace sagitta::engine {
namespace {

constexpr float kMaxSquaredNorm = 1e37f;

Status CheckPacked(const VectorField& field, const VectorValue& value, const std::string& what) {
  if (field.storage != Dtype::kBits) {
    return Status::InvalidArgument(what, "is BITS, which only fields of BITS take");
  }
  const size_t bytes = VectorBytes(Dtype::kBits, field.dim);
  if (value.bytes.size() != bytes) {
    return Status::InvalidArgument(
        what, "has " + std::to_string(value.bytes.size()) + " bytes of packed bits, the field's " +
                  std::to_string(field.dim) + " bits take " + std::to_string(bytes));
  }
  const uint32_t used = field.dim % 8;
  if (used == 0 || static_cast<uint8_t>(value.bytes.back()) >> used == 0) return Status::Ok();
  return Status::InvalidArgument(what, "has bits set beyond the field's " +
                                           std::to_string(field.dim) +
                                           "; the first bit of a byte is its lowest");
}

Status CheckMapped(const VectorValue& value, const std::string& what) {
  if (value.adapter.empty()) return Status::Ok();
  return Status::InvalidArgument(what + ".adapter", "is given where no vector is mapped");
}

Status CheckShape(const VectorField& field, const VectorValue& value, const std::string& what) {
  if (value.dtype == Dtype::kBits) return CheckPacked(field, value, what);
  const uint32_t width = DtypeBytes(value.dtype);
  if (value.bytes.size() % width != 0) {
    return Status::InvalidArgument(what, std::to_string(value.bytes.size()) +
                                             " bytes are no whole number of " +
                                             std::to_string(width) + "-byte elements");
  }
  if (value.dim() != field.dim) {
    return Status::InvalidArgument(
        what, "dim is " + std::to_string(value.dim()) + ", the field has " +
                  std::to_string(field.dim) +
                  (field.storage == Dtype::kBits ? "; packed bits are BITS or U8" : ""));
  }
  return Status::Ok();
}

Status CheckFloats(const VectorField& field, const float* v, const std::string& what) {
  if (!kernels::AllFinite(v, field.dim)) {
    for (uint32_t i = 0; i < field.dim; ++i) {
      if (!std::isfinite(v[i])) {
        return Status::InvalidArgument(
            what + "[" + std::to_string(i) + "]",
            std::string("is ") + (std::isnan(v[i]) ? "NaN" : "infinite") + ", must be finite");
      }
    }
  }
  const float norm = kernels::SquaredNorm(v, field.dim);
  if (!(norm <= kMaxSquaredNorm)) {
    return Status::InvalidArgument(what, "its squared norm exceeds 1e37");
  }
  // Squares of tiny elements may vanish where the elements do not.
  const bool zero = norm == 0 && std::all_of(v, v + field.dim, [](float x) { return x == 0; });
  if (field.metric == Metric::kCosine && zero) {
    return Status::InvalidArgument(what, "is a zero vector, which has no direction for COSINE");
  }
  return Status::Ok();
}

Status CheckRepresentable(Dtype storage, const float* v, uint32_t dim, const std::string& what) {
  float low = 0;
  float high = 0;
  bool integral = true;
  switch (storage) {
    case Dtype::kF32:
    case Dtype::kBf16:
      return Status::Ok();
    case Dtype::kBits:
      low = 0, high = 1;
      break;
    case Dtype::kF16:
      low = -65504.0f, high = 65504.0f, integral = false;
      break;
    case Dtype::kI8:
      low = -128, high = 127;
      break;
    case Dtype::kU8:
      low = 0, high = 255;
      break;
  }
  for (uint32_t i = 0; i < dim; ++i) {
    if (v[i] < low || v[i] > high || (integral && v[i] != std::nearbyint(v[i]))) {
      return Status::InvalidArgument(what + "[" + std::to_string(i) + "]",
                                     "is " + std::to_string(v[i]) + ", the field stores " +
                                         (integral ? "integers" : "values") + " from " +
                                         std::to_string(static_cast<int>(low)) + " to " +
                                         std::to_string(static_cast<int>(high)));
    }
  }
  return Status::Ok();
}

void Normalise(float* v, uint32_t dim) {
  const float norm = kernels::SquaredNorm(v, dim);
  // A vector of subnormals has a norm of zero in float: scale it up first.
  if (norm < std::numeric_limits<float>::min()) {
    for (uint32_t i = 0; i < dim; ++i) v[i] *= 1e30f;
    const float scaled = kernels::SquaredNorm(v, dim);
    if (scaled == 0) return;
    const float inverse = 1.0f / std::sqrt(scaled);
    for (uint32_t i = 0; i < dim; ++i) v[i] *= inverse;
    return;
  }
  const float inverse = 1.0f / std::sqrt(norm);
  for (uint32_t i = 0; i < dim; ++i) v[i] *= inverse;
}

// The packed bits of a vector for a field of BITS.
Result<std::string> ToBits(const VectorField& field, const VectorValue& value,
                           const std::string& what) {
  const bool packed_bytes =
      value.dtype == Dtype::kU8 && value.bytes.size() == VectorBytes(Dtype::kBits, field.dim);
  if (value.dtype == Dtype::kBits || packed_bytes) {
    SAGITTA_RETURN_IF_ERROR(CheckPacked(field, value, what));
    return value.bytes;
  }
  SAGITTA_RETURN_IF_ERROR(CheckShape(field, value, what));
  const std::vector<float> floats = value.ToFloats();
  SAGITTA_RETURN_IF_ERROR(CheckFloats(field, floats.data(), what));
  SAGITTA_RETURN_IF_ERROR(CheckRepresentable(Dtype::kBits, floats.data(), field.dim, what));
  std::string bits(VectorBytes(Dtype::kBits, field.dim), '\0');
  kernels::FromFloat(Dtype::kBits)(floats.data(), bits.data(), field.dim);
  return bits;
}

}  // namespace

FieldLayout LayoutOf(const VectorField& field) {
  const bool integer = field.storage == Dtype::kI8 || field.storage == Dtype::kU8;
  return {.dim = field.dim,
          .metric = field.metric,
          .storage = field.storage,
          .row = field.metric == Metric::kCosine && integer ? Dtype::kF32 : field.storage};
}

std::vector<FieldLayout> LayoutsOf(const CollectionSchema& schema) {
  std::vector<FieldLayout> layouts;
  for (const VectorField& field : schema.fields) layouts.push_back(LayoutOf(field));
  return layouts;
}

Result<VectorValue> ToStorage(const VectorField& field, VectorValue value) {
  const std::string what = "vectors." + field.name;
  SAGITTA_RETURN_IF_ERROR(CheckMapped(value, what));
  if (field.storage == Dtype::kBits) {
    SAGITTA_ASSIGN_OR_RETURN(std::string bits, ToBits(field, value, what));
    return VectorValue(Dtype::kBits, std::move(bits));
  }
  SAGITTA_RETURN_IF_ERROR(CheckShape(field, value, what));
  if (value.dtype == Dtype::kF32 && field.storage == Dtype::kF32) {
    // Strings of this size live on the heap, aligned for floats; the common case needs no copy.
    SAGITTA_RETURN_IF_ERROR(
        CheckFloats(field, reinterpret_cast<const float*>(value.bytes.data()), what));
    return value;
  }
  const std::vector<float> floats = value.ToFloats();
  SAGITTA_RETURN_IF_ERROR(CheckFloats(field, floats.data(), what));
  if (value.dtype == field.storage) return value;
  SAGITTA_RETURN_IF_ERROR(CheckRepresentable(field.storage, floats.data(), field.dim, what));
  VectorValue stored(field.storage,
                     std::string(size_t{field.dim} * DtypeBytes(field.storage), '\0'));
  kernels::FromFloat(field.storage)(floats.data(), stored.bytes.data(), field.dim);
  return stored;
}

void WriteRow(const FieldLayout& layout, const VectorValue& stored, std::byte* out) {
  if (layout.metric != Metric::kCosine) {
    std::memcpy(out, stored.bytes.data(), layout.row_bytes());
    return;
  }
  std::vector<float> floats = stored.ToFloats();
  Normalise(floats.data(), layout.dim);
  kernels::FromFloat(layout.row)(floats.data(), out, layout.dim);
}

Result<std::vector<float>> ToQueryVector(const VectorField& field, const VectorValue& value,
                                         const std::string& what) {
  SAGITTA_RETURN_IF_ERROR(CheckMapped(value, what));
  if (field.storage == Dtype::kBits) {
    SAGITTA_ASSIGN_OR_RETURN(const std::string bits, ToBits(field, value, what));
    std::vector<float> packed((bits.size() + sizeof(float) - 1) / sizeof(float));
    std::memcpy(packed.data(), bits.data(), bits.size());
    return packed;
  }
  SAGITTA_RETURN_IF_ERROR(CheckShape(field, value, what));
  std::vector<float> floats = value.ToFloats();
  SAGITTA_RETURN_IF_ERROR(CheckFloats(field, floats.data(), what));
  if (field.metric == Metric::kCosine) Normalise(floats.data(), field.dim);
  return floats;
}

float KeyToScore(Metric metric, float key) {
  switch (metric) {
    case Metric::kL2:
      return std::sqrt(std::max(key, 0.0f));
    case Metric::kL1:
    case Metric::kHamming:
    case Metric::kJaccard:
      return key;
    case Metric::kInnerProduct:
    case Metric::kCosine:
      return -key;
  }
  return key;
}

float ScoreToKey(Metric metric, float score) {
  switch (metric) {
    case Metric::kL2:
      // No distance is negative: below zero nothing qualifies.
      return score < 0 ? -std::numeric_limits<float>::infinity() : score * score;
    case Metric::kL1:
    case Metric::kHamming:
    case Metric::kJaccard:
      return score;
    case Metric::kInnerProduct:
    case Metric::kCosine:
      return -score;
  }
  return score;
}

}  // namespace sagitta::engine
