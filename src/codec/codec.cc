#include "codec/codec.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/float_codec.h"
#include "codec/grid_codec.h"
#include "codec/learned_codec.h"
#include "codec/product_codec.h"

namespace sagitta::codec {
namespace {

constexpr uint32_t kMostDim = 65'536;
constexpr uint32_t kMostWidth = 8'192;  // of a sparse projection

constexpr std::array<std::string_view, 12> kNames = {
    "",          "f16",     "bf16",      "scalar",  "row-scaled",      "sign",
    "recurrent", "rotated", "allocated", "product", "rotated-product", "learned"};

bool IsKind(CodecKind kind) { return kind >= CodecKind::kF16 && kind <= CodecKind::kLearned; }
bool IsFloat(CodecKind kind) { return kind == CodecKind::kF16 || kind == CodecKind::kBf16; }
bool IsProduct(CodecKind kind) {
  return kind == CodecKind::kProduct || kind == CodecKind::kRotatedProduct;
}
bool IsMetric(Metric metric) {
  return metric == Metric::kL2 || metric == Metric::kInnerProduct || metric == Metric::kCosine;
}

Status CheckBits(const CodecSpec& spec) {
  const bool recurrent = spec.kind == CodecKind::kRecurrent;
  if (!recurrent && spec.kind != CodecKind::kScalar && spec.kind != CodecKind::kRotated) {
    return Status();
  }
  const uint32_t most = recurrent ? 4 : 8;
  if (spec.bits >= 1 && spec.bits <= most) return Status();
  return Status::InvalidArgument("bits", "is " + std::to_string(spec.bits) + "; a " +
                                             std::string(CodecName(spec.kind)) +
                                             " codec takes 1 to " + std::to_string(most));
}

// Transforms are for codecs of one grid; that of kRecurrent has to keep codes comparable.
Status CheckTransform(const CodecSpec& spec, uint32_t dim) {
  if (spec.transform < CodecTransform::kUsual || spec.transform > CodecTransform::kSparse) {
    return Status::InvalidArgument(
        "transform", std::to_string(static_cast<int>(spec.transform)) + " is no transform");
  }
  const bool takes = spec.kind == CodecKind::kScalar || spec.kind == CodecKind::kRowScaled ||
                     spec.kind == CodecKind::kSign || spec.kind == CodecKind::kRotated;
  if (!takes && spec.transform != CodecTransform::kUsual) {
    return Status::InvalidArgument("transform",
                                   "a " + std::string(CodecName(spec.kind)) + " codec has its own");
  }
  if (spec.kind == CodecKind::kRowScaled && spec.transform == CodecTransform::kWhitening) {
    return Status::InvalidArgument("transform", "rows are scaled as a whole, elements are not");
  }
  if (spec.width == 0) return Status();
  const bool sparse = spec.transform == CodecTransform::kSparse;
  const bool pca =
      spec.transform == CodecTransform::kPca || spec.transform == CodecTransform::kWhitening;
  const uint32_t least = sparse ? 8 : 1;
  const uint32_t most = sparse ? kMostWidth : pca ? dim : 0;
  if (spec.width >= least && spec.width <= most) return Status();
  return Status::InvalidArgument(
      "width", "is " + std::to_string(spec.width) +
                   (most == 0 ? "; only principal components and sparse projections take one"
                              : "; " + std::to_string(least) + " to " + std::to_string(most) +
                                    " are allowed"));
}

Status CheckProduct(const CodecSpec& spec, uint32_t dim) {
  if (spec.bits != 4 && spec.bits != 8) {
    return Status::InvalidArgument("bits",
                                   "is " + std::to_string(spec.bits) + "; products take 4 or 8");
  }
  if (spec.pieces >= 1 && dim % spec.pieces == 0) return Status();
  return Status::InvalidArgument("pieces", "is " + std::to_string(spec.pieces) +
                                               "; it has to divide the dimension, " +
                                               std::to_string(dim));
}

Status CheckSpec(const CodecSpec& spec, size_t n, uint32_t dim) {
  if (!IsKind(spec.kind)) {
    return Status::InvalidArgument(
        "kind", std::to_string(static_cast<int>(spec.kind)) + " is no kind of codec");
  }
  if (spec.kind == CodecKind::kLearned) {
    return Status::InvalidArgument("kind", "a learned codec is the result of its own training");
  }
  if (!IsMetric(spec.metric)) {
    return Status::InvalidArgument("metric", "codecs serve L2, INNER_PRODUCT and COSINE");
  }
  if (dim < 1 || dim > kMostDim) {
    return Status::InvalidArgument(
        "dim", "is " + std::to_string(dim) + "; 1 to " + std::to_string(kMostDim) + " are allowed");
  }
  if (n < 1 && !IsFloat(spec.kind)) {
    return Status::InvalidArgument("sample", "has no rows to train on");
  }
  SAGITTA_RETURN_IF_ERROR(CheckTransform(spec, dim));
  if (IsProduct(spec.kind)) return CheckProduct(spec, dim);
  return CheckBits(spec);
}

std::unique_ptr<Codec> ReadBody(CodecKind kind, Metric metric, uint32_t dim, CodecFormat format,
                                std::string_view& in) {
  if (kind == CodecKind::kLearned) return DeserializeLearnedCodec(metric, dim, format, in);
  if (!IsFloat(kind) && !IsProduct(kind)) {
    return DeserializeGridCodec(kind, metric, dim, format, in);
  }
  if (format != CodecFormat::kFirst) return nullptr;
  if (IsFloat(kind)) return MakeFloatCodec(kind, metric, dim);
  return DeserializeProductCodec(kind, metric, dim, in);
}

}  // namespace

std::string_view CodecName(CodecKind kind) {
  return IsKind(kind) ? kNames[static_cast<size_t>(kind)] : "unknown";
}

void Codec::Store(const uint8_t* codes, size_t n, uint8_t* stored) const {
  std::copy_n(codes, n * code_bytes(), stored);
}

std::unique_ptr<CodecQuery> Codec::PrepareCode(const uint8_t* code) const {
  std::vector<float> query(dim());
  Decode(code, 1, query.data());
  return Prepare(query.data());
}

// Byte for byte: format, kind, metric (a byte each), dim (varint), the kind's own, CRC32C of all.
std::string Codec::Serialize() const {
  std::string out;
  out.push_back(static_cast<char>(format()));
  out.push_back(static_cast<char>(kind()));
  out.push_back(static_cast<char>(metric()));
  base::PutVarint(out, dim());
  SerializeBody(&out);
  base::PutLe(out, base::Crc32c(out));
  return out;
}

Result<std::unique_ptr<Codec>> Codec::Deserialize(std::string_view bytes) {
  const Status damaged = Status::DataLoss("the bytes of a codec are damaged");
  uint8_t format_byte, kind_byte, metric_byte;
  uint32_t checksum;
  if (bytes.size() < sizeof checksum) return damaged;
  std::string_view tail = bytes.substr(bytes.size() - sizeof checksum);
  std::string_view in = bytes.substr(0, bytes.size() - sizeof checksum);
  base::GetLe(tail, &checksum);
  if (base::Crc32c(in) != checksum || !base::GetLe(in, &format_byte)) return damaged;
  const auto format = static_cast<CodecFormat>(format_byte);
  if (format != CodecFormat::kFirst && format != CodecFormat::kPlanes) {
    return Status::DataLoss("a codec of format " + std::to_string(format_byte) +
                            " cannot be read; this version reads formats 1 and 2");
  }
  uint64_t dim;
  if (!base::GetLe(in, &kind_byte) || !base::GetLe(in, &metric_byte) ||
      !base::GetVarint(in, &dim) || dim < 1 || dim > kMostDim) {
    return damaged;
  }
  const auto kind = static_cast<CodecKind>(kind_byte);
  const auto metric = static_cast<Metric>(metric_byte);
  if (!IsKind(kind) || !IsMetric(metric)) return damaged;
  std::unique_ptr<Codec> codec = ReadBody(kind, metric, static_cast<uint32_t>(dim), format, in);
  if (codec == nullptr || !in.empty()) return damaged;
  return codec;
}

Result<std::unique_ptr<Codec>> TrainCodec(const CodecSpec& spec, const float* rows, size_t n,
                                          uint32_t dim, const CancelToken& cancel) {
  SAGITTA_RETURN_IF_ERROR(CheckSpec(spec, n, dim));
  if (IsFloat(spec.kind)) return MakeFloatCodec(spec.kind, spec.metric, dim);
  if (IsProduct(spec.kind)) {
    SAGITTA_ASSIGN_OR_RETURN(ProductModel model, TrainProduct(spec, rows, n, dim, cancel));
    return MakeProductCodec(std::move(model));
  }
  SAGITTA_ASSIGN_OR_RETURN(GridModel model, TrainGrid(spec, rows, n, dim, cancel));
  return MakeGridCodec(std::move(model));
}

}  // namespace sagitta::codec
