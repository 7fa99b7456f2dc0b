// Between JSON as people write it and the wire's messages: ids, vectors, payloads, points.
// Thread-safe.
//
// An id in JSON is a whole number, or a string in the tool's id syntax ("17", "uuid:…", "str:…", or
// plain text). A vector is a list of numbers. Payload values keep int64 and double apart: 1 is
// int64, 1.0 is double.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "sagitta/point.h"
#include "sagitta/status.h"
#include "sagitta/v1/points.pb.h"
#include "sagitta/v1/types.pb.h"

namespace sagitta::cli {

void IdToWire(const PointId& id, v1::PointId* out);
Result<PointId> IdFromJson(const nlohmann::json& json);
// A number, "uuid:…", or the string (with "str:" where it would otherwise be read as another kind).
nlohmann::json IdToJson(const v1::PointId& id);
std::string IdText(const v1::PointId& id);

Status ValueFromJson(const nlohmann::json& json, v1::Value* out);
nlohmann::json ValueToJson(const v1::Value& value);
// `json` must be an object.
Status PayloadFromJson(const nlohmann::json& json,
                       google::protobuf::Map<std::string, v1::Value>* out);

// A list of 1–65,536 numbers in f32's range as F32, a string of hex as BITS, packed; else
// INVALID_ARGUMENT.
Status VectorFromJson(const nlohmann::json& json, v1::Vector* out);
nlohmann::json VectorToJson(const v1::Vector& vector);
void VectorToWire(VectorValue value, v1::Vector* out);

// {"id": …, "vector": […] | "vectors": {name: […]}, "payload": {…}, "ttl_ms": …, "expires_at_ms":
// …}. "version" is read over, so that exported points can be imported. `default_field` names the
// field of "vector". Where vectors are of another embedding model: "adapter": NAME@VERSION of
// "vector", "adapters": {name: NAME@VERSION} of "vectors".
Status PointFromJson(const nlohmann::json& json, const std::string& default_field,
                     v1::UpsertPoint* out);
nlohmann::json PointToJson(const v1::Point& point);

}  // namespace sagitta::cli
