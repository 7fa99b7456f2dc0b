#include "sagitta/schema.h"

#include <algorithm>
#include <set>

#include "base/bytes.h"
#include "base/names.h"
#include "sagitta/model.h"

namespace sagitta {

namespace {

constexpr uint32_t kMaxShards = 64;
constexpr size_t kMaxFields = 32;
constexpr size_t kMaxIndexes = 64;
constexpr uint32_t kMaxDim = 8192;
constexpr uint32_t kMaxBits = 65536;
constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxPathBytes = 1024;
constexpr size_t kMaxKeyBytes = 256;
constexpr size_t kMaxPathKeys = 32;  // as of a filter's path

Status CheckRange(const std::string& field, uint64_t value, uint64_t low, uint64_t high) {
  if (value >= low && value <= high) return Status::Ok();
  return Status::InvalidArgument(field, "is " + std::to_string(value) + "; " + std::to_string(low) +
                                            " to " + std::to_string(high) + " are allowed");
}

// For settings where 0 stands for a default.
Status CheckRangeOrZero(const std::string& field, uint64_t value, uint64_t low, uint64_t high) {
  if (value == 0) return Status::Ok();
  return CheckRange(field, value, low, high);
}

Status CheckFloat(const std::string& field, float value, float low, float high) {
  if (value >= low && value <= high) return Status::Ok();  // false for NaN
  return Status::InvalidArgument(field, "is " + Value(double{value}).ToJson() + "; " +
                                            Value(double{low}).ToJson() + " to " +
                                            Value(double{high}).ToJson() + " are allowed");
}

const char* const kFloatKinds =
    "AUTO, FLAT, HNSW, IVF_FLAT, IVF_PQ, GRAPH, FLAT_CODES and IVF_CODES";

Status CheckKind(const std::string& field, IndexKind kind, Dtype storage) {
  const bool bits = storage == Dtype::kBits;
  const std::string allowed = bits ? "AUTO, BINARY_FLAT, BINARY_HNSW and BINARY_IVF" : kFloatKinds;
  const std::string name(base::IndexKindName(kind));
  switch (kind) {
    case IndexKind::kAuto:
      return Status::Ok();
    case IndexKind::kFlat:
    case IndexKind::kHnsw:
    case IndexKind::kIvfFlat:
    case IndexKind::kIvfPq:
    case IndexKind::kGraph:
    case IndexKind::kFlatCodes:
    case IndexKind::kIvfCodes:
    case IndexKind::kBinaryFlat:
    case IndexKind::kBinaryHnsw:
    case IndexKind::kBinaryIvf:
      if (IsBinary(kind) == bits) return Status::Ok();
      return Status::InvalidArgument(field, name + " is no index for vectors of " +
                                                std::string(base::DtypeName(storage)) + "; " +
                                                allowed + " are");
    case IndexKind::kBinary:
    case IndexKind::kSparse:
    case IndexKind::kMultiVector:
      return Status::InvalidArgument(field, name + " is not there yet; " + allowed + " are");
  }
  return Status::InvalidArgument(field, std::to_string(static_cast<int>(kind)) +
                                            " is no index kind; " + allowed + " are allowed");
}

Status CheckGraph(const std::string& at, const GraphParams& graph) {
  SAGITTA_RETURN_IF_ERROR(CheckRange(at + ".degree", graph.degree, 8, 128));
  SAGITTA_RETURN_IF_ERROR(CheckRange(at + ".build_width", graph.build_width, 16, 4096));
  SAGITTA_RETURN_IF_ERROR(CheckFloat(at + ".alpha", graph.alpha, 1, 2));
  if (graph.code_bits != 1 && graph.code_bits != 4 && graph.code_bits != 8) {
    return Status::InvalidArgument(
        at + ".code_bits", "is " + std::to_string(graph.code_bits) + "; 1, 4 and 8 are allowed");
  }
  SAGITTA_RETURN_IF_ERROR(CheckRangeOrZero(at + ".ef_search", graph.ef_search, 1, 10000));
  return CheckFloat(at + ".oversampling", graph.oversampling, 1, 100);
}

// The most bits of a codec that takes a number of them, else 0.
uint32_t MostBits(CodecKind kind) {
  switch (kind) {
    case CodecKind::kScalar:
    case CodecKind::kRotated:
    case CodecKind::kProduct:
    case CodecKind::kRotatedProduct:
      return 8;
    case CodecKind::kRecurrent:
      return 4;
    default:
      return 0;
  }
}

Status CheckCodecBits(const std::string& at, const CodecParams& codec) {
  const uint32_t most = MostBits(codec.kind);
  if (codec.bits == 0) return Status::Ok();
  const std::string is = "is " + std::to_string(codec.bits) + "; ";
  const std::string name(base::CodecKindName(codec.kind));
  if (most == 0) return Status::InvalidArgument(at, is + name + " takes none, 0");
  const bool product =
      codec.kind == CodecKind::kProduct || codec.kind == CodecKind::kRotatedProduct;
  if (product ? codec.bits == 4 || codec.bits == 8 : codec.bits <= most) return Status::Ok();
  return Status::InvalidArgument(
      at, is + name + " takes " + (product ? "4 or 8" : "1 to " + std::to_string(most)));
}

Status CheckTransform(const std::string& at, const CodecParams& codec, uint32_t coded) {
  constexpr uint32_t kLeastSparse = 8, kMostSparse = 8192;
  const std::string name(base::CodecTransformName(codec.transform));
  if (name == "UNKNOWN") {
    return Status::InvalidArgument(at + ".transform",
                                   std::to_string(static_cast<int>(codec.transform)) +
                                       " is no transform of a codec");
  }
  const bool takes = codec.kind == CodecKind::kScalar || codec.kind == CodecKind::kRowScaled ||
                     codec.kind == CodecKind::kSign || codec.kind == CodecKind::kRotated;
  const bool whitened_row = codec.kind == CodecKind::kRowScaled &&
                            codec.transform == CodecTransform::kWhitening;
  if (codec.transform != CodecTransform::kUsual && (!takes || whitened_row)) {
    return Status::InvalidArgument(
        at + ".transform",
        "is " + name + "; " + std::string(base::CodecKindName(codec.kind)) +
            (takes ? " takes any but WHITENING" : " takes USUAL alone"));
  }
  switch (codec.transform) {
    case CodecTransform::kPca:
    case CodecTransform::kWhitening:
      return CheckRangeOrZero(at + ".width", codec.width, 1, coded);
    case CodecTransform::kSparse:
      return CheckRangeOrZero(at + ".width", codec.width, kLeastSparse, kMostSparse);
    default:
      if (codec.width == 0) return Status::Ok();
      return Status::InvalidArgument(at + ".width", "is " + std::to_string(codec.width) +
                                                        "; PCA, WHITENING and SPARSE take one");
  }
}

Status CheckCodec(const std::string& at, const CodecParams& codec, uint32_t dim) {
  constexpr uint32_t kMostBytesForElement = 1;
  constexpr uint32_t kMostTrailer = 6;
  if (base::CodecKindName(codec.kind) == "UNKNOWN") {
    return Status::InvalidArgument(
        at + ".kind", std::to_string(static_cast<int>(codec.kind)) + " is no kind of codec");
  }
  SAGITTA_RETURN_IF_ERROR(CheckCodecBits(at + ".bits", codec));
  SAGITTA_RETURN_IF_ERROR(CheckRangeOrZero(at + ".dims", codec.dims, 1, dim));
  const uint32_t coded = codec.dims == 0 ? dim : codec.dims;
  if (codec.pieces != 0 && coded % codec.pieces != 0) {
    return Status::InvalidArgument(at + ".pieces", "is " + std::to_string(codec.pieces) +
                                                       ", which does not divide the " +
                                                       std::to_string(coded) + " coded elements");
  }
  SAGITTA_RETURN_IF_ERROR(CheckTransform(at, codec, coded));
  SAGITTA_RETURN_IF_ERROR(CheckRangeOrZero(at + ".bytes", codec.bytes, kMostTrailer + 1,
                                           kMostBytesForElement * coded + kMostTrailer));
  SAGITTA_RETURN_IF_ERROR(CheckFloat(at + ".near_duplicates", codec.near_duplicates, 0, 1));
  SAGITTA_RETURN_IF_ERROR(CheckFloat(at + ".oversampling", codec.oversampling, 1, 100));
  if (codec.kind == CodecKind::kLearned)
    return ModelRef::Parse(at + ".model", codec.model).status();
  if (codec.model.empty()) return Status::Ok();
  return Status::InvalidArgument(at + ".model", "is given, but the kind is " +
                                                    std::string(base::CodecKindName(codec.kind)) +
                                                    "; it is for LEARNED");
}

Status CheckIndex(const std::string& at, const IndexParams& index, const VectorField& of) {
  SAGITTA_RETURN_IF_ERROR(CheckKind(at + ".kind", index.kind, of.storage));
  SAGITTA_RETURN_IF_ERROR(CheckRange(at + ".hnsw.m", index.hnsw.m, 2, 128));
  SAGITTA_RETURN_IF_ERROR(
      CheckRange(at + ".hnsw.ef_construction", index.hnsw.ef_construction, 4, 4096));
  SAGITTA_RETURN_IF_ERROR(CheckRange(at + ".hnsw.ef_search", index.hnsw.ef_search, 1, 10000));
  SAGITTA_RETURN_IF_ERROR(CheckRangeOrZero(at + ".ivf.nlist", index.ivf.nlist, 1, 65536));
  SAGITTA_RETURN_IF_ERROR(CheckRangeOrZero(at + ".ivf.nprobe", index.ivf.nprobe, 1, 65536));
  if (index.pq.m != 0 && of.dim % index.pq.m != 0) {
    return Status::InvalidArgument(at + ".pq.m", "is " + std::to_string(index.pq.m) +
                                                     ", which does not divide dim " +
                                                     std::to_string(of.dim));
  }
  SAGITTA_RETURN_IF_ERROR(CheckRange(at + ".pq.nbits", index.pq.nbits, 4, 8));
  SAGITTA_RETURN_IF_ERROR(CheckFloat(at + ".pq.oversampling", index.pq.oversampling, 1, 100));
  SAGITTA_RETURN_IF_ERROR(CheckGraph(at + ".graph", index.graph));
  if (base::ResidencyName(index.residency) == "UNKNOWN") {
    return Status::InvalidArgument(at + ".residency",
                                   "is " + std::to_string(static_cast<int>(index.residency)) +
                                       ", allowed are AUTO (1), MEMORY (2), DISK (3)");
  }
  return CheckCodec(at + ".codec", index.codec, of.dim);
}

// Metrics of bits and of numbers do not mix.
Status CheckMetric(const std::string& at, const VectorField& field) {
  const bool bits = field.storage == Dtype::kBits;
  if (IsBinary(field.metric) == bits) return Status::Ok();
  return Status::InvalidArgument(
      at + ".metric",
      std::string(base::MetricName(field.metric)) + " does not compare vectors of " +
          std::string(base::DtypeName(field.storage)) + "; " +
          (bits ? "HAMMING and JACCARD do" : "L2, INNER_PRODUCT, COSINE and L1 do"));
}

Status CheckField(const std::string& at, const VectorField& field) {
  SAGITTA_RETURN_IF_ERROR(ValidateName(at + ".name", field.name));
  const uint32_t max_dim = field.storage == Dtype::kBits ? kMaxBits : kMaxDim;
  SAGITTA_RETURN_IF_ERROR(CheckRange(at + ".dim", field.dim, 1, max_dim));
  if (base::MetricName(field.metric) == "UNKNOWN") {
    return Status::InvalidArgument(at + ".metric",
                                   std::to_string(static_cast<int>(field.metric)) +
                                       " is no metric; L2, INNER_PRODUCT, COSINE, L1, HAMMING "
                                       "and JACCARD are");
  }
  if (base::DtypeName(field.storage) == "UNKNOWN") {
    return Status::InvalidArgument(at + ".storage",
                                   std::to_string(static_cast<int>(field.storage)) +
                                       " is no dtype; F32, F16, BF16, I8, U8 and BITS are");
  }
  SAGITTA_RETURN_IF_ERROR(CheckMetric(at, field));
  if (field.metric == Metric::kCosine &&
      (field.storage == Dtype::kI8 || field.storage == Dtype::kU8)) {
    // Rows are stored normalised: as integers their elements would all be -1, 0 or 1.
    return Status::InvalidArgument(at + ".storage",
                                   std::string(base::DtypeName(field.storage)) +
                                       " cannot hold the normalised vectors of COSINE; F32, F16 "
                                       "and BF16 can");
  }
  const IndexKind kind = field.index.kind;
  if (field.metric == Metric::kL1 &&
      (kind == IndexKind::kFlatCodes || kind == IndexKind::kIvfCodes)) {
    return Status::InvalidArgument(
        at + ".index.kind", std::string(base::IndexKindName(kind)) + " is not for the metric L1");
  }
  return CheckIndex(at + ".index", field.index, field);
}

Status CheckPayloadIndex(const std::string& at, const PayloadIndex& index) {
  const std::string_view path = index.path;
  if (path.empty() || path.size() > kMaxPathBytes) {
    return Status::InvalidArgument(
        at + ".path", "has " + std::to_string(path.size()) + " bytes; 1 to 1024 are allowed");
  }
  if (!base::IsValidUtf8(path)) return Status::InvalidArgument(at + ".path", "is not UTF-8");
  const size_t keys = 1 + static_cast<size_t>(std::count(path.begin(), path.end(), '.'));
  if (keys > kMaxPathKeys) {
    return Status::InvalidArgument(at + ".path",
                                   "has " + std::to_string(keys) + " keys; at most 32 are allowed");
  }
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('.', begin), path.size());
    if (end == begin || end - begin > kMaxKeyBytes) {
      return Status::InvalidArgument(at + ".path", "'" + index.path + "' has a key of " +
                                                       std::to_string(end - begin) +
                                                       " bytes; 1 to 256 are allowed");
    }
    begin = end + 1;
  }
  if (base::PayloadIndexKindName(index.kind) == "UNKNOWN") {
    return Status::InvalidArgument(
        at + ".kind",
        std::to_string(static_cast<int>(index.kind)) +
            " is no payload index kind; KEYWORD, INT64, DOUBLE, BOOL, DATETIME, GEO and TEXT are");
  }
  if (index.kind != PayloadIndexKind::kText) {
    if (index.text == TextParams()) return Status::Ok();
    return Status::InvalidArgument(
        at + ".text", "is given, but the kind is " +
                          std::string(base::PayloadIndexKindName(index.kind)) + "; it is for TEXT");
  }
  const Status text = index.text.Validate();
  return text.ok() ? text : Status::InvalidArgument(at + ".text." + text.field(), text.message());
}

Status CheckCompaction(const CompactionSettings& settings) {
  SAGITTA_RETURN_IF_ERROR(
      CheckRangeOrZero("compaction.seal_rows", settings.seal_rows, 64, 4194304));
  return CheckFloat("compaction.deleted_ratio", settings.deleted_ratio, 0, 1);
}

std::string Indexed(const char* list, size_t i) {
  return std::string(list) + "[" + std::to_string(i) + "]";
}

}  // namespace

Status ValidateName(std::string_view field, std::string_view name) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  bool valid = !name.empty() && name.size() <= kMaxNameBytes && alphanumeric(name.front());
  for (const char c : name) valid = valid && (alphanumeric(c) || c == '_' || c == '-');
  if (valid) return Status::Ok();
  // As JSON, so that whatever was sent can be shown on one line.
  return Status::InvalidArgument(std::string(field),
                                 Value(name.substr(0, kMaxNameBytes + 1)).ToJson() +
                                     " is no name; [a-z0-9][a-z0-9_-]{0,63} is allowed");
}

const VectorField* CollectionSchema::FindField(std::string_view field_name) const {
  for (const VectorField& field : fields) {
    if (field.name == field_name) return &field;
  }
  return nullptr;
}

Status CollectionSchema::Validate() const {
  SAGITTA_RETURN_IF_ERROR(ValidateName("name", name));
  SAGITTA_RETURN_IF_ERROR(CheckRange("shards", shards, 1, kMaxShards));
  if (fields.empty() || fields.size() > kMaxFields) {
    return Status::InvalidArgument(
        "fields", std::to_string(fields.size()) + " vector fields; 1 to 32 are allowed");
  }
  std::set<std::string_view> names;
  for (size_t i = 0; i < fields.size(); ++i) {
    SAGITTA_RETURN_IF_ERROR(CheckField(Indexed("fields", i), fields[i]));
    if (!names.insert(fields[i].name).second) {
      return Status::InvalidArgument(Indexed("fields", i) + ".name",
                                     "'" + fields[i].name + "' is there twice");
    }
  }
  if (indexes.size() > kMaxIndexes) {
    return Status::InvalidArgument(
        "indexes", std::to_string(indexes.size()) + " payload indexes; at most 64 are allowed");
  }
  std::set<std::string_view> paths;
  for (size_t i = 0; i < indexes.size(); ++i) {
    SAGITTA_RETURN_IF_ERROR(CheckPayloadIndex(Indexed("indexes", i), indexes[i]));
    if (!paths.insert(indexes[i].path).second) {
      return Status::InvalidArgument(Indexed("indexes", i) + ".path",
                                     "'" + indexes[i].path + "' is there twice");
    }
  }
  return CheckCompaction(compaction);
}

}  // namespace sagitta
