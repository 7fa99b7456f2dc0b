// Messages of plain numbers, strings, enums and messages (schemas, statistics, jobs) as JSON.
// Thread-safe.
//
// Keys are the wire's field names; 64-bit numbers are JSON numbers; an enum is its name without the
// type's prefix ("HNSW" for INDEX_KIND_HNSW).
#pragma once

#include <google/protobuf/message.h>

#include <nlohmann/json.hpp>

#include "sagitta/status.h"

namespace sagitta::cli {

// Every field of the message, defaults too; absent sub-messages and optional fields are left out.
nlohmann::json ProtoToJson(const google::protobuf::Message& message);

// INVALID_ARGUMENT naming the path of an unknown key or of a value of the wrong kind. Enum names
// may be short or whole, in any case.
Status JsonToProto(const nlohmann::json& json, google::protobuf::Message* out);

// Number of `name` in `type`, short or whole, any case, '-' for '_'; INVALID_ARGUMENT listing the
// names.
Result<int> ParseEnum(const google::protobuf::EnumDescriptor& type, const std::string& name);
std::string EnumName(const google::protobuf::EnumDescriptor& type, int number);

}  // namespace sagitta::cli
