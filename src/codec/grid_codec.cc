#include "codec/grid_codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "codec/nibble_query.h"

namespace sagitta::codec {
namespace {

class GridCodec : public Codec {
 public:
  GridCodec(GridModel model, CodecFormat format)
      : model_(std::move(model)),
        layout_{.code = model_.grid.bytes(),
                .has_factor = model_.factor != RowFactor::kNone,
                .has_norm = model_.metric == Metric::kL2 || OffersOffset(model_, format)},
        planes_(PlanesOf(model_.grid, layout_)),
        format_(format),
        offset_(OffersOffset(model_, format)) {}

  // Numbers that are alike, of codes whose errors have no direction.
  static bool HasPlanes(const GridModel& model) {
    return model.transform.rotates() && model.factor == RowFactor::kUnbiased &&
           PlaneLayout::Suits(model.grid);
  }

  // Whether rows bring ⟨mean, x − mean⟩ for products. Then ⟨q, x⟩ is
  // ⟨q, mean⟩ + ⟨mean, x − mean⟩ + ⟨q − mean, x − mean⟩, of which only the last is estimated, from
  // a shorter query.
  static bool OffersOffset(const GridModel& model, CodecFormat format) {
    return model.metric != Metric::kL2 && format == CodecFormat::kPlanes &&
           model.kind == CodecKind::kRotated && model.transform.has_mean();
  }

  CodecKind kind() const override { return model_.kind; }
  Metric metric() const override { return model_.metric; }
  uint32_t dim() const override { return model_.transform.dim(); }
  size_t code_bytes() const override { return layout_.bytes(); }
  OddGridShape odd_grid() const override {
    if (model_.kind != CodecKind::kRecurrent || model_.grid.dims() == 0) return {};
    return {static_cast<uint32_t>(model_.grid.dims()), model_.grid.bits[0]};
  }

  size_t stored_bytes(size_t n) const override {
    return format_ == CodecFormat::kPlanes ? planes_->stored_bytes(n) : layout_.stored_bytes(n);
  }
  void Store(const uint8_t* codes, size_t n, uint8_t* stored) const override {
    if (format_ == CodecFormat::kPlanes) return planes_->Pack(codes, n, stored);
    layout_.Pack(codes, n, stored);
  }

  void Encode(const float* rows, size_t n, uint8_t* codes) const override {
    std::vector<float> scratch, y(model_.grid.dims()), value(model_.grid.dims());
    for (size_t i = 0; i < n; ++i, rows += dim(), codes += layout_.bytes()) {
      model_.transform.Apply(rows, true, &scratch, y.data());
      const float norm = model_.transform.SquaredDistanceToMean(rows);
      EncodeOne(y, norm, codes, &value);
      layout_.PutNorm(offset_ ? -model_.transform.DotOfMeanWithRest(rows) : norm, codes);
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
    QueryTables tables = StartTables(model_.transform, model_.metric, query);
    std::vector<float> scratch, y(model_.grid.dims());
    const bool centred = offset_ || model_.metric == Metric::kL2;
    model_.transform.Apply(query, centred, &scratch, y.data());
    model_.grid.Tables(y.data(), &tables.tables, &tables.bias);
    return MakeQuery(std::move(tables));
  }

  std::unique_ptr<CodecQuery> PrepareCode(const uint8_t* code) const override {
    if (model_.transform.has_mean()) return Codec::PrepareCode(code);
    // Products of values as they stand, without either factor: integers on a grid of integers.
    std::vector<float> value(model_.grid.dims());
    model_.grid.Values(code, value.data());
    const bool l2 = model_.metric == Metric::kL2;
    QueryTables tables{.constant = layout_.Norm(code),
                       .times = (l2 ? -2.0f : -1.0f) * layout_.Factor(code),
                       .least = l2 ? 0.0f : kNoLeast};
    model_.grid.Tables(value.data(), &tables.tables, &tables.bias);
    return MakeQuery(std::move(tables));
  }

  CodecFormat format() const override { return format_; }
  size_t MemoryBytes() const override {
    return sizeof(*this) + model_.transform.MemoryBytes() + 9 * model_.grid.dims();
  }

 protected:
  void SerializeBody(std::string* out) const override {
    out->push_back(static_cast<char>(model_.factor));
    base::PutLe(*out, model_.scale);
    model_.transform.Serialize(out);
    model_.grid.Serialize(out);
  }

 private:
  std::unique_ptr<CodecQuery> MakeQuery(QueryTables tables) const {
    return std::make_unique<NibbleQuery>(layout_, std::move(tables), planes_);
  }
  void EncodeOne(const std::vector<float>& y, float norm, uint8_t* code,
                 std::vector<float>* value) const {
    if (model_.factor == RowFactor::kLargest) {
      float largest = 0;
      for (const float v : y) largest = std::max(largest, std::abs(v));
      layout_.PutFactor(largest, code);
      // What was stored decides: the largest element may round to beyond the grid's end.
      model_.grid.Quantize(y.data(), layout_.Factor(code), code, value->data());
      return;
    }
    model_.grid.Quantize(y.data(), model_.scale, code, value->data());
    if (model_.factor == RowFactor::kNone) return;
    double product = 0;
    for (size_t d = 0; d < y.size(); ++d) product += double{y[d]} * (*value)[d];
    const double factor = product > 0 ? model_.scale * (norm / product) : 0.0;
    layout_.PutFactor(static_cast<float>(factor), code);
  }

  const GridModel model_;
  const RowLayout layout_;
  const std::optional<PlaneLayout> planes_;
  const CodecFormat format_;  // kPlanes only with planes_
  const bool offset_;         // see OffersOffset
};

}  // namespace

std::unique_ptr<Codec> MakeGridCodec(GridModel model) {
  const CodecFormat format =
      GridCodec::HasPlanes(model) ? CodecFormat::kPlanes : CodecFormat::kFirst;
  return std::make_unique<GridCodec>(std::move(model), format);
}

std::unique_ptr<Codec> DeserializeGridCodec(CodecKind kind, Metric metric, uint32_t dim,
                                            CodecFormat format, std::string_view& in) {
  GridModel model;
  model.kind = kind;
  model.metric = metric;
  uint8_t factor;
  if (!base::GetLe(in, &factor) || factor > static_cast<uint8_t>(RowFactor::kUnbiased) ||
      !base::GetLe(in, &model.scale) || !std::isfinite(model.scale) || !(model.scale > 0.0f) ||
      !Transform::Deserialize(in, dim, &model.transform) || !Grid::Deserialize(in, &model.grid) ||
      model.grid.dims() != model.transform.out()) {
    return nullptr;
  }
  model.factor = static_cast<RowFactor>(factor);
  if (format == CodecFormat::kPlanes && !GridCodec::HasPlanes(model)) return nullptr;
  return std::make_unique<GridCodec>(std::move(model), format);
}

}  // namespace sagitta::codec
