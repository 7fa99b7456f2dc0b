// The oracle: no encoding, no index, no shared comparison code.
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include "filter/tokenizer.h"
#include "tests/filter/random_filters.h"

namespace sagitta::filter {
namespace {

static_assert(std::numeric_limits<long double>::digits >= 64, "must hold any int64 and any double");

using Kind = Value::Kind;

// What the path leads to, lists at its end not opened.
void Collect(const Value& value, std::string_view path, std::vector<const Value*>* out) {
  if (path.empty()) {
    out->push_back(&value);
    return;
  }
  const size_t dot = std::min(path.find('.'), path.size());
  const ValueObject* object = value.AsObject();
  if (object == nullptr) return;
  const auto at = object->find(path.substr(0, dot));
  if (at == object->end()) return;
  const std::string_view rest = dot == path.size() ? "" : path.substr(dot + 1);
  const ValueList* list = at->second.AsList();
  if (rest.empty() || list == nullptr) return Collect(at->second, rest, out);
  for (const Value& element : *list) Collect(element, rest, out);
}

std::optional<long double> AsNumber(const Value& value) {
  if (value.AsInt64()) return *value.AsInt64();
  if (value.AsDouble()) return *value.AsDouble();
  return std::nullopt;
}

bool Equal(const Value& a, const Value& b) {
  const auto x = AsNumber(a);
  const auto y = AsNumber(b);
  if (x && y) return *x == *y;
  return a == b;
}

bool Within(long double number, const Filter& filter) {
  if (filter.lower) {
    const long double bound = *AsNumber(filter.lower->value);
    if (filter.lower->inclusive ? number < bound : number <= bound) return false;
  }
  if (filter.upper) {
    const long double bound = *AsNumber(filter.upper->value);
    if (filter.upper->inclusive ? number > bound : number >= bound) return false;
  }
  return true;
}

bool Any(const std::vector<const Value*>& values, const std::function<bool(const Value&)>& holds) {
  for (const Value* value : values) {
    if (holds(*value)) return true;
    if (value->AsList() == nullptr) continue;
    for (const Value& element : *value->AsList()) {
      if (holds(element)) return true;
    }
  }
  return false;
}

bool Empty(const Value& value) {
  return value.is_null() || value == Value("") || value == Value(ValueList()) ||
         value == Value(ValueObject());
}

bool InDatetimes(const Value& value, const Filter& filter) {
  if (value.AsInt64()) return Within(*value.AsInt64(), filter);
  if (!value.AsString()) return false;
  const auto ms = ParseDatetimeMs(*value.AsString());
  return ms.ok() && Within(*ms, filter);
}

std::optional<GeoPoint> AsPlace(const Value& value) {
  const ValueObject* object = value.AsObject();
  if (object == nullptr || !object->contains("lon") || !object->contains("lat")) return {};
  const auto lon = AsNumber(object->find("lon")->second);
  const auto lat = AsNumber(object->find("lat")->second);
  if (!lon || !lat || std::abs(*lon) > 180 || std::abs(*lat) > 90) return {};
  return GeoPoint{static_cast<double>(*lon), static_cast<double>(*lat)};
}

// By the law of cosines of vectors, where the engine has haversines.
bool InCircle(const GeoPoint& p, const GeoCircle& circle) {
  constexpr long double kDegree = std::numbers::pi_v<long double> / 180;
  const auto unit = [](const GeoPoint& q) {
    const long double lat = q.lat * kDegree, lon = q.lon * kDegree;
    return std::array{std::cos(lat) * std::cos(lon), std::cos(lat) * std::sin(lon), std::sin(lat)};
  };
  const auto a = unit(p), b = unit(circle.center);
  long double chord = 0;
  for (int i = 0; i < 3; ++i) chord += (a[i] - b[i]) * (a[i] - b[i]);
  const long double angle = 2 * std::asin(std::min(1.0L, std::sqrt(chord) / 2));
  // A radius of nothing finds the very place, in whatever spelling of the antimeridian.
  if (circle.radius_m == 0) return p == circle.center;
  return angle * 6371008.8L <= circle.radius_m;
}

bool InBox(const GeoPoint& p, const GeoBox& box) {
  if (p.lat < box.south || p.lat > box.north) return false;
  const auto between = [&](double lon) {
    return box.west <= box.east ? lon >= box.west && lon <= box.east
                                : lon >= box.west || lon <= box.east;
  };
  return between(p.lon) || (std::abs(p.lon) == 180 && between(-p.lon));
}

// 0 outside, 1 on the ring, 2 inside. Rays go north, where the engine's go east.
int InRing(long double x, long double y, const std::vector<GeoPoint>& ring) {
  bool inside = false;
  for (size_t i = 0; i < ring.size(); ++i) {
    const GeoPoint &a = ring[i], &b = ring[(i + 1) % ring.size()];
    const long double ax = a.lon, ay = a.lat, bx = b.lon, by = b.lat;
    const long double cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax);
    if (cross == 0 && x >= std::min(ax, bx) && x <= std::max(ax, bx) && y >= std::min(ay, by) &&
        y <= std::max(ay, by)) {
      return 1;
    }
    if ((ax > x) != (bx > x) && y < ay + (x - ax) * (by - ay) / (bx - ax)) inside = !inside;
  }
  return inside ? 2 : 0;
}

bool InPolygon(const GeoPoint& p, const GeoPolygon& polygon) {
  const auto in = [&](const std::vector<GeoPoint>& ring) {
    // As the engine adds them: in doubles, or corners would be missed by a bit.
    return std::max({InRing(p.lon, p.lat, ring), InRing(p.lon + 360, p.lat, ring),
                     InRing(p.lon - 360, p.lat, ring)});
  };
  if (in(polygon.exterior) == 0) return false;
  for (const auto& ring : polygon.interiors) {
    if (in(ring) == 2) return false;
  }
  return true;
}

bool InArea(const Value& value, const Filter& filter) {
  const std::optional<GeoPoint> place = AsPlace(value);
  if (!place) return false;
  if (filter.op == Filter::Op::kGeoRadius) return InCircle(*place, filter.circle);
  if (filter.op == Filter::Op::kGeoBox) return InBox(*place, filter.box);
  return InPolygon(*place, filter.polygon);
}

// Splitting is the engine's own and tested by itself; what is asked of the tokens is not.
bool InText(const Value& value, const Filter& filter) {
  if (!value.AsString()) return false;
  Tokenizer tokenizer(filter.tokens.value_or(TextParams()));
  const std::vector<std::string> wanted = tokenizer.Tokens(filter.text);
  const std::vector<std::string> there = tokenizer.Tokens(*value.AsString());
  if (wanted.empty()) return false;
  size_t found = 0;
  for (const std::string& token : wanted) {
    found += std::find(there.begin(), there.end(), token) != there.end() ? 1 : 0;
  }
  if (filter.match == TextMatch::kAny) return found > 0;
  if (filter.match == TextMatch::kAll) return found == wanted.size();
  for (size_t at = 0; at + wanted.size() <= there.size(); ++at) {
    size_t same = 0;
    while (same < wanted.size() && there[at + same] == wanted[same]) ++same;
    if (same == wanted.size()) return true;
  }
  return false;
}

bool LeafMatches(const Filter& filter, const std::vector<const Value*>& values) {
  switch (filter.op) {
    case Filter::Op::kEquals:
    case Filter::Op::kIn:
    case Filter::Op::kNotIn: {
      const bool in = Any(values, [&](const Value& value) {
        for (const Value& operand : filter.values) {
          if (Equal(value, operand)) return true;
        }
        return false;
      });
      return in != (filter.op == Filter::Op::kNotIn);
    }
    case Filter::Op::kRange:
      return Any(values, [&](const Value& value) {
        return AsNumber(value) && Within(*AsNumber(value), filter);
      });
    case Filter::Op::kDatetimeRange:
      return Any(values, [&](const Value& value) { return InDatetimes(value, filter); });
    case Filter::Op::kIsNull:
      return Any(values, [](const Value& value) { return value.is_null(); });
    case Filter::Op::kExists:
      return !values.empty();
    case Filter::Op::kMatch:
      return Any(values, [&](const Value& value) { return InText(value, filter); });
    case Filter::Op::kGeoRadius:
    case Filter::Op::kGeoBox:
    case Filter::Op::kGeoPolygon:
      return Any(values, [&](const Value& value) { return InArea(value, filter); });
    default:  // kIsEmpty
      for (const Value* value : values) {
        if (Empty(*value)) return true;
      }
      return values.empty();
  }
}

}  // namespace

bool NaiveMatches(const Filter& filter, const Payload& payload, const PointId& id) {
  switch (filter.op) {
    case Filter::Op::kAnd:
      for (const Filter& child : filter.children) {
        if (!NaiveMatches(child, payload, id)) return false;
      }
      return true;
    case Filter::Op::kOr:
      for (const Filter& child : filter.children) {
        if (NaiveMatches(child, payload, id)) return true;
      }
      return false;
    case Filter::Op::kNot:
      return !NaiveMatches(filter.children[0], payload, id);
    case Filter::Op::kIdIn:
      for (const PointId& wanted : filter.ids) {
        if (wanted == id) return true;
      }
      return false;
    case Filter::Op::kNested: {
      const Value whole(payload);
      std::vector<const Value*> values;
      Collect(whole, filter.path, &values);
      return Any(values, [&](const Value& value) {
        return value.AsObject() && NaiveMatches(filter.children[0], *value.AsObject(), id);
      });
    }
    default: {
      const Value whole(payload);
      std::vector<const Value*> values;
      Collect(whole, filter.path, &values);
      return LeafMatches(filter, values);
    }
  }
}

}  // namespace sagitta::filter
