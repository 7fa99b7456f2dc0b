// Filters as JSON, the syntax of --filter. Thread-safe.
//
// A filter is an object with one key:
//   {"and": [F, …]}  {"or": [F, …]}  {"not": F}
//   {"eq": {"path": "label", "value": 3}}            bool, whole number, number or string
//   {"in": {"path": "label", "values": [1, 2]}}      {"not_in": {…}}
//   {"range": {"path": "price", "gte": 1, "lt": 5.5}}        any of gt, gte, and any of lt, lte
//   {"datetime": {"path": "at", "gte": "2026-11-24"}}        RFC 3339 text, or ms since the epoch
//   {"exists": "path"}  {"is_null": "path"}  {"is_empty": "path"}
//   {"ids": [1, "uuid:…", "abc"]}
//   {"geo_radius": {"path": "at", "center": {"lon": 2.35, "lat": 48.86}, "radius_m": 500}}
//   {"geo_box": {"path": "at", "west": 170, "south": -20, "east": -170, "north": -10}}
//   {"geo_polygon": {"path": "at", "exterior": [[0, 0], [9, 0], [9, 9]], "interiors": [[…], …]}}
//   {"match": {"path": "title", "text": "red shoes", "mode": "phrase"}}      all (default), any,
//   phrase
//   {"nested": {"path": "reviews", "filter": F}}                     one object of a list satisfies
//   F
// where a place is {"lon": …, "lat": …} or, as in GeoJSON, [lon, lat].
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "sagitta/status.h"
#include "sagitta/v1/types.pb.h"

namespace sagitta::cli {

// INVALID_ARGUMENT naming the place ("filter.and[1].range.gte"), what is there and what is allowed;
// also for filters over 32 deep or 1,024 nodes.
Status FilterFromJson(const nlohmann::json& json, v1::Filter* out);

// Of a command line: JSON, or "@FILE".
Status FilterFromArgument(const std::string& argument, v1::Filter* out);

}  // namespace sagitta::cli
