#include "codec/product_codec.h"

#include <algorithm>

#include "base/bytes.h"
#include "codec/floats.h"
#include "codec/nibble_query.h"
#include "kernels/kernels.h"

namespace sagitta::codec {
namespace {

class ProductCodec : public Codec {
 public:
  explicit ProductCodec(ProductModel model)
      : model_(std::move(model)),
        layout_{.code = (size_t{model_.pieces} * model_.bits + 7) / 8,
                .has_factor = true,
                .has_norm = model_.metric == Metric::kL2} {}

  CodecKind kind() const override { return model_.kind; }
  Metric metric() const override { return model_.metric; }
  uint32_t dim() const override { return model_.transform.dim(); }
  size_t code_bytes() const override { return layout_.bytes(); }
  size_t stored_bytes(size_t n) const override {
    return nibbles() ? layout_.stored_bytes(n) : n * layout_.bytes();
  }
  void Store(const uint8_t* codes, size_t n, uint8_t* stored) const override {
    if (nibbles()) return layout_.Pack(codes, n, stored);
    Codec::Store(codes, n, stored);
  }

  void Encode(const float* rows, size_t n, uint8_t* codes) const override {
    std::vector<float> scratch, y(dim());
    for (size_t i = 0; i < n; ++i, rows += dim(), codes += layout_.bytes()) {
      model_.transform.Apply(rows, true, &scratch, y.data());
      const double product = EncodeOne(y, codes);
      const float norm = model_.transform.SquaredDistanceToMean(rows);
      layout_.PutFactor(product > 0 ? static_cast<float>(norm / product) : 0.0f, codes);
      layout_.PutNorm(norm, codes);
    }
  }

  void Decode(const uint8_t* codes, size_t n, float* rows) const override {
    std::vector<float> y(dim());
    for (size_t i = 0; i < n; ++i, rows += dim(), codes += layout_.bytes()) {
      const float factor = layout_.Factor(codes);
      for (uint32_t j = 0; j < model_.pieces; ++j) {
        const float* word = model_.word(j, NumberOf(codes, j));
        for (uint32_t d = 0; d < model_.width(); ++d) y[j * model_.width() + d] = factor * word[d];
      }
      model_.transform.Invert(y.data(), rows);
    }
  }

  std::unique_ptr<CodecQuery> Prepare(const float* query) const override {
    QueryTables tables = StartTables(model_.transform, model_.metric, query);
    std::vector<float> scratch, y(dim());
    model_.transform.Apply(query, model_.metric == Metric::kL2, &scratch, y.data());
    // A nibble behind the last piece finds zeros.
    tables.tables.assign((nibbles() ? 32 : 256) * layout_.code, 0.0f);
    const uint32_t words = model_.words(), width = model_.width();
    for (uint32_t j = 0; j < model_.pieces; ++j) {
      float* table = tables.tables.data() + size_t{j} * words;
      kernels::Distances(Dtype::kF32, Metric::kInnerProduct)
          .query_many(y.data() + size_t{j} * width, model_.word(j, 0), width * sizeof(float), words,
                      width, table);
      for (uint32_t c = 0; c < words; ++c) table[c] = -table[c];
    }
    if (nibbles()) return std::make_unique<NibbleQuery>(layout_, std::move(tables));
    return std::make_unique<ByteQuery>(layout_, std::move(tables));
  }

  size_t MemoryBytes() const override {
    return sizeof(*this) + model_.transform.MemoryBytes() +
           model_.codewords.capacity() * sizeof(float);
  }

 protected:
  void SerializeBody(std::string* out) const override {
    model_.transform.Serialize(out);
    base::PutVarint(*out, model_.pieces);
    base::PutVarint(*out, model_.bits);
    PutFloats(model_.codewords, out);
  }

 private:
  bool nibbles() const { return model_.bits == 4; }

  uint32_t NumberOf(const uint8_t* code, uint32_t piece) const {
    return nibbles() ? code[piece / 2] >> 4 * (piece % 2) & 15 : code[piece];
  }

  // Writes the code; returns the product of y with what it stands for.
  double EncodeOne(const std::vector<float>& y, uint8_t* code) const {
    const uint32_t width = model_.width(), words = model_.words();
    const auto distances = kernels::Distances(Dtype::kF32, Metric::kL2).query_many;
    float keys[256];
    std::fill_n(code, layout_.code, uint8_t{0});
    double product = 0;
    for (uint32_t j = 0; j < model_.pieces; ++j) {
      const float* piece = y.data() + size_t{j} * width;
      distances(piece, model_.word(j, 0), width * sizeof(float), words, width, keys);
      const auto nearest = static_cast<uint32_t>(std::min_element(keys, keys + words) - keys);
      const float* word = model_.word(j, nearest);
      for (uint32_t d = 0; d < width; ++d) product += double{piece[d]} * word[d];
      code[nibbles() ? j / 2 : j] |=
          static_cast<uint8_t>(nibbles() ? nearest << 4 * (j % 2) : nearest);
    }
    return product;
  }

  const ProductModel model_;
  const RowLayout layout_;
};

}  // namespace

std::unique_ptr<Codec> MakeProductCodec(ProductModel model) {
  return std::make_unique<ProductCodec>(std::move(model));
}

std::unique_ptr<Codec> DeserializeProductCodec(CodecKind kind, Metric metric, uint32_t dim,
                                               std::string_view& in) {
  ProductModel model;
  model.kind = kind;
  model.metric = metric;
  uint64_t pieces, bits;
  if (!Transform::Deserialize(in, dim, &model.transform) || model.transform.out() != dim ||
      !base::GetVarint(in, &pieces) || !base::GetVarint(in, &bits) ||
      !GetFloats(in, &model.codewords) || pieces < 1 || dim % pieces != 0 ||
      (bits != 4 && bits != 8) || model.codewords.size() != (size_t{dim} << bits)) {
    return nullptr;
  }
  model.pieces = static_cast<uint32_t>(pieces);
  model.bits = static_cast<uint32_t>(bits);
  return MakeProductCodec(std::move(model));
}

}  // namespace sagitta::codec
