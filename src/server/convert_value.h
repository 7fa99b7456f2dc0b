// Wire ↔ engine: ids, vectors, payload values, points. Pure, thread-safe.
//
// FromProto takes hostile input: every refusal is INVALID_ARGUMENT whose field is the path below
// the message given ("payload.a[3]"); callers put their own prefix before it. It may move bytes out
// of a message that is passed by non-const reference.
#pragma once

#include <span>
#include <string>

#include "sagitta/point.h"
#include "sagitta/status.h"
#include "sagitta/v1/types.pb.h"
#include "sagitta/value.h"

namespace sagitta::server {

// Levels of lists and objects in a payload, the payload itself among them.
inline constexpr int kMaxPayloadDepth = 32;

Result<Value> FromProto(const v1::Value& in, std::string_view field, int depth = 1);
void ToProto(const Value& in, v1::Value* out);

using ProtoPayload = google::protobuf::Map<std::string, v1::Value>;
Result<Payload> FromProto(const ProtoPayload& in, std::string_view field, int depth = 1);
void ToProto(const Payload& in, ProtoPayload* out);
// A JSON object. INVALID_ARGUMENT when it is not one, or nested too deep.
Result<Payload> PayloadFromJson(std::string_view json, std::string_view field);

Result<PointId> FromProto(const v1::PointId& in, std::string_view field);
void ToProto(const PointId& in, v1::PointId* out);
Result<std::vector<PointId>> FromProto(const google::protobuf::RepeatedPtrField<v1::PointId>& in,
                                       std::string_view field);

// UNSPECIFIED and unknown values are refused.
Result<Dtype> FromProto(v1::Dtype in, std::string_view field);
// Takes the bytes out of `in`. Checks the dtype and that the bytes are whole elements; the
// collection checks the rest.
Result<VectorValue> FromProto(v1::Vector& in, std::string_view field);
void ToProto(VectorValue in, v1::Vector* out);

Result<Point> FromProto(v1::Point& in, std::string_view field);
void ToProto(Point in, v1::Point* out);

// "field[i]"
std::string Indexed(std::string_view field, size_t index);
// "prefix.name", or just one of them where the other is empty.
std::string Joined(std::string_view prefix, std::string_view name);

}  // namespace sagitta::server
