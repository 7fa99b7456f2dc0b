#include "codec/learned_codec.h"

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "codec/nibble_query.h"
#include "codec/row_layout.h"

namespace sagitta::codec {
namespace {

double Product(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t d = 0; d < a.size(); ++d) sum += double{a[d]} * b[d];
  return sum;
}

class HeadCodec final : public LearnedCodec {
 public:
  HeadCodec(LearnedHead head, CodecFormat format)
      : head_(std::move(head)),
        layout_{.code = head_.grid().bytes(),
                .has_factor = true,
                .has_norm = head_.model().metric == Metric::kL2},
        planes_(PlanesOf(head_.grid(), layout_)),
        format_(format) {}

  const LearnedHead& head() const override { return head_; }
  CodecKind kind() const override { return CodecKind::kLearned; }
  Metric metric() const override { return head_.model().metric; }
  uint32_t dim() const override { return head_.model().dim; }
  OddGridShape odd_grid() const override { return {head_.model().width, head_.model().bits}; }
  size_t code_bytes() const override { return layout_.bytes(); }
  size_t stored_bytes(size_t n) const override {
    return format_ == CodecFormat::kPlanes ? planes_->stored_bytes(n) : layout_.stored_bytes(n);
  }
  void Store(const uint8_t* codes, size_t n, uint8_t* stored) const override {
    if (format_ == CodecFormat::kPlanes) return planes_->Pack(codes, n, stored);
    layout_.Pack(codes, n, stored);
  }

  void Encode(const float* rows, size_t n, uint8_t* codes) const override {
    std::vector<float> core(head_.model().core), y(width()), u(width()), value(width());
    std::vector<float> integers(width());
    for (size_t i = 0; i < n; ++i, rows += dim(), codes += layout_.bytes()) {
      head_.Map(rows, core.data());
      head_.Rotate(core.data(), y.data());
      const auto norm = static_cast<float>(Product(core, core));
      if (head_.model().plain()) {
        // To the last bit what kRecurrent makes of it.
        head_.grid().Quantize(y.data(), head_.model().scale, codes, value.data());
        layout_.PutFactor(PlainFactor(norm, y, value), codes);
      } else {
        head_.Project(y.data(), u.data());
        head_.Refine(u.data(), integers.data());
        head_.grid().Quantize(integers.data(), 1.0f, codes, value.data());
        layout_.PutFactor(LearnedFactor(norm, u, value), codes);
      }
      layout_.PutNorm(norm, codes);
    }
  }

  void Decode(const uint8_t* codes, size_t n, float* rows) const override {
    std::vector<float> value(width());
    for (size_t i = 0; i < n; ++i, rows += dim(), codes += layout_.bytes()) {
      head_.grid().Values(codes, value.data());
      const float factor = layout_.Factor(codes);
      for (float& v : value) v *= factor;
      DecodeOne(value, rows);
    }
  }

  std::unique_ptr<CodecQuery> Prepare(const float* query) const override {
    std::vector<float> core(head_.model().core), y(width()), u(width());
    head_.Map(query, core.data());
    head_.Rotate(core.data(), y.data());
    const auto norm = static_cast<float>(Product(core, core));
    if (head_.model().plain()) return MakeQuery(y, norm, 1.0f);
    head_.Project(y.data(), u.data());
    const double squares = Product(u, u);
    const auto times = static_cast<float>(squares > 0 ? std::sqrt(norm / squares) : 0.0);
    for (float& x : u) x *= times;
    return MakeQuery(u, norm, 1.0f);
  }

  std::unique_ptr<CodecQuery> PrepareCode(const uint8_t* code) const override {
    std::vector<float> value(width());
    head_.grid().Values(code, value.data());
    return MakeQuery(value, layout_.Norm(code), layout_.Factor(code));
  }

  CodecFormat format() const override { return format_; }
  size_t MemoryBytes() const override {
    const LearnedModel& model = head_.model();
    size_t numbers = model.map.size() + model.map_bias.size() + model.linear.size() +
                     model.decoder.size() + model.decoder_bias.size();
    const auto add = [&](const LearnedMlp& mlp) {
      numbers += 2 * mlp.first.size() + mlp.hidden() + mlp.second_bias.size();
    };
    add(model.project);
    for (const LearnedMlp& mlp : model.rebuild) add(mlp);
    for (const LearnedMlp& mlp : model.refine) add(mlp);
    return sizeof(*this) + numbers * sizeof(float) + 9 * width();
  }

 protected:
  void SerializeBody(std::string* out) const override { head_.model().Serialize(out); }

 private:
  size_t width() const { return head_.model().width; }

  // What a product of integers is multiplied with, so that it estimates one of mapped vectors and
  // the error of a row's code has no direction (RowFactor::kUnbiased).
  float PlainFactor(float norm, const std::vector<float>& y,
                    const std::vector<float>& value) const {
    const double product = Product(y, value);
    return product > 0 ? static_cast<float>(head_.model().scale * (norm / product)) : 0.0f;
  }
  // Lengths of what was learned mean nothing: the mapped vector's stands for them.
  float LearnedFactor(float norm, const std::vector<float>& u,
                      const std::vector<float>& value) const {
    const double product = Product(u, value);
    return product > 0 ? static_cast<float>(std::sqrt(norm * Product(u, u)) / product) : 0.0f;
  }

  void DecodeOne(const std::vector<float>& value, float* row) const {
    const LearnedModel& model = head_.model();
    if (model.decoder.empty()) {
      head_.RotateBack(value.data(), row);
      return;
    }
    for (uint32_t d = 0; d < model.dim; ++d) {
      const float* weights = model.decoder.data() + size_t{d} * width();
      double sum = model.decoder_bias[d];
      for (size_t j = 0; j < width(); ++j) sum += double{weights[j]} * value[j];
      row[d] = static_cast<float>(sum);
    }
  }

  std::unique_ptr<CodecQuery> MakeQuery(const std::vector<float>& values, float norm,
                                        float factor) const {
    const bool l2 = layout_.has_norm;
    QueryTables tables{.constant = l2 ? norm : 0.0f,
                       .times = (l2 ? -2.0f : -1.0f) * factor,
                       .least = l2 ? 0.0f : kNoLeast};
    head_.grid().Tables(values.data(), &tables.tables, &tables.bias);
    return std::make_unique<NibbleQuery>(layout_, std::move(tables), planes_);
  }

  const LearnedHead head_;
  const RowLayout layout_;
  const std::optional<PlaneLayout> planes_;
  const CodecFormat format_;  // kPlanes only with planes_
};

}  // namespace

std::unique_ptr<LearnedCodec> MakeLearnedCodec(LearnedModel model) {
  LearnedHead head(std::move(model));
  const bool planes = PlaneLayout::Suits(head.grid());
  return std::make_unique<HeadCodec>(std::move(head),
                                     planes ? CodecFormat::kPlanes : CodecFormat::kFirst);
}

std::unique_ptr<Codec> DeserializeLearnedCodec(Metric metric, uint32_t dim, CodecFormat format,
                                               std::string_view& in) {
  LearnedModel model;
  model.metric = metric;
  model.dim = dim;
  if (!LearnedModel::Deserialize(in, &model)) return nullptr;
  LearnedHead head(std::move(model));
  if (format == CodecFormat::kPlanes && !PlaneLayout::Suits(head.grid())) return nullptr;
  return std::make_unique<HeadCodec>(std::move(head), format);
}

}  // namespace sagitta::codec
