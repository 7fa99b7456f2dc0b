#include "codec/float_codec.h"

#include <vector>

#include "codec/row_scan.h"
#include "kernels/kernels.h"

namespace sagitta::codec {
namespace {

class FloatQuery : public CodecQuery {
 public:
  FloatQuery(const float* query, Dtype dtype, Metric metric, uint32_t dim)
      : query_(query, query + dim), table_(kernels::Distances(dtype, metric)) {}
  void Keys(const uint8_t* codes, size_t n, float* keys) const override {
    table_.query_many(query_.data(), codes, 2 * query_.size(), n, query_.size(), keys);
  }
  std::unique_ptr<CodecScan> Find(size_t k, CodecFormat) const override {
    return std::make_unique<RowScan>(*this, 2 * query_.size(), k);
  }

 private:
  const std::vector<float> query_;
  const kernels::DistanceTable& table_;
};

class FloatCodec : public Codec {
 public:
  FloatCodec(CodecKind kind, Metric metric, uint32_t dim)
      : kind_(kind), metric_(metric), dim_(dim) {}

  CodecKind kind() const override { return kind_; }
  Metric metric() const override { return metric_; }
  uint32_t dim() const override { return dim_; }
  size_t code_bytes() const override { return 2 * size_t{dim_}; }
  void Encode(const float* rows, size_t n, uint8_t* codes) const override {
    kernels::FromFloat(dtype())(rows, codes, n * dim_);
  }
  void Decode(const uint8_t* codes, size_t n, float* rows) const override {
    kernels::ToFloat(dtype())(codes, rows, n * dim_);
  }
  std::unique_ptr<CodecQuery> Prepare(const float* query) const override {
    return std::make_unique<FloatQuery>(query, dtype(), metric_, dim_);
  }
  size_t MemoryBytes() const override { return sizeof(*this); }

 protected:
  void SerializeBody(std::string*) const override {}

 private:
  Dtype dtype() const { return kind_ == CodecKind::kF16 ? Dtype::kF16 : Dtype::kBf16; }

  const CodecKind kind_;
  const Metric metric_;
  const uint32_t dim_;
};

}  // namespace

std::unique_ptr<Codec> MakeFloatCodec(CodecKind kind, Metric metric, uint32_t dim) {
  return std::make_unique<FloatCodec>(kind, metric, dim);
}

}  // namespace sagitta::codec
