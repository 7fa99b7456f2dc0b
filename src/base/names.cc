#include "base/names.h"

#include <array>
#include <utility>

namespace sagitta::base {

namespace {

template <typename E>
using Named = std::pair<E, std::string_view>;

constexpr std::array<Named<Dtype>, 6> kDtypes = {{{Dtype::kF32, "F32"},
                                                  {Dtype::kF16, "F16"},
                                                  {Dtype::kBf16, "BF16"},
                                                  {Dtype::kI8, "I8"},
                                                  {Dtype::kU8, "U8"},
                                                  {Dtype::kBits, "BITS"}}};

constexpr std::array<Named<Metric>, 6> kMetrics = {{{Metric::kL2, "L2"},
                                                    {Metric::kInnerProduct, "INNER_PRODUCT"},
                                                    {Metric::kCosine, "COSINE"},
                                                    {Metric::kL1, "L1"},
                                                    {Metric::kHamming, "HAMMING"},
                                                    {Metric::kJaccard, "JACCARD"}}};

constexpr std::array<Named<IndexKind>, 14> kIndexKinds = {
    {{IndexKind::kAuto, "AUTO"},
     {IndexKind::kFlat, "FLAT"},
     {IndexKind::kHnsw, "HNSW"},
     {IndexKind::kIvfFlat, "IVF_FLAT"},
     {IndexKind::kIvfPq, "IVF_PQ"},
     {IndexKind::kGraph, "GRAPH"},
     {IndexKind::kBinary, "BINARY"},
     {IndexKind::kSparse, "SPARSE"},
     {IndexKind::kMultiVector, "MULTI_VECTOR"},
     {IndexKind::kBinaryFlat, "BINARY_FLAT"},
     {IndexKind::kBinaryHnsw, "BINARY_HNSW"},
     {IndexKind::kBinaryIvf, "BINARY_IVF"},
     {IndexKind::kFlatCodes, "FLAT_CODES"},
     {IndexKind::kIvfCodes, "IVF_CODES"}}};

constexpr std::array<Named<CodecKind>, 11> kCodecKinds = {
    {{CodecKind::kF16, "F16"},
     {CodecKind::kBf16, "BF16"},
     {CodecKind::kScalar, "SQ"},
     {CodecKind::kRowScaled, "SQ_ROW"},
     {CodecKind::kSign, "SIGN"},
     {CodecKind::kRecurrent, "RECURRENT"},
     {CodecKind::kRotated, "RABITQ"},
     {CodecKind::kAllocated, "TRANSFORM"},
     {CodecKind::kProduct, "PQ"},
     {CodecKind::kRotatedProduct, "OPQ"},
     {CodecKind::kLearned, "LEARNED"}}};
constexpr std::array<Named<CodecTransform>, 6> kCodecTransforms = {
    {{CodecTransform::kUsual, "USUAL"},
     {CodecTransform::kNone, "NONE"},
     {CodecTransform::kRotation, "ROTATION"},
     {CodecTransform::kPca, "PCA"},
     {CodecTransform::kWhitening, "WHITENING"},
     {CodecTransform::kSparse, "SPARSE"}}};
constexpr std::array<Named<Residency>, 3> kResidencies = {
    {{Residency::kAuto, "AUTO"}, {Residency::kMemory, "MEMORY"}, {Residency::kDisk, "DISK"}}};

constexpr std::array<Named<PayloadIndexKind>, 7> kPayloadIndexKinds = {
    {{PayloadIndexKind::kKeyword, "KEYWORD"},
     {PayloadIndexKind::kInt64, "INT64"},
     {PayloadIndexKind::kDouble, "DOUBLE"},
     {PayloadIndexKind::kBool, "BOOL"},
     {PayloadIndexKind::kDatetime, "DATETIME"},
     {PayloadIndexKind::kGeo, "GEO"},
     {PayloadIndexKind::kText, "TEXT"}}};

constexpr std::array<Named<TextTokenizer>, 2> kTextTokenizers = {
    {{TextTokenizer::kWord, "WORD"}, {TextTokenizer::kWhitespace, "WHITESPACE"}}};

constexpr std::array<Named<SearchStrategy>, 6> kSearchStrategies = {
    {{SearchStrategy::kNone, "NONE"},
     {SearchStrategy::kExactScan, "EXACT_SCAN"},
     {SearchStrategy::kCodeScan, "CODE_SCAN"},
     {SearchStrategy::kWalk, "WALK"},
     {SearchStrategy::kTwoHopWalk, "TWO_HOP_WALK"},
     {SearchStrategy::kLists, "LISTS"}}};

template <typename E, size_t N>
std::string_view NameOf(const std::array<Named<E>, N>& names, E value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  return "UNKNOWN";
}

template <typename E, size_t N>
std::optional<E> ValueOf(const std::array<Named<E>, N>& names, std::string_view text) {
  for (const auto& [known, name] : names) {
    if (name == text) return known;
  }
  return {};
}

}  // namespace

std::string_view DtypeName(Dtype dtype) { return NameOf(kDtypes, dtype); }
std::string_view MetricName(Metric metric) { return NameOf(kMetrics, metric); }
std::string_view IndexKindName(IndexKind kind) { return NameOf(kIndexKinds, kind); }
std::string_view CodecKindName(CodecKind kind) { return NameOf(kCodecKinds, kind); }
std::string_view CodecTransformName(CodecTransform transform) {
  return NameOf(kCodecTransforms, transform);
}
std::string_view ResidencyName(Residency residency) { return NameOf(kResidencies, residency); }
std::string_view PayloadIndexKindName(PayloadIndexKind kind) {
  return NameOf(kPayloadIndexKinds, kind);
}
std::string_view SearchStrategyName(SearchStrategy strategy) {
  return NameOf(kSearchStrategies, strategy);
}

std::string_view TextTokenizerName(TextTokenizer tokenizer) {
  return NameOf(kTextTokenizers, tokenizer);
}

std::optional<Dtype> ParseDtype(std::string_view name) { return ValueOf(kDtypes, name); }
std::optional<Metric> ParseMetric(std::string_view name) { return ValueOf(kMetrics, name); }
std::optional<IndexKind> ParseIndexKind(std::string_view name) {
  return ValueOf(kIndexKinds, name);
}
std::optional<CodecKind> ParseCodecKind(std::string_view name) {
  return ValueOf(kCodecKinds, name);
}
std::optional<CodecTransform> ParseCodecTransform(std::string_view name) {
  return ValueOf(kCodecTransforms, name);
}
std::optional<Residency> ParseResidency(std::string_view name) {
  return ValueOf(kResidencies, name);
}
std::optional<PayloadIndexKind> ParsePayloadIndexKind(std::string_view name) {
  return ValueOf(kPayloadIndexKinds, name);
}
std::optional<TextTokenizer> ParseTextTokenizer(std::string_view name) {
  return ValueOf(kTextTokenizers, name);
}

}  // namespace sagitta::base
