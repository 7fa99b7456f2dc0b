// The body of one condition in a filter's JSON: its keys, and the conditions that are all body.
// Thread-safe. Errors: INVALID_ARGUMENT naming the place, `at` or below it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "sagitta/status.h"
#include "sagitta/v1/types.pb.h"

namespace sagitta::cli {

// `body` must be an object with "path", a string, and keys of `allowed` (comma-separated) only.
Status CheckFilterBody(const nlohmann::json& body, const std::string& at, std::string_view allowed);

Status GeoRadiusFromJson(const nlohmann::json& body, const std::string& at,
                         v1::GeoRadiusCondition* out);
Status GeoBoxFromJson(const nlohmann::json& body, const std::string& at, v1::GeoBoxCondition* out);
Status GeoPolygonFromJson(const nlohmann::json& body, const std::string& at,
                          v1::GeoPolygonCondition* out);
Status MatchFromJson(const nlohmann::json& body, const std::string& at, v1::MatchCondition* out);

}  // namespace sagitta::cli
