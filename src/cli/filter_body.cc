#include "cli/filter_body.h"

#include "cli/json_text.h"
#include "cli/proto_json.h"

namespace sagitta::cli {
namespace {

using nlohmann::json;

Status Bad(const std::string& at, const std::string& message) {
  return Status::InvalidArgument(at, message);
}

// The number at `key`, which must be there.
Status Number(const json& body, const char* key, const std::string& at, double* out) {
  const auto found = body.find(key);
  const std::string where = at + "." + key;
  if (found == body.end()) return Bad(where, "is needed");
  if (!found->is_number()) return Bad(where, "a number is expected, not " + JsonKind(*found));
  *out = found->get<double>();
  return Status::Ok();
}

Status Point(const json& value, const std::string& at, v1::GeoPoint* out) {
  double lon = 0;
  double lat = 0;
  if (value.is_array() && value.size() == 2 && value[0].is_number() && value[1].is_number()) {
    lon = value[0].get<double>();
    lat = value[1].get<double>();
  } else if (value.is_object() && value.size() == 2) {
    SAGITTA_RETURN_IF_ERROR(Number(value, "lon", at, &lon));
    SAGITTA_RETURN_IF_ERROR(Number(value, "lat", at, &lat));
  } else {
    return Bad(at, R"(a place is expected: {"lon": 2.35, "lat": 48.86} or [2.35, 48.86])");
  }
  out->set_lon(lon);
  out->set_lat(lat);
  return Status::Ok();
}

Status Ring(const json& value, const std::string& at, v1::GeoRing* out) {
  if (!value.is_array()) return Bad(at, "a list of places is expected, not " + JsonKind(value));
  for (size_t i = 0; i < value.size(); ++i) {
    SAGITTA_RETURN_IF_ERROR(Point(value[i], at + "[" + std::to_string(i) + "]", out->add_points()));
  }
  return Status::Ok();
}

}  // namespace

Status CheckFilterBody(const json& body, const std::string& at, std::string_view allowed) {
  if (!body.is_object()) return Bad(at, "an object is expected, not " + JsonKind(body));
  for (const auto& [key, value] : body.items()) {
    const std::string framed = "," + key + ",";
    if (key != "path" && ("," + std::string(allowed) + ",").find(framed) == std::string::npos) {
      return Bad(at + "." + key, "unknown key; allowed are path," + std::string(allowed));
    }
  }
  if (!body.contains("path") || !body["path"].is_string()) {
    return Bad(at + ".path", "a string is needed");
  }
  return Status::Ok();
}

Status GeoRadiusFromJson(const json& body, const std::string& at, v1::GeoRadiusCondition* out) {
  SAGITTA_RETURN_IF_ERROR(CheckFilterBody(body, at, "center,radius_m"));
  if (!body.contains("center")) return Bad(at + ".center", "is needed");
  SAGITTA_RETURN_IF_ERROR(Point(body["center"], at + ".center", out->mutable_center()));
  double radius = 0;
  SAGITTA_RETURN_IF_ERROR(Number(body, "radius_m", at, &radius));
  out->set_path(body["path"].get<std::string>());
  out->set_radius_m(radius);
  return Status::Ok();
}

Status GeoBoxFromJson(const json& body, const std::string& at, v1::GeoBoxCondition* out) {
  SAGITTA_RETURN_IF_ERROR(CheckFilterBody(body, at, "west,south,east,north"));
  double west = 0, south = 0, east = 0, north = 0;
  SAGITTA_RETURN_IF_ERROR(Number(body, "west", at, &west));
  SAGITTA_RETURN_IF_ERROR(Number(body, "south", at, &south));
  SAGITTA_RETURN_IF_ERROR(Number(body, "east", at, &east));
  SAGITTA_RETURN_IF_ERROR(Number(body, "north", at, &north));
  out->set_path(body["path"].get<std::string>());
  out->set_west(west);
  out->set_south(south);
  out->set_east(east);
  out->set_north(north);
  return Status::Ok();
}

Status GeoPolygonFromJson(const json& body, const std::string& at, v1::GeoPolygonCondition* out) {
  SAGITTA_RETURN_IF_ERROR(CheckFilterBody(body, at, "exterior,interiors"));
  if (!body.contains("exterior")) return Bad(at + ".exterior", "is needed");
  SAGITTA_RETURN_IF_ERROR(Ring(body["exterior"], at + ".exterior", out->mutable_exterior()));
  out->set_path(body["path"].get<std::string>());
  if (!body.contains("interiors")) return Status::Ok();
  const json& interiors = body["interiors"];
  if (!interiors.is_array()) {
    return Bad(at + ".interiors", "a list of rings is expected, not " + JsonKind(interiors));
  }
  for (size_t i = 0; i < interiors.size(); ++i) {
    SAGITTA_RETURN_IF_ERROR(
        Ring(interiors[i], at + ".interiors[" + std::to_string(i) + "]", out->add_interiors()));
  }
  return Status::Ok();
}

Status MatchFromJson(const json& body, const std::string& at, v1::MatchCondition* out) {
  SAGITTA_RETURN_IF_ERROR(CheckFilterBody(body, at, "text,mode,tokens"));
  if (!body.contains("text") || !body["text"].is_string()) {
    return Bad(at + ".text", "a string is needed");
  }
  out->set_path(body["path"].get<std::string>());
  out->set_text(body["text"].get<std::string>());
  if (body.contains("mode")) {
    const json& mode = body["mode"];
    const auto number =
        ParseEnum(*v1::TextMatch_descriptor(), mode.is_string() ? mode.get<std::string>() : "");
    if (!number.ok()) return Bad(at + ".mode", "\"all\", \"any\" or \"phrase\" is expected");
    out->set_match(static_cast<v1::TextMatch>(*number));
  }
  if (!body.contains("tokens")) return Status::Ok();
  const Status tokens = JsonToProto(body["tokens"], out->mutable_tokens());
  if (tokens.ok()) return tokens;
  return Bad(at + ".tokens" + (tokens.field().empty() ? "" : "." + tokens.field()),
             tokens.message());
}

}  // namespace sagitta::cli
