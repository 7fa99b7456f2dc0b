#include "server/convert_value.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"

namespace sagitta::server {
namespace {

constexpr size_t kMaxKeyBytes = 256;

Status TooDeep(std::string_view field) {
  return Status::InvalidArgument(
      std::string(field),
      "nested deeper than " + std::to_string(kMaxPayloadDepth) + " levels of lists and objects");
}

int Depth(const Value& value) {
  int deepest = 0;
  if (const ValueList* list = value.AsList()) {
    for (const Value& child : *list) deepest = std::max(deepest, Depth(child));
    return deepest + 1;
  }
  if (const ValueObject* object = value.AsObject()) {
    for (const auto& [key, child] : *object) deepest = std::max(deepest, Depth(child));
    return deepest + 1;
  }
  return 0;
}

}  // namespace

std::string Indexed(std::string_view field, size_t index) {
  return std::string(field) + "[" + std::to_string(index) + "]";
}

std::string Joined(std::string_view prefix, std::string_view name) {
  if (prefix.empty()) return std::string(name);
  if (name.empty()) return std::string(prefix);
  return std::string(prefix).append(".").append(name);
}

Result<Value> FromProto(const v1::Value& in, std::string_view field, int depth) {
  switch (in.kind_case()) {
    case v1::Value::kNullValue:
      return Value();
    case v1::Value::kBoolValue:
      return Value(in.bool_value());
    case v1::Value::kInt64Value:
      return Value(static_cast<int64_t>(in.int64_value()));
    case v1::Value::kDoubleValue:
      if (!std::isfinite(in.double_value())) {
        return Status::InvalidArgument(std::string(field), "a double must be finite");
      }
      return Value(in.double_value());
    case v1::Value::kStringValue:
      return Value(in.string_value());
    case v1::Value::kListValue: {
      if (depth >= kMaxPayloadDepth) return TooDeep(field);
      ValueList list;
      list.reserve(in.list_value().values_size());
      for (int i = 0; i < in.list_value().values_size(); ++i) {
        SAGITTA_ASSIGN_OR_RETURN(
            auto child, FromProto(in.list_value().values(i), Indexed(field, i), depth + 1));
        list.push_back(std::move(child));
      }
      return Value(std::move(list));
    }
    case v1::Value::kObjectValue: {
      if (depth >= kMaxPayloadDepth) return TooDeep(field);
      SAGITTA_ASSIGN_OR_RETURN(auto object,
                               FromProto(in.object_value().entries(), field, depth + 1));
      return Value(std::move(object));
    }
    case v1::Value::KIND_NOT_SET:
      break;
  }
  return Status::InvalidArgument(std::string(field), "a value has no kind; null is null_value");
}

void ToProto(const Value& in, v1::Value* out) {
  switch (in.kind()) {
    case Value::Kind::kNull:
      out->set_null_value(v1::NULL_VALUE_NULL);
      return;
    case Value::Kind::kBool:
      out->set_bool_value(*in.AsBool());
      return;
    case Value::Kind::kInt64:
      out->set_int64_value(*in.AsInt64());
      return;
    case Value::Kind::kDouble:
      out->set_double_value(*in.AsDouble());
      return;
    case Value::Kind::kString:
      out->set_string_value(*in.AsString());
      return;
    case Value::Kind::kList: {
      auto* list = out->mutable_list_value();
      for (const Value& child : *in.AsList()) ToProto(child, list->add_values());
      return;
    }
    case Value::Kind::kObject:
      ToProto(*in.AsObject(), out->mutable_object_value()->mutable_entries());
      return;
  }
}

Result<Payload> FromProto(const ProtoPayload& in, std::string_view field, int depth) {
  Payload payload;
  for (const auto& [key, value] : in) {
    if (key.empty() || key.size() > kMaxKeyBytes) {
      return Status::InvalidArgument(std::string(field), "a key has " + std::to_string(key.size()) +
                                                             " bytes, allowed are 1–256");
    }
    // The path is built only where it may be needed: most values are plain and cannot be wrong.
    const bool plain =
        value.kind_case() != v1::Value::kListValue && value.kind_case() != v1::Value::kObjectValue;
    auto child = FromProto(value, plain ? std::string() : Joined(field, key), depth);
    if (!child.ok())
      return plain ? child.status().WithFieldPrefix(Joined(field, key)) : child.status();
    payload.emplace(key, std::move(child).value());
  }
  return payload;
}

void ToProto(const Payload& in, ProtoPayload* out) {
  for (const auto& [key, value] : in) ToProto(value, &(*out)[key]);
}

Result<Payload> PayloadFromJson(std::string_view json, std::string_view field) {
  auto value = Value::ParseJson(json);
  if (!value.ok()) {
    return Status::InvalidArgument(std::string(field), value.status().message());
  }
  if (Depth(*value) > kMaxPayloadDepth) return TooDeep(field);
  ValueObject* object = value->AsObject();
  if (object == nullptr) return Status::InvalidArgument(std::string(field), "is not a JSON object");
  return std::move(*object);
}

Result<PointId> FromProto(const v1::PointId& in, std::string_view field) {
  switch (in.kind_case()) {
    case v1::PointId::kU64:
      return PointId(static_cast<uint64_t>(in.u64()));
    case v1::PointId::kUuid: {
      Uuid uuid;
      if (in.uuid().size() != uuid.bytes.size()) {
        return Status::InvalidArgument(
            Joined(field, "uuid"),
            "has " + std::to_string(in.uuid().size()) + " bytes, a UUID has 16");
      }
      std::copy(in.uuid().begin(), in.uuid().end(), uuid.bytes.begin());
      return PointId(uuid);
    }
    case v1::PointId::kString: {
      PointId id(in.string());
      Status status = id.Validate();
      if (!status.ok()) return Status::InvalidArgument(Joined(field, "string"), status.message());
      return id;
    }
    case v1::PointId::KIND_NOT_SET:
      break;
  }
  return Status::InvalidArgument(std::string(field), "an id is needed: u64, uuid or string");
}

void ToProto(const PointId& in, v1::PointId* out) {
  if (const auto* number = std::get_if<uint64_t>(&in.value())) {
    out->set_u64(*number);
  } else if (const auto* uuid = std::get_if<Uuid>(&in.value())) {
    out->set_uuid(uuid->bytes.data(), uuid->bytes.size());
  } else {
    out->set_string(std::get<std::string>(in.value()));
  }
}

Result<std::vector<PointId>> FromProto(const google::protobuf::RepeatedPtrField<v1::PointId>& in,
                                       std::string_view field) {
  std::vector<PointId> ids;
  ids.reserve(in.size());
  for (int i = 0; i < in.size(); ++i) {
    auto id = FromProto(in[i], {});
    if (!id.ok()) {
      return Status::InvalidArgument(Joined(Indexed(field, i), id.status().field()),
                                     id.status().message());
    }
    ids.push_back(std::move(id).value());
  }
  return ids;
}

Result<Dtype> FromProto(v1::Dtype in, std::string_view field) {
  if (in >= v1::DTYPE_F32 && in <= v1::DTYPE_BITS) return static_cast<Dtype>(in);
  return Status::InvalidArgument(std::string(field),
                                 "dtype is " + std::to_string(static_cast<int>(in)) +
                                     ", allowed are F32 (1), F16 (2), BF16 (3), I8 (4), U8 (5), "
                                     "BITS (6)");
}

Result<VectorValue> FromProto(v1::Vector& in, std::string_view field) {
  SAGITTA_ASSIGN_OR_RETURN(Dtype dtype, FromProto(in.dtype(), Joined(field, "dtype")));
  if (in.data().empty() || in.data().size() % DtypeBytes(dtype) != 0) {
    return Status::InvalidArgument(Joined(field, "data"),
                                   "has " + std::to_string(in.data().size()) +
                                       " bytes, not a positive multiple of the dtype's " +
                                       std::to_string(DtypeBytes(dtype)));
  }
  VectorValue out(dtype, std::move(*in.mutable_data()));
  out.adapter = std::move(*in.mutable_adapter());
  return out;
}

void ToProto(VectorValue in, v1::Vector* out) {
  out->set_dtype(static_cast<v1::Dtype>(in.dtype));
  *out->mutable_data() = std::move(in.bytes);
}

Result<Point> FromProto(v1::Point& in, std::string_view field) {
  Point point;
  SAGITTA_ASSIGN_OR_RETURN(point.id, FromProto(in.id(), Joined(field, "id")));
  for (auto& [name, vector] : *in.mutable_vectors()) {
    auto value = FromProto(vector, {});
    if (!value.ok()) {
      return Status::InvalidArgument(
          Joined(Joined(Joined(field, "vectors"), name), value.status().field()),
          value.status().message());
    }
    point.vectors.emplace(name, std::move(value).value());
  }
  SAGITTA_ASSIGN_OR_RETURN(point.payload, FromProto(in.payload(), Joined(field, "payload")));
  if (in.expires_at_ms() < 0) {
    return Status::InvalidArgument(Joined(field, "expires_at_ms"),
                                   "is " + std::to_string(in.expires_at_ms()) +
                                       ", allowed are 0 (never) and Unix times in ms");
  }
  point.expires_at_ms = in.expires_at_ms();
  return point;
}

void ToProto(Point in, v1::Point* out) {
  ToProto(in.id, out->mutable_id());
  for (auto& [name, vector] : in.vectors)
    ToProto(std::move(vector), &(*out->mutable_vectors())[name]);
  ToProto(in.payload, out->mutable_payload());
  out->set_expires_at_ms(in.expires_at_ms);
  out->set_version(in.version);
}

}  // namespace sagitta::server
