#include "cli/wire_json.h"

#include <cmath>

#include "cli/hex.h"
#include "cli/json_text.h"

namespace sagitta::cli {
namespace {

using nlohmann::json;

constexpr size_t kMaxDim = 65'536;  // of BITS; the server knows the field
// The first double that rounds to a float infinity: 2^128 less half a unit of the largest float.
constexpr double kFloatOverflow = 0x1.ffffffp127;

Status Expected(std::string field, const std::string& what, const json& got) {
  return Status::InvalidArgument(std::move(field), what + " is expected, not " + JsonKind(got));
}

PointId IdOf(const v1::PointId& id) {
  switch (id.kind_case()) {
    case v1::PointId::kU64:
      return PointId(id.u64());
    case v1::PointId::kUuid: {
      Uuid uuid;
      if (id.uuid().size() == uuid.bytes.size()) {
        std::copy(id.uuid().begin(), id.uuid().end(), uuid.bytes.begin());
      }
      return PointId(uuid);
    }
    default:
      break;
  }
  return PointId(id.string());
}

Status Int64FromJson(const json& value, const std::string& field, int64_t* out) {
  if (!value.is_number_integer() ||
      (value.is_number_unsigned() && value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX))) {
    return Expected(field, "a whole number of milliseconds", value);
  }
  *out = value.get<int64_t>();
  return Status::Ok();
}

Status TextFromJson(const json& value, const std::string& key, std::string* out) {
  if (!value.is_string()) return Expected(key, "a string", value);
  *out = value.get<std::string>();
  return Status::Ok();
}

Status VectorsFromJson(const json& value, v1::Point* out) {
  if (!value.is_object()) return Expected("vectors", "an object of vectors by field name", value);
  for (const auto& [name, vector] : value.items()) {
    SAGITTA_RETURN_IF_ERROR(VectorFromJson(vector, &(*out->mutable_vectors())[name])
                                .WithFieldPrefix("vectors." + name));
  }
  return Status::Ok();
}

Status BitsFromHex(const std::string& text, v1::Vector* out) {
  auto bytes = FromHex(text);
  if (!bytes || bytes->empty()) {
    return Status::InvalidArgument(
        "", "is a string, but no packed bits in hex (two digits a byte, \"0f80\")");
  }
  VectorToWire(VectorValue(Dtype::kBits, std::move(*bytes)), out);
  return Status::Ok();
}

}  // namespace

void IdToWire(const PointId& id, v1::PointId* out) {
  if (const auto* number = std::get_if<uint64_t>(&id.value())) {
    out->set_u64(*number);
  } else if (const auto* uuid = std::get_if<Uuid>(&id.value())) {
    out->set_uuid(std::string(uuid->bytes.begin(), uuid->bytes.end()));
  } else {
    out->set_string(std::get<std::string>(id.value()));
  }
}

Result<PointId> IdFromJson(const json& value) {
  if (value.is_number_unsigned()) return PointId(value.get<uint64_t>());
  if (!value.is_string()) return Expected("id", "a whole number from 0 or a string", value);
  auto id = PointId::Parse(value.get_ref<const std::string&>());
  if (!id.ok()) return Status::InvalidArgument("id", id.status().message());
  return id;
}

json IdToJson(const v1::PointId& id) {
  if (id.kind_case() == v1::PointId::kU64) return id.u64();
  if (id.kind_case() == v1::PointId::kString) {
    const auto parsed = PointId::Parse(id.string());
    if (parsed.ok() && *parsed == PointId(id.string())) return id.string();
  }
  return IdOf(id).ToString();
}

std::string IdText(const v1::PointId& id) {
  const json value = IdToJson(id);
  return value.is_string() ? value.get<std::string>() : DumpJson(value);
}

Status ValueFromJson(const json& value, v1::Value* out) {
  switch (value.type()) {
    case json::value_t::null:
      out->set_null_value(v1::NULL_VALUE_NULL);
      break;
    case json::value_t::boolean:
      out->set_bool_value(value.get<bool>());
      break;
    case json::value_t::number_integer:
      out->set_int64_value(value.get<int64_t>());
      break;
    case json::value_t::number_unsigned:
      if (value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
        return Status::InvalidArgument("", DumpJson(value) + " is beyond int64");
      }
      out->set_int64_value(value.get<int64_t>());
      break;
    case json::value_t::number_float:
      out->set_double_value(value.get<double>());
      break;
    case json::value_t::string:
      out->set_string_value(value.get<std::string>());
      break;
    case json::value_t::array:
      out->mutable_list_value();
      for (const json& item : value) {
        SAGITTA_RETURN_IF_ERROR(ValueFromJson(item, out->mutable_list_value()->add_values()));
      }
      break;
    case json::value_t::object:
      return PayloadFromJson(value, out->mutable_object_value()->mutable_entries());
    default:
      return Expected("", "a JSON value", value);
  }
  return Status::Ok();
}

json ValueToJson(const v1::Value& value) {
  switch (value.kind_case()) {
    case v1::Value::kBoolValue:
      return value.bool_value();
    case v1::Value::kInt64Value:
      return value.int64_value();
    case v1::Value::kDoubleValue:
      return value.double_value();
    case v1::Value::kStringValue:
      return value.string_value();
    case v1::Value::kListValue: {
      json list = json::array();
      for (const auto& item : value.list_value().values()) list.push_back(ValueToJson(item));
      return list;
    }
    case v1::Value::kObjectValue: {
      json object = json::object();
      for (const auto& [key, item] : value.object_value().entries()) {
        object[key] = ValueToJson(item);
      }
      return object;
    }
    default:
      break;
  }
  return nullptr;
}

Status PayloadFromJson(const json& value, google::protobuf::Map<std::string, v1::Value>* out) {
  if (!value.is_object()) return Expected("payload", "a JSON object", value);
  for (const auto& [key, item] : value.items()) {
    SAGITTA_RETURN_IF_ERROR(ValueFromJson(item, &(*out)[key]));
  }
  return Status::Ok();
}

Status VectorFromJson(const json& value, v1::Vector* out) {
  if (value.is_string()) return BitsFromHex(value.get_ref<const std::string&>(), out);
  if (!value.is_array()) return Expected("", "a list of numbers, or packed bits in hex,", value);
  if (value.empty() || value.size() > kMaxDim) {
    return Status::InvalidArgument(
        "", "has " + std::to_string(value.size()) + " elements, allowed are 1 to 65536");
  }
  std::vector<float> floats;
  floats.reserve(value.size());
  for (const json& element : value) {
    const std::string at = "[" + std::to_string(floats.size()) + "]";
    if (!element.is_number()) return Expected(at, "a number", element);
    const double number = element.get<double>();
    if (!(std::abs(number) < kFloatOverflow)) {
      return Status::InvalidArgument(at, DumpJson(element) + " is beyond a 32-bit float");
    }
    floats.push_back(static_cast<float>(number));
  }
  VectorToWire(VectorValue(floats), out);
  return Status::Ok();
}

json VectorToJson(const v1::Vector& vector) {
  const bool integers = vector.dtype() == v1::DTYPE_I8 || vector.dtype() == v1::DTYPE_U8;
  if (!v1::Dtype_IsValid(vector.dtype()) || vector.dtype() == v1::DTYPE_UNSPECIFIED) return nullptr;
  if (vector.dtype() == v1::DTYPE_BITS) return ToHex(vector.data());
  json list = json::array();
  const VectorValue value(static_cast<Dtype>(vector.dtype()), vector.data());
  for (const float element : value.ToFloats()) {
    if (integers) {
      list.push_back(static_cast<int64_t>(element));
    } else {
      list.push_back(ShortDouble(element));
    }
  }
  return list;
}

void VectorToWire(VectorValue value, v1::Vector* out) {
  out->set_dtype(static_cast<v1::Dtype>(value.dtype));
  out->set_data(std::move(value.bytes));
}

Status PointFromJson(const json& value, const std::string& default_field, v1::UpsertPoint* out) {
  if (!value.is_object()) return Expected("", "an object with id and vector or vectors", value);
  v1::Point* point = out->mutable_point();
  std::map<std::string, std::string> adapters;
  for (const auto& [key, item] : value.items()) {
    if (key == "id") {
      SAGITTA_ASSIGN_OR_RETURN(const PointId id, IdFromJson(item));
      IdToWire(id, point->mutable_id());
    } else if (key == "vector") {
      SAGITTA_RETURN_IF_ERROR(VectorFromJson(item, &(*point->mutable_vectors())[default_field])
                                  .WithFieldPrefix("vector"));
    } else if (key == "vectors") {
      SAGITTA_RETURN_IF_ERROR(VectorsFromJson(item, point));
    } else if (key == "adapter") {
      SAGITTA_RETURN_IF_ERROR(TextFromJson(item, key, &adapters[default_field]));
    } else if (key == "adapters") {
      if (!item.is_object()) return Expected(key, "an object of models by field name", item);
      for (const auto& [name, model] : item.items()) {
        SAGITTA_RETURN_IF_ERROR(TextFromJson(model, "adapters." + name, &adapters[name]));
      }
    } else if (key == "payload") {
      SAGITTA_RETURN_IF_ERROR(PayloadFromJson(item, point->mutable_payload()));
    } else if (key == "ttl_ms" || key == "expires_at_ms") {
      int64_t ms = 0;
      SAGITTA_RETURN_IF_ERROR(Int64FromJson(item, key, &ms));
      key == "ttl_ms" ? out->set_ttl_ms(ms) : point->set_expires_at_ms(ms);
    } else if (key != "version") {
      return Status::InvalidArgument(
          key,
          "unknown key; allowed are id, vector, vectors, adapter, adapters, payload, ttl_ms, "
          "expires_at_ms");
    }
  }
  for (auto& [name, model] : adapters) {
    const auto vector = point->mutable_vectors()->find(name);
    if (vector == point->mutable_vectors()->end()) {
      return Status::InvalidArgument("adapter", "is given for '" + name + "', which has no vector");
    }
    vector->second.set_adapter(model);
  }
  if (!point->has_id()) return Status::InvalidArgument("id", "is missing");
  if (point->vectors().empty()) {
    return Status::InvalidArgument("vectors", "neither vector nor vectors is given");
  }
  return Status::Ok();
}

json PointToJson(const v1::Point& point) {
  json out = {{"id", IdToJson(point.id())}, {"version", point.version()}};
  for (const auto& [name, vector] : point.vectors()) out["vectors"][name] = VectorToJson(vector);
  for (const auto& [key, value] : point.payload()) out["payload"][key] = ValueToJson(value);
  if (point.expires_at_ms() != 0) out["expires_at_ms"] = point.expires_at_ms();
  return out;
}

}  // namespace sagitta::cli
