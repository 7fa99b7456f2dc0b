// The names of the public enums, as the schema's JSON form, error messages and statistics spell
// them. Thread-safe, pure. DO NOT CHANGE THE NAMES: they are stored.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "sagitta/point.h"
#include "sagitta/query.h"
#include "sagitta/schema.h"

namespace sagitta::base {

// "F32", "INNER_PRODUCT", "IVF_PQ", "KEYWORD"; "UNKNOWN" for a value outside the enum.
std::string_view DtypeName(Dtype dtype);
std::string_view MetricName(Metric metric);
std::string_view IndexKindName(IndexKind kind);
std::string_view CodecKindName(CodecKind kind);
std::string_view CodecTransformName(CodecTransform transform);
std::string_view ResidencyName(Residency residency);
std::string_view PayloadIndexKindName(PayloadIndexKind kind);
std::string_view SearchStrategyName(SearchStrategy strategy);
std::string_view TextTokenizerName(TextTokenizer tokenizer);

// None for any other text.
std::optional<Dtype> ParseDtype(std::string_view name);
std::optional<Metric> ParseMetric(std::string_view name);
std::optional<IndexKind> ParseIndexKind(std::string_view name);
std::optional<CodecKind> ParseCodecKind(std::string_view name);
std::optional<CodecTransform> ParseCodecTransform(std::string_view name);
std::optional<Residency> ParseResidency(std::string_view name);
std::optional<PayloadIndexKind> ParsePayloadIndexKind(std::string_view name);
std::optional<TextTokenizer> ParseTextTokenizer(std::string_view name);

// What TextParams::stemmer may be, "none" first.
std::span<const std::string_view> StemmerNames();

}  // namespace sagitta::base
