// Wire ↔ engine: filters and selections. Pure, thread-safe. See convert_value.h for hostile input.
#pragma once

#include <optional>

#include "sagitta/filter.h"
#include "sagitta/query.h"
#include "sagitta/status.h"
#include "sagitta/v1/types.pb.h"

namespace sagitta::server {

inline constexpr int kMaxFilterDepth = 32;
inline constexpr int kMaxFilterNodes = 1024;

// Shape only (depth, nodes, conditions that are there); Filter::Validate, which the engine calls,
// does the rest.
Result<Filter> FromProto(const v1::Filter& in, std::string_view field);
Result<TextParams> FromProto(const v1::TextParams& in, std::string_view field);
void ToProto(const TextParams& in, v1::TextParams* out);
void ToProto(const Filter& in, v1::Filter* out);

// A field path of Filter::Validate ("filter.and[2].not.in") as the wire spells it
// ("filter.all_of[2].…").
std::string WireFilterPath(std::string_view path);

Select FromProto(const v1::Select& in);

}  // namespace sagitta::server
