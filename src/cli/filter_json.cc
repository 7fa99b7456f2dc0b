#include "cli/filter_json.h"

#include "cli/filter_body.h"
#include "cli/json_text.h"
#include "cli/wire_json.h"

namespace sagitta::cli {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 32;
constexpr int kMaxNodes = 1024;
constexpr size_t kMaxValues = 65'536;

class FilterParser {
 public:
  Status Parse(const json& node, const std::string& at, int depth, v1::Filter* out);

 private:
  Status Children(const json& list, const std::string& at, int depth, v1::FilterList* out);
  Status Equals(const json& body, const std::string& at, v1::EqualsCondition* out);
  Status Values(const json& body, const std::string& at, v1::ValueListCondition* out);
  Status Range(const json& body, const std::string& at, v1::RangeCondition* out);
  Status Datetime(const json& body, const std::string& at, v1::DatetimeRangeCondition* out);
  Status Ids(const json& list, const std::string& at, v1::IdListCondition* out);
  Status Nested(const json& body, const std::string& at, int depth, v1::NestedCondition* out);

  int nodes_ = 0;
};

Status Bad(const std::string& at, const std::string& message) {
  return Status::InvalidArgument(at, message);
}

Status Scalar(const json& value, const std::string& at, v1::Value* out) {
  if (value.is_null() || value.is_array() || value.is_object()) {
    return Bad(at, "a bool, number or string is expected, not " + JsonKind(value));
  }
  const Status status = ValueFromJson(value, out);
  return status.ok() ? status : Bad(at, status.message());
}

Status PathOnly(const json& body, const std::string& at, v1::PathCondition* out) {
  if (body.is_string()) {
    out->set_path(body.get<std::string>());
    return Status::Ok();
  }
  SAGITTA_RETURN_IF_ERROR(CheckFilterBody(body, at, ""));
  out->set_path(body["path"].get<std::string>());
  return Status::Ok();
}

// Calls set(value, at, exclusive, lower) for each bound of `body`.
template <typename Set>
Status EachBound(const json& body, const std::string& at, Set set) {
  SAGITTA_RETURN_IF_ERROR(CheckFilterBody(body, at, "gt,gte,lt,lte"));
  int lower = 0, upper = 0;
  for (const auto& [key, value] : body.items()) {
    if (key == "path") continue;
    const bool is_lower = key[0] == 'g';
    ++(is_lower ? lower : upper);
    SAGITTA_RETURN_IF_ERROR(set(value, at + "." + key, key.size() == 2, is_lower));
  }
  if (lower > 1 || upper > 1) return Bad(at, "at most one of gt, gte and one of lt, lte");
  if (lower + upper == 0) return Bad(at, "at least one of gt, gte, lt, lte is needed");
  return Status::Ok();
}

Status FilterParser::Children(const json& list, const std::string& at, int depth,
                              v1::FilterList* out) {
  if (!list.is_array()) return Bad(at, "a list of filters is expected, not " + JsonKind(list));
  for (size_t i = 0; i < list.size(); ++i) {
    SAGITTA_RETURN_IF_ERROR(
        Parse(list[i], at + "[" + std::to_string(i) + "]", depth + 1, out->add_filters()));
  }
  return Status::Ok();
}

Status FilterParser::Equals(const json& body, const std::string& at, v1::EqualsCondition* out) {
  SAGITTA_RETURN_IF_ERROR(CheckFilterBody(body, at, "value"));
  if (!body.contains("value")) return Bad(at + ".value", "is needed");
  out->set_path(body["path"].get<std::string>());
  return Scalar(body["value"], at + ".value", out->mutable_value());
}

Status FilterParser::Values(const json& body, const std::string& at, v1::ValueListCondition* out) {
  SAGITTA_RETURN_IF_ERROR(CheckFilterBody(body, at, "values"));
  if (!body.contains("values") || !body["values"].is_array() || body["values"].empty() ||
      body["values"].size() > kMaxValues) {
    return Bad(at + ".values", "a list of 1 to 65536 values is needed");
  }
  out->set_path(body["path"].get<std::string>());
  for (size_t i = 0; i < body["values"].size(); ++i) {
    SAGITTA_RETURN_IF_ERROR(
        Scalar(body["values"][i], at + ".values[" + std::to_string(i) + "]", out->add_values()));
  }
  return Status::Ok();
}

Status FilterParser::Range(const json& body, const std::string& at, v1::RangeCondition* out) {
  SAGITTA_RETURN_IF_ERROR(EachBound(
      body, at, [&](const json& value, const std::string& where, bool exclusive, bool lower) {
        v1::Bound* bound = lower ? out->mutable_lower() : out->mutable_upper();
        bound->set_exclusive(exclusive);
        if (!value.is_number()) {
          return Bad(where, "a number is expected, not " + JsonKind(value));
        }
        v1::Value number;
        const Status status = ValueFromJson(value, &number);
        if (!status.ok()) return Bad(where, status.message());
        if (value.is_number_float()) {
          bound->set_double_value(number.double_value());
        } else {
          bound->set_int64_value(number.int64_value());
        }
        return Status::Ok();
      }));
  out->set_path(body["path"].get<std::string>());
  return Status::Ok();
}

Status FilterParser::Datetime(const json& body, const std::string& at,
                              v1::DatetimeRangeCondition* out) {
  SAGITTA_RETURN_IF_ERROR(EachBound(
      body, at, [&](const json& value, const std::string& where, bool exclusive, bool lower) {
        v1::DatetimeBound* bound = lower ? out->mutable_lower() : out->mutable_upper();
        bound->set_exclusive(exclusive);
        if (value.is_string()) {
          bound->set_rfc3339(value.get<std::string>());
          return Status::Ok();
        }
        v1::Value number;
        if (!value.is_number_integer() || !ValueFromJson(value, &number).ok()) {
          return Bad(where, "RFC 3339 text or whole ms since the epoch is expected, not " +
                                JsonKind(value));
        }
        bound->set_unix_ms(number.int64_value());
        return Status::Ok();
      }));
  out->set_path(body["path"].get<std::string>());
  return Status::Ok();
}

Status FilterParser::Ids(const json& list, const std::string& at, v1::IdListCondition* out) {
  if (!list.is_array() || list.empty() || list.size() > kMaxValues) {
    return Bad(at, "a list of 1 to 65536 ids is needed");
  }
  for (const json& item : list) {
    auto id = IdFromJson(item);
    if (!id.ok()) {
      return Bad(at + "[" + std::to_string(out->ids_size()) + "]", id.status().message());
    }
    IdToWire(*id, out->add_ids());
  }
  return Status::Ok();
}

Status FilterParser::Nested(const json& body, const std::string& at, int depth,
                            v1::NestedCondition* out) {
  SAGITTA_RETURN_IF_ERROR(CheckFilterBody(body, at, "filter"));
  if (!body.contains("filter")) return Bad(at + ".filter", "is needed");
  out->set_path(body["path"].get<std::string>());
  return Parse(body["filter"], at + ".filter", depth + 1, out->mutable_filter());
}

Status FilterParser::Parse(const json& node, const std::string& at, int depth, v1::Filter* out) {
  if (depth > kMaxDepth) return Bad(at, "filter deeper than the allowed 32 levels");
  if (++nodes_ > kMaxNodes) return Bad(at, "filter of more than the allowed 1024 nodes");
  if (!node.is_object() || node.size() != 1) {
    return Bad(at, "an object with exactly one condition is expected, not " +
                       (node.is_object() ? "one with " + std::to_string(node.size()) + " keys"
                                         : JsonKind(node)));
  }
  const std::string op = node.begin().key();
  const json& body = node.begin().value();
  const std::string here = at + "." + op;
  if (op == "and") return Children(body, here, depth, out->mutable_all_of());
  if (op == "or") return Children(body, here, depth, out->mutable_any_of());
  if (op == "not") return Parse(body, here, depth + 1, out->mutable_negate());
  if (op == "eq") return Equals(body, here, out->mutable_equals());
  if (op == "in") return Values(body, here, out->mutable_is_in());
  if (op == "not_in") return Values(body, here, out->mutable_not_in());
  if (op == "range") return Range(body, here, out->mutable_range());
  if (op == "datetime") return Datetime(body, here, out->mutable_datetime_range());
  if (op == "exists") return PathOnly(body, here, out->mutable_exists());
  if (op == "is_null") return PathOnly(body, here, out->mutable_is_null());
  if (op == "is_empty") return PathOnly(body, here, out->mutable_is_empty());
  if (op == "ids") return Ids(body, here, out->mutable_id_in());
  if (op == "match") return MatchFromJson(body, here, out->mutable_match());
  if (op == "nested") return Nested(body, here, depth, out->mutable_nested());
  if (op == "geo_radius") return GeoRadiusFromJson(body, here, out->mutable_geo_radius());
  if (op == "geo_box") return GeoBoxFromJson(body, here, out->mutable_geo_box());
  if (op == "geo_polygon") return GeoPolygonFromJson(body, here, out->mutable_geo_polygon());
  return Bad(here,
             "unknown condition; allowed are and, or, not, eq, in, not_in, range, datetime, "
             "exists, is_null, is_empty, ids, geo_radius, geo_box, geo_polygon, match, nested");
}

}  // namespace

Status FilterFromJson(const json& value, v1::Filter* out) {
  out->Clear();
  return FilterParser().Parse(value, "filter", 1, out);
}

Status FilterFromArgument(const std::string& argument, v1::Filter* out) {
  SAGITTA_ASSIGN_OR_RETURN(const json value, ParseJsonArgument(argument, "--filter"));
  return FilterFromJson(value, out);
}

}  // namespace sagitta::cli
