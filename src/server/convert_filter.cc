#include "server/convert_filter.h"

#include <array>
#include <cmath>

#include "server/convert_value.h"

namespace sagitta::server {
namespace {

struct Budget {
  int nodes = kMaxFilterNodes;
};

Result<Filter> Convert(const v1::Filter& in, const std::string& field, int depth, Budget& budget);

Result<std::vector<Filter>> ConvertList(const v1::FilterList& in, const std::string& field,
                                        int depth, Budget& budget) {
  std::vector<Filter> children;
  for (int i = 0; i < in.filters_size(); ++i) {
    SAGITTA_ASSIGN_OR_RETURN(auto child,
                             Convert(in.filters(i), Indexed(field, i), depth + 1, budget));
    children.push_back(std::move(child));
  }
  return children;
}

Result<std::vector<Value>> ConvertValues(const v1::ValueListCondition& in,
                                         const std::string& field) {
  std::vector<Value> values;
  values.reserve(in.values_size());
  for (int i = 0; i < in.values_size(); ++i) {
    auto value = FromProto(in.values(i), {});
    if (!value.ok()) {
      return Status::InvalidArgument(Indexed(field + ".values", i), value.status().message());
    }
    values.push_back(std::move(value).value());
  }
  return values;
}

Result<Filter::Bound> ConvertBound(const v1::Bound& in, const std::string& field) {
  switch (in.value_case()) {
    case v1::Bound::kInt64Value:
      return Filter::Bound{Value(static_cast<int64_t>(in.int64_value())), !in.exclusive()};
    case v1::Bound::kDoubleValue:
      if (std::isnan(in.double_value())) {
        return Status::InvalidArgument(field, "is NaN; a bound is a number");
      }
      return Filter::Bound{Value(in.double_value()), !in.exclusive()};
    case v1::Bound::VALUE_NOT_SET:
      break;
  }
  return Status::InvalidArgument(field, "a bound needs int64_value or double_value");
}

Result<Filter::Bound> ConvertBound(const v1::DatetimeBound& in, const std::string& field) {
  switch (in.value_case()) {
    case v1::DatetimeBound::kUnixMs:
      return Filter::Bound{Value(static_cast<int64_t>(in.unix_ms())), !in.exclusive()};
    case v1::DatetimeBound::kRfc3339: {
      auto ms = ParseDatetimeMs(in.rfc3339());
      if (!ms.ok()) return Status::InvalidArgument(field + ".rfc3339", ms.status().message());
      return Filter::Bound{Value(*ms), !in.exclusive()};
    }
    case v1::DatetimeBound::VALUE_NOT_SET:
      break;
  }
  return Status::InvalidArgument(field, "a bound needs unix_ms or rfc3339");
}

// Of RangeCondition and DatetimeRangeCondition alike.
template <typename Condition>
Result<Filter> ConvertRange(const Condition& in, Filter::Op op, const std::string& field) {
  Filter filter;
  filter.op = op;
  filter.path = in.path();
  if (in.has_lower()) {
    SAGITTA_ASSIGN_OR_RETURN(filter.lower, ConvertBound(in.lower(), field + ".lower"));
  }
  if (in.has_upper()) {
    SAGITTA_ASSIGN_OR_RETURN(filter.upper, ConvertBound(in.upper(), field + ".upper"));
  }
  return filter;
}

GeoPoint PointFromProto(const v1::GeoPoint& in) { return {in.lon(), in.lat()}; }

std::vector<GeoPoint> RingFromProto(const v1::GeoRing& in) {
  std::vector<GeoPoint> ring;
  ring.reserve(in.points_size());
  for (const v1::GeoPoint& point : in.points()) ring.push_back(PointFromProto(point));
  return ring;
}

Result<Filter> ConvertRadius(const v1::GeoRadiusCondition& in, const std::string& field) {
  if (!in.has_center()) return Status::InvalidArgument(field + ".center", "is needed");
  return Filter::GeoRadius(in.path(), PointFromProto(in.center()), in.radius_m());
}

Filter ConvertPolygon(const v1::GeoPolygonCondition& in) {
  GeoPolygon polygon{.exterior = RingFromProto(in.exterior()), .interiors = {}};
  for (const v1::GeoRing& ring : in.interiors()) polygon.interiors.push_back(RingFromProto(ring));
  return Filter::GeoInPolygon(in.path(), std::move(polygon));
}

Result<Filter> ConvertMatch(const v1::MatchCondition& in, const std::string& field) {
  if (in.match() < v1::TEXT_MATCH_UNSPECIFIED || in.match() > v1::TEXT_MATCH_PHRASE) {
    return Status::InvalidArgument(field + ".match",
                                   "is " + std::to_string(static_cast<int>(in.match())) +
                                       ", allowed are ALL (1), ANY (2), PHRASE (3)");
  }
  const TextMatch match = in.match() == v1::TEXT_MATCH_UNSPECIFIED
                              ? TextMatch::kAll
                              : static_cast<TextMatch>(in.match());
  Filter filter = Filter::Match(in.path(), in.text(), match);
  if (in.has_tokens()) {
    SAGITTA_ASSIGN_OR_RETURN(filter.tokens, server::FromProto(in.tokens(), field + ".tokens"));
  }
  return filter;
}

void MatchToProto(const Filter& in, v1::MatchCondition* out) {
  out->set_path(in.path);
  out->set_text(in.text);
  out->set_match(static_cast<v1::TextMatch>(in.match));
  if (in.tokens) server::ToProto(*in.tokens, out->mutable_tokens());
}

Result<Filter> ConvertLeaf(const v1::Filter& in, const std::string& field) {
  switch (in.condition_case()) {
    case v1::Filter::kEquals: {
      SAGITTA_ASSIGN_OR_RETURN(auto value, FromProto(in.equals().value(), field + ".equals.value"));
      return Filter::Equals(in.equals().path(), std::move(value));
    }
    case v1::Filter::kIsIn: {
      SAGITTA_ASSIGN_OR_RETURN(auto values, ConvertValues(in.is_in(), field + ".is_in"));
      return Filter::In(in.is_in().path(), std::move(values));
    }
    case v1::Filter::kNotIn: {
      SAGITTA_ASSIGN_OR_RETURN(auto values, ConvertValues(in.not_in(), field + ".not_in"));
      return Filter::NotIn(in.not_in().path(), std::move(values));
    }
    case v1::Filter::kRange:
      return ConvertRange(in.range(), Filter::Op::kRange, field + ".range");
    case v1::Filter::kDatetimeRange:
      return ConvertRange(in.datetime_range(), Filter::Op::kDatetimeRange,
                          field + ".datetime_range");
    case v1::Filter::kExists:
      return Filter::Exists(in.exists().path());
    case v1::Filter::kIsNull:
      return Filter::IsNull(in.is_null().path());
    case v1::Filter::kIsEmpty:
      return Filter::IsEmpty(in.is_empty().path());
    case v1::Filter::kIdIn: {
      SAGITTA_ASSIGN_OR_RETURN(auto ids, FromProto(in.id_in().ids(), field + ".id_in.ids"));
      return Filter::IdIn(std::move(ids));
    }
    case v1::Filter::kGeoRadius:
      return ConvertRadius(in.geo_radius(), field + ".geo_radius");
    case v1::Filter::kGeoBox: {
      const v1::GeoBoxCondition& box = in.geo_box();
      return Filter::GeoInBox(box.path(), {box.west(), box.south(), box.east(), box.north()});
    }
    case v1::Filter::kGeoPolygon:
      return ConvertPolygon(in.geo_polygon());
    case v1::Filter::kMatch:
      return ConvertMatch(in.match(), field + ".match");
    default:
      return Status::InvalidArgument(field, "a filter needs one condition");
  }
}

Result<Filter> Convert(const v1::Filter& in, const std::string& field, int depth, Budget& budget) {
  if (depth > kMaxFilterDepth) {
    return Status::InvalidArgument(field,
                                   "is " + std::to_string(depth) + " levels deep, allowed are 32");
  }
  if (--budget.nodes < 0) {
    return Status::InvalidArgument(field, "the filter has over 1,024 nodes");
  }
  switch (in.condition_case()) {
    case v1::Filter::kAllOf: {
      SAGITTA_ASSIGN_OR_RETURN(auto children,
                               ConvertList(in.all_of(), field + ".all_of", depth, budget));
      return Filter::And(std::move(children));
    }
    case v1::Filter::kAnyOf: {
      SAGITTA_ASSIGN_OR_RETURN(auto children,
                               ConvertList(in.any_of(), field + ".any_of", depth, budget));
      return Filter::Or(std::move(children));
    }
    case v1::Filter::kNegate: {
      SAGITTA_ASSIGN_OR_RETURN(auto child,
                               Convert(in.negate(), field + ".negate", depth + 1, budget));
      return Filter::Not(std::move(child));
    }
    case v1::Filter::kNested: {
      SAGITTA_ASSIGN_OR_RETURN(
          auto child, Convert(in.nested().filter(), field + ".nested.filter", depth + 1, budget));
      return Filter::Nested(in.nested().path(), std::move(child));
    }
    default:
      return ConvertLeaf(in, field);
  }
}

// Of Bound and DatetimeBound alike, apart from the name of the setter.
template <typename ProtoBound>
void BoundToProto(const Filter::Bound& in, ProtoBound* out) {
  if constexpr (std::is_same_v<ProtoBound, v1::Bound>) {
    if (const int64_t* number = in.value.AsInt64()) out->set_int64_value(*number);
    if (const double* number = in.value.AsDouble()) out->set_double_value(*number);
  } else {
    if (const int64_t* number = in.value.AsInt64()) out->set_unix_ms(*number);
  }
  out->set_exclusive(!in.inclusive);
}

template <typename Condition>
void RangeToProto(const Filter& in, Condition* out) {
  out->set_path(in.path);
  if (in.lower) BoundToProto(*in.lower, out->mutable_lower());
  if (in.upper) BoundToProto(*in.upper, out->mutable_upper());
}

void ValuesToProto(const Filter& in, v1::ValueListCondition* out) {
  out->set_path(in.path);
  for (const Value& value : in.values) ToProto(value, out->add_values());
}

void PointToProto(const GeoPoint& in, v1::GeoPoint* out) {
  out->set_lon(in.lon);
  out->set_lat(in.lat);
}

void RingToProto(const std::vector<GeoPoint>& in, v1::GeoRing* out) {
  for (const GeoPoint& point : in) PointToProto(point, out->add_points());
}

void RadiusToProto(const Filter& in, v1::GeoRadiusCondition* out) {
  out->set_path(in.path);
  PointToProto(in.circle.center, out->mutable_center());
  out->set_radius_m(in.circle.radius_m);
}

void BoxToProto(const Filter& in, v1::GeoBoxCondition* out) {
  out->set_path(in.path);
  out->set_west(in.box.west);
  out->set_south(in.box.south);
  out->set_east(in.box.east);
  out->set_north(in.box.north);
}

void PolygonToProto(const Filter& in, v1::GeoPolygonCondition* out) {
  out->set_path(in.path);
  RingToProto(in.polygon.exterior, out->mutable_exterior());
  for (const auto& ring : in.polygon.interiors) RingToProto(ring, out->add_interiors());
}

void ListToProto(const Filter& in, v1::FilterList* out) {
  for (const Filter& child : in.children) ToProto(child, out->add_filters());
}

}  // namespace

Result<Filter> FromProto(const v1::Filter& in, std::string_view field) {
  Budget budget;
  return Convert(in, std::string(field), 1, budget);
}

void ToProto(const Filter& in, v1::Filter* out) {
  switch (in.op) {
    case Filter::Op::kAnd:
      return ListToProto(in, out->mutable_all_of());
    case Filter::Op::kOr:
      return ListToProto(in, out->mutable_any_of());
    case Filter::Op::kNot:
      if (!in.children.empty()) ToProto(in.children[0], out->mutable_negate());
      return;
    case Filter::Op::kEquals:
      out->mutable_equals()->set_path(in.path);
      if (!in.values.empty()) ToProto(in.values[0], out->mutable_equals()->mutable_value());
      return;
    case Filter::Op::kIn:
      return ValuesToProto(in, out->mutable_is_in());
    case Filter::Op::kNotIn:
      return ValuesToProto(in, out->mutable_not_in());
    case Filter::Op::kRange:
      return RangeToProto(in, out->mutable_range());
    case Filter::Op::kDatetimeRange:
      return RangeToProto(in, out->mutable_datetime_range());
    case Filter::Op::kExists:
      return out->mutable_exists()->set_path(in.path);
    case Filter::Op::kIsNull:
      return out->mutable_is_null()->set_path(in.path);
    case Filter::Op::kIsEmpty:
      return out->mutable_is_empty()->set_path(in.path);
    case Filter::Op::kIdIn:
      for (const PointId& id : in.ids) ToProto(id, out->mutable_id_in()->add_ids());
      return;
    case Filter::Op::kGeoRadius:
      return RadiusToProto(in, out->mutable_geo_radius());
    case Filter::Op::kGeoBox:
      return BoxToProto(in, out->mutable_geo_box());
    case Filter::Op::kGeoPolygon:
      return PolygonToProto(in, out->mutable_geo_polygon());
    case Filter::Op::kMatch:
      return MatchToProto(in, out->mutable_match());
    case Filter::Op::kNested:
      out->mutable_nested()->set_path(in.path);
      if (!in.children.empty()) ToProto(in.children[0], out->mutable_nested()->mutable_filter());
      return;
  }
}

namespace {

// The "[2]" behind `name`. A ring is a message around its points; of interior rings the first index
// is the ring's.
std::string WireIndexes(std::string_view name, std::string_view indexes) {
  size_t rings_end = indexes.size();
  if (name == "exterior") rings_end = 0;
  if (name == "interiors") rings_end = std::min(indexes.find(']') + 1, indexes.size());
  std::string out(indexes.substr(0, rings_end));
  if (rings_end < indexes.size()) out.append(".points").append(indexes.substr(rings_end));
  return out;
}

}  // namespace

std::string WireFilterPath(std::string_view path) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kNames = {
      {{"and", "all_of"}, {"or", "any_of"}, {"not", "negate"}, {"in", "is_in"}}};
  std::string out;
  while (!path.empty()) {
    const size_t end = std::min(path.find('.'), path.size());
    std::string_view segment = path.substr(0, end);
    const size_t name_end = std::min(segment.find('['), segment.size());
    std::string_view name = segment.substr(0, name_end);
    for (const auto& [engine, wire] : kNames) {
      if (name == engine) name = wire;
    }
    out.append(name).append(WireIndexes(name, segment.substr(name_end)));
    if (end < path.size()) out.push_back('.');
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return out;
}

Result<TextParams> FromProto(const v1::TextParams& in, std::string_view field) {
  if (in.tokenizer() < v1::TEXT_TOKENIZER_UNSPECIFIED ||
      in.tokenizer() > v1::TEXT_TOKENIZER_WHITESPACE) {
    return Status::InvalidArgument(Joined(field, "tokenizer"),
                                   "is " + std::to_string(static_cast<int>(in.tokenizer())) +
                                       ", allowed are WORD (1), WHITESPACE (2)");
  }
  TextParams out;
  if (in.tokenizer() != v1::TEXT_TOKENIZER_UNSPECIFIED) {
    out.tokenizer = static_cast<TextTokenizer>(in.tokenizer());
  }
  out.case_sensitive = in.case_sensitive();
  if (!in.stemmer().empty()) out.stemmer = in.stemmer();
  if (in.min_token_chars() != 0) out.min_token_chars = in.min_token_chars();
  if (in.max_token_chars() != 0) out.max_token_chars = in.max_token_chars();
  out.stop_words.assign(in.stop_words().begin(), in.stop_words().end());
  return out;
}

void ToProto(const TextParams& in, v1::TextParams* out) {
  out->set_tokenizer(static_cast<v1::TextTokenizer>(in.tokenizer));
  out->set_case_sensitive(in.case_sensitive);
  out->set_stemmer(in.stemmer);
  out->set_min_token_chars(in.min_token_chars);
  out->set_max_token_chars(in.max_token_chars);
  for (const std::string& word : in.stop_words) out->add_stop_words(word);
}

Select FromProto(const v1::Select& in) {
  Select select;
  select.payload = in.payload();
  select.payload_keys.assign(in.payload_keys().begin(), in.payload_keys().end());
  select.vectors = in.vectors();
  select.vector_fields.assign(in.vector_fields().begin(), in.vector_fields().end());
  return select;
}

}  // namespace sagitta::server
