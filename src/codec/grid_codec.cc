#include "codec/grid_codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "base/bytes.h"
#include "kernels/kernels.h"

namespace sagitta::codec {
namespace {

float HalfToFloat(const uint8_t* bytes) {
  float value;
  kernels::ToFloat(Dtype::kF16)(bytes, &value, 1);
  return value;
}
void FloatToHalf(float value, uint8_t* bytes) {
  constexpr float kMostHalf = 65504.0f;
  value = std::clamp(value, -kMostHalf, kMostHalf);
  kernels::FromFloat(Dtype::kF16)(&value, bytes, 1);
}

// Where the parts of a row lie.
struct Layout {
  explicit Layout(const GridModel& model)
      : code(model.grid.bytes()),
        has_factor(model.factor != RowFactor::kNone),
        has_norm(model.metric == Metric::kL2) {}

  size_t norm() const { return code + (has_factor ? 2 : 0); }
  size_t bytes() const { return norm() + (has_norm ? sizeof(float) : 0); }
  float Factor(const uint8_t* row) const { return has_factor ? HalfToFloat(row + code) : 1.0f; }

  size_t code;
  bool has_factor, has_norm;
};

class GridQuery : public CodecQuery {
 public:
  GridQuery(const GridModel& model, const float* query) : layout_(model) {
    const bool l2 = model.metric == Metric::kL2;
    std::vector<float> scratch, y(model.transform.out());
    model.transform.Apply(query, l2, &scratch, y.data());
    model.grid.Tables(y.data(), &tables_, &bias_);
    constant_ =
        l2 ? model.transform.SquaredDistanceToMean(query) : -model.transform.DotWithMean(query);
    times_ = l2 ? -2.0f : -1.0f;
  }

  void Keys(const uint8_t* codes, size_t n, float* keys) const override {
    for (size_t i = 0; i < n; ++i, codes += layout_.bytes()) {
      float key = constant_ + times_ * layout_.Factor(codes) * (bias_ + Sum(codes));
      if (layout_.has_norm) {
        float norm;
        std::memcpy(&norm, codes + layout_.norm(), sizeof norm);
        key = std::max(0.0f, key + norm);
      }
      keys[i] = key;
    }
  }

 private:
  // Of four sums, so that no addition waits for the one before.
  float Sum(const uint8_t* code) const {
    const float* table = tables_.data();
    float sums[4] = {0, 0, 0, 0};
    size_t byte = 0;
    for (; byte + 4 <= layout_.code; byte += 4, table += 4 * 256) {
      for (size_t j = 0; j < 4; ++j) sums[j] += table[256 * j + code[byte + j]];
    }
    for (; byte < layout_.code; ++byte, table += 256) sums[0] += table[code[byte]];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }

  const Layout layout_;
  std::vector<float> tables_;
  float bias_ = 0, constant_ = 0, times_ = 0;
};

class GridCodec : public Codec {
 public:
  explicit GridCodec(GridModel model) : model_(std::move(model)), layout_(model_) {}

  CodecKind kind() const override { return model_.kind; }
  Metric metric() const override { return model_.metric; }
  uint32_t dim() const override { return model_.transform.dim(); }
  size_t code_bytes() const override { return layout_.bytes(); }

  void Encode(const float* rows, size_t n, uint8_t* codes) const override {
    std::vector<float> scratch, y(model_.grid.dims()), value(model_.grid.dims());
    for (size_t i = 0; i < n; ++i, rows += dim(), codes += layout_.bytes()) {
      model_.transform.Apply(rows, true, &scratch, y.data());
      const float norm = model_.transform.SquaredDistanceToMean(rows);
      EncodeOne(y, norm, codes, &value);
      if (layout_.has_norm) std::memcpy(codes + layout_.norm(), &norm, sizeof norm);
    }
  }

  void Decode(const uint8_t* codes, size_t n, float* rows) const override {
    std::vector<float> value(model_.grid.dims());
    for (size_t i = 0; i < n; ++i, rows += dim(), codes += layout_.bytes()) {
      model_.grid.Values(codes, value.data());
      const float factor = layout_.Factor(codes);
      for (float& v : value) v *= factor;
      model_.transform.Invert(value.data(), rows);
    }
  }

  std::unique_ptr<CodecQuery> Prepare(const float* query) const override {
    return std::make_unique<GridQuery>(model_, query);
  }

  size_t MemoryBytes() const override {
    return sizeof(*this) + model_.transform.MemoryBytes() + 9 * model_.grid.dims();
  }

 protected:
  void SerializeBody(std::string* out) const override {
    out->push_back(static_cast<char>(model_.factor));
    model_.transform.Serialize(out);
    model_.grid.Serialize(out);
  }

 private:
  void EncodeOne(const std::vector<float>& y, float norm, uint8_t* code,
                 std::vector<float>* value) const {
    if (model_.factor == RowFactor::kLargest) {
      float largest = 0;
      for (const float v : y) largest = std::max(largest, std::abs(v));
      FloatToHalf(largest, code + layout_.code);
      // What was stored decides: the largest element may round to beyond the grid's end.
      model_.grid.Quantize(y.data(), layout_.Factor(code), code, value->data());
      return;
    }
    model_.grid.Quantize(y.data(), 1.0f, code, value->data());
    if (model_.factor == RowFactor::kNone) return;
    double product = 0;
    for (size_t d = 0; d < y.size(); ++d) product += double{y[d]} * (*value)[d];
    const double factor = product > 0 ? norm / product : 0.0;
    FloatToHalf(static_cast<float>(factor), code + layout_.code);
  }

  const GridModel model_;
  const Layout layout_;
};

}  // namespace

std::unique_ptr<Codec> MakeGridCodec(GridModel model) {
  return std::make_unique<GridCodec>(std::move(model));
}

std::unique_ptr<Codec> DeserializeGridCodec(CodecKind kind, Metric metric, uint32_t dim,
                                            std::string_view& in) {
  GridModel model;
  model.kind = kind;
  model.metric = metric;
  uint8_t factor;
  if (!base::GetLe(in, &factor) || factor > static_cast<uint8_t>(RowFactor::kUnbiased) ||
      !Transform::Deserialize(in, dim, &model.transform) || !Grid::Deserialize(in, &model.grid) ||
      model.grid.dims() != model.transform.out()) {
    return nullptr;
  }
  model.factor = static_cast<RowFactor>(factor);
  return MakeGridCodec(std::move(model));
}

}  // namespace sagitta::codec
