#include "cli/proto_json.h"

#include <google/protobuf/descriptor.h>

#include <cctype>
#include <limits>

#include "cli/json_text.h"

namespace sagitta::cli {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using nlohmann::json;

// "INDEX_KIND_" of IndexKind.
std::string EnumPrefix(const EnumDescriptor& type) {
  std::string prefix;
  for (const char c : type.name()) {
    if (std::isupper(static_cast<unsigned char>(c)) && !prefix.empty()) prefix += '_';
    prefix += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return prefix + "_";
}

// Of one value: element `index` of a repeated field, or the field itself when it is −1.
json FieldToJson(const Message& m, const FieldDescriptor* f, int index) {
  const Reflection& r = *m.GetReflection();
#define SAGITTA_GET(Type) (index < 0 ? r.Get##Type(m, f) : r.GetRepeated##Type(m, f, index))
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return SAGITTA_GET(Int32);
    case FieldDescriptor::CPPTYPE_INT64:
      return SAGITTA_GET(Int64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return SAGITTA_GET(UInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return SAGITTA_GET(UInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return SAGITTA_GET(Double);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return ShortDouble(SAGITTA_GET(Float));
    case FieldDescriptor::CPPTYPE_BOOL:
      return SAGITTA_GET(Bool);
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumName(*f->enum_type(), SAGITTA_GET(EnumValue));
    case FieldDescriptor::CPPTYPE_STRING:
      return SAGITTA_GET(String);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ProtoToJson(SAGITTA_GET(Message));
  }
#undef SAGITTA_GET
  return nullptr;
}

Status Wrong(const FieldDescriptor* f, const std::string& expected, const json& got) {
  return Status::InvalidArgument(f->name(), expected + " is expected, not " + JsonKind(got));
}

Result<uint64_t> Unsigned(const json& value, const FieldDescriptor* f, uint64_t max) {
  if (!value.is_number_unsigned() || value.get<uint64_t>() > max) {
    return Wrong(f, "a whole number from 0 to " + std::to_string(max), value);
  }
  return value.get<uint64_t>();
}

Status SetNumber(const json& value, const FieldDescriptor* f, Message* out) {
  const Reflection& r = *out->GetReflection();
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32: {
      SAGITTA_ASSIGN_OR_RETURN(const uint64_t number,
                               Unsigned(value, f, std::numeric_limits<uint32_t>::max()));
      r.SetUInt32(out, f, static_cast<uint32_t>(number));
      break;
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      SAGITTA_ASSIGN_OR_RETURN(const uint64_t number, Unsigned(value, f, UINT64_MAX));
      r.SetUInt64(out, f, number);
      break;
    }
    case FieldDescriptor::CPPTYPE_INT64:
      if (!value.is_number_integer()) return Wrong(f, "a whole number", value);
      r.SetInt64(out, f, value.get<int64_t>());
      break;
    case FieldDescriptor::CPPTYPE_FLOAT:
      if (!value.is_number()) return Wrong(f, "a number", value);
      r.SetFloat(out, f, static_cast<float>(value.get<double>()));
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      if (!value.is_number()) return Wrong(f, "a number", value);
      r.SetDouble(out, f, value.get<double>());
      break;
    default:
      return Wrong(f, "another kind", value);
  }
  return Status::Ok();
}

Status SetSingular(const json& value, const FieldDescriptor* f, Message* out) {
  const Reflection& r = *out->GetReflection();
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (!value.is_string()) return Wrong(f, "a string", value);
      r.SetString(out, f, value.get<std::string>());
      return Status::Ok();
    case FieldDescriptor::CPPTYPE_BOOL:
      if (!value.is_boolean()) return Wrong(f, "true or false", value);
      r.SetBool(out, f, value.get<bool>());
      return Status::Ok();
    case FieldDescriptor::CPPTYPE_ENUM: {
      if (!value.is_string()) return Wrong(f, "a name", value);
      // As ProtoToJson writes what is not set.
      if (value.get<std::string>() == EnumName(*f->enum_type(), 0)) return Status::Ok();
      auto number = ParseEnum(*f->enum_type(), value.get<std::string>());
      if (!number.ok()) return Status::InvalidArgument(f->name(), number.status().message());
      r.SetEnumValue(out, f, *number);
      return Status::Ok();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return JsonToProto(value, r.MutableMessage(out, f)).WithFieldPrefix(f->name() + ".");
    default:
      return SetNumber(value, f, out);
  }
}

// Of messages and strings: all that schemas repeat.
Status SetRepeated(const json& value, const FieldDescriptor* f, Message* out) {
  const Reflection& r = *out->GetReflection();
  if (!value.is_array()) return Wrong(f, "a list", value);
  for (size_t i = 0; i < value.size(); ++i) {
    const std::string at = f->name() + "[" + std::to_string(i) + "]";
    if (f->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      SAGITTA_RETURN_IF_ERROR(
          JsonToProto(value[i], r.AddMessage(out, f)).WithFieldPrefix(at + "."));
    } else if (f->cpp_type() == FieldDescriptor::CPPTYPE_STRING && value[i].is_string()) {
      r.AddString(out, f, value[i].get<std::string>());
    } else {
      return Status::InvalidArgument(at, "a string is expected, not " + JsonKind(value[i]));
    }
  }
  return Status::Ok();
}

}  // namespace

std::string EnumName(const EnumDescriptor& type, int number) {
  const auto* value = type.FindValueByNumber(number);
  if (value == nullptr) return std::to_string(number);
  const std::string prefix = EnumPrefix(type);
  return value->name().starts_with(prefix) ? value->name().substr(prefix.size()) : value->name();
}

Result<int> ParseEnum(const EnumDescriptor& type, const std::string& name) {
  std::string upper;
  for (const char c : name) {
    upper += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  std::string allowed;
  for (int i = 0; i < type.value_count(); ++i) {
    const auto& value = *type.value(i);
    const std::string short_name = EnumName(type, value.number());
    if (value.number() == 0) continue;  // *_UNSPECIFIED
    if (upper == value.name() || upper == short_name) return value.number();
    allowed += (allowed.empty() ? "" : ", ") + short_name;
  }
  return Status::InvalidArgument("", "'" + name + "' is unknown; allowed are " + allowed);
}

json ProtoToJson(const Message& message) {
  json out = json::object();
  const Reflection& r = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* f = message.GetDescriptor()->field(i);
    if (f->is_repeated()) {
      json list = json::array();
      for (int k = 0; k < r.FieldSize(message, f); ++k) list.push_back(FieldToJson(message, f, k));
      out[f->name()] = std::move(list);
    } else if (!f->has_presence() || r.HasField(message, f)) {
      out[f->name()] = FieldToJson(message, f, -1);
    }
  }
  return out;
}

Status JsonToProto(const json& value, Message* out) {
  if (!value.is_object()) {
    return Status::InvalidArgument("", "an object is expected, not " + JsonKind(value));
  }
  for (const auto& [key, item] : value.items()) {
    const FieldDescriptor* f = out->GetDescriptor()->FindFieldByName(key);
    if (f == nullptr) {
      std::string allowed;
      for (int i = 0; i < out->GetDescriptor()->field_count(); ++i) {
        allowed += (i == 0 ? "" : ", ") + out->GetDescriptor()->field(i)->name();
      }
      return Status::InvalidArgument(key, "unknown key; allowed are " + allowed);
    }
    SAGITTA_RETURN_IF_ERROR(f->is_repeated() ? SetRepeated(item, f, out)
                                             : SetSingular(item, f, out));
  }
  return Status::Ok();
}

}  // namespace sagitta::cli
