#include "tests/filter/random_filters.h"

#include <cmath>
#include <limits>

namespace sagitta::filter {
namespace {

constexpr int64_t kTwoTo53 = int64_t{1} << 53;
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMidnightMs = 1'795'478'400'000;  // 2026-11-24T00:00:00Z

const int64_t kInts[] = {0,
                         1,
                         -1,
                         2,
                         3,
                         7,
                         kTwoTo53,
                         kTwoTo53 + 1,
                         kTwoTo53 - 1,
                         -kTwoTo53 - 1,
                         kMax,
                         kMax - 1,
                         kMin,
                         kMin + 1,
                         kMidnightMs,
                         kMidnightMs + 1};
const double kDoubles[] = {0.0,
                           -0.0,
                           1.0,
                           0.5,
                           -1.5,
                           2.0,
                           9007199254740992.0,
                           9007199254740994.0,
                           9223372036854775808.0,
                           -9223372036854775808.0,
                           1e300,
                           -1e300,
                           5e-324,
                           1795478400000.0,
                           1795478400000.5};
const char* const kTexts[] = {"",
                              "x",
                              "y",
                              "zebra",
                              "1",
                              "2026-11-24",
                              "2026-11-24T00:00:00Z",
                              "2026-11-24T01:00:00+01:00",
                              "2026-11-24T00:00:00.001Z",
                              "2026-02-29",
                              "2024-02-29T23:59:60Z",
                              "1969-12-31T23:59:59.999Z",
                              "Red shoes",
                              "the shoe is red, red!",
                              "hat and shoes: Red",
                              "...",
                              "東京都"};
const char* const kWords[] = {"red", "shoes", "SHOE", "the", "red shoes",
                              "x",   "24",    "京",   "hat", "!"};
const double kLons[] = {-180, 180, 179.9999999, -179.5, 0, -0.0, 45, 90, 7.25};
const double kLats[] = {-90, 90, 89.9999999, 0, 45, -45, 51.5};
const char* const kKeys[] = {"a", "b", "c", "d"};
const char* const kPaths[] = {"a", "b", "c", "d", "a.b", "a.c", "b.a", "b.b", "a.b.c", "c.a.b.d"};

}  // namespace

Value RandomFilters::MakeScalar() {
  switch (Below(8)) {
    case 0:
      return OneIn(2);
    case 1:
    case 2:
      return kInts[Below(std::size(kInts))];
    case 3:
    case 4:
      return kDoubles[Below(std::size(kDoubles))];
    case 5:
      // Over what a keyword index takes.
      if (OneIn(10)) return std::string(1100 + Below(2), 'k');
      [[fallthrough]];
    default:
      return kTexts[Below(std::size(kTexts))];
  }
}

GeoPoint RandomFilters::MakePlace() {
  if (OneIn(3)) return {Real(-180, 180), Real(-90, 90)};
  return {kLons[Below(std::size(kLons))], kLats[Below(std::size(kLats))]};
}

Value RandomFilters::MakePlaceValue() {
  const GeoPoint place = MakePlace();
  ValueObject object = {{"lon", place.lon}, {"lat", place.lat}};
  if (OneIn(4)) object["lon"] = static_cast<int64_t>(place.lon);
  if (OneIn(4)) object["a"] = MakeScalar();  // other keys do not matter
  if (OneIn(8)) object[OneIn(2) ? "lon" : "lat"] = MakeScalar();
  if (OneIn(8)) object.erase(OneIn(2) ? "lon" : "lat");
  return object;
}

GeoPolygon RandomFilters::MakePolygon() {
  const auto ring = [&] {
    const GeoPoint middle = MakePlace();
    std::vector<GeoPoint> points;
    for (size_t n = 3 + Below(OneIn(4) ? 60 : 5); n > 0; --n) {
      GeoPoint point = {middle.lon + Real(-120, 120), Real(-90, 90)};
      // On a grid, so that corners meet points and edges are upright and level.
      if (OneIn(2)) point = {std::round(point.lon / 45) * 45, std::round(point.lat / 45) * 45};
      points.push_back(point);
    }
    points.push_back({middle.lon + 1, middle.lat});
    points.push_back({middle.lon + 1.5, -middle.lat / 2 + 1});
    points.push_back({middle.lon + 2, middle.lat / 3});
    if (OneIn(2)) points.push_back(points.front());
    return points;
  };
  GeoPolygon polygon{.exterior = ring(), .interiors = {}};
  for (size_t n = Below(3); n > 0; --n) polygon.interiors.push_back(ring());
  return polygon;
}

Filter RandomFilters::MakeGeo(const std::string& path) {
  const size_t choice = Below(3);
  if (choice == 0) {
    constexpr double kRadii[] = {0, 1, 111'000, 5e6, 1.0008e7, 2e7, 2.1e7};
    const double radius = OneIn(2) ? kRadii[Below(std::size(kRadii))] : std::pow(10, Real(0, 7.3));
    return Filter::GeoRadius(path, MakePlace(), radius);
  }
  if (choice == 1) return Filter::GeoInPolygon(path, MakePolygon());
  GeoPoint a = MakePlace();
  GeoPoint b = MakePlace();
  if (a.lat > b.lat) std::swap(a.lat, b.lat);
  return Filter::GeoInBox(path, {a.lon, a.lat, b.lon, b.lat});
}

TextParams RandomFilters::MakeTextParams() {
  TextParams params;
  if (OneIn(2)) return params;
  if (OneIn(3)) params.stemmer = "english";
  if (OneIn(3)) params.stop_words = {"the", "RED"};
  if (OneIn(3)) params.min_token_chars = 2;
  if (OneIn(3)) params.tokenizer = TextTokenizer::kWhitespace;
  return params;
}

Filter RandomFilters::MakeMatch(const std::string& path) {
  std::string text = kTexts[1 + Below(std::size(kTexts) - 1)];
  if (OneIn(2)) text = std::string(kWords[Below(std::size(kWords))]);
  if (OneIn(3)) text += std::string(" ") + kWords[Below(std::size(kWords))];
  Filter filter = Filter::Match(path, text, static_cast<TextMatch>(1 + Below(3)));
  if (OneIn(2)) filter.tokens = MakeTextParams();
  return filter;
}

Value RandomFilters::MakeValue(int depth) {
  if (OneIn(8)) return MakePlaceValue();
  const size_t choice = Below(depth > 0 ? 12 : 8);
  if (choice == 0) return Value();
  if (choice < 8) return MakeScalar();
  if (choice < 10) {
    ValueList list;
    for (size_t n = Below(4); n > 0; --n) list.push_back(MakeValue(depth - 1));
    return list;
  }
  ValueObject object;
  for (size_t n = Below(4); n > 0; --n) object[kKeys[Below(4)]] = MakeValue(depth - 1);
  return object;
}

Payload RandomFilters::MakePayload() {
  Payload payload;
  for (const char* key : kKeys) {
    if (!OneIn(4)) payload[key] = MakeValue(4);
  }
  return payload;
}

std::string RandomFilters::MakePath() { return kPaths[Below(std::size(kPaths))]; }

std::optional<Filter::Bound> RandomFilters::MakeBound() {
  if (OneIn(4)) return std::nullopt;
  Filter::Bound bound;
  bound.inclusive = OneIn(2);
  if (OneIn(2)) {
    bound.value = kInts[Below(std::size(kInts))];
  } else {
    bound.value = kDoubles[Below(std::size(kDoubles))];
  }
  return bound;
}

Filter RandomFilters::MakeLeaf(bool ids) {
  std::vector<Value> values;
  switch (Below(ids ? 11 : 10)) {
    case 0:
    case 1:
      return Filter::Equals(MakePath(), MakeScalar());
    case 2:
    case 3:
      // Both sides of the number from which operands are sorted.
      for (size_t n = 1 + Below(OneIn(3) ? 20 : 4); n > 0; --n) values.push_back(MakeScalar());
      return OneIn(2) ? Filter::In(MakePath(), std::move(values))
                      : Filter::NotIn(MakePath(), std::move(values));
    case 4:
      return Filter::Range(MakePath(), MakeBound(), MakeBound());
    case 5:
      return Filter::DatetimeRange(MakePath(), MakeBound(), MakeBound());
    case 6:
      return OneIn(2) ? Filter::Exists(MakePath()) : Filter::IsNull(MakePath());
    case 7:
      return Filter::IsEmpty(MakePath());
    case 8:
      return MakeGeo(MakePath());
    case 9:
      return MakeMatch(MakePath());
    default: {
      std::vector<PointId> ids;
      for (size_t n = 1 + Below(30); n > 0; --n) ids.emplace_back(uint64_t{Below(100)});
      return Filter::IdIn(std::move(ids));
    }
  }
}

Filter RandomFilters::MakeTree(int depth, bool ids) {
  if (depth == 0 || OneIn(3)) return MakeLeaf(ids);
  if (nested_ && OneIn(4)) {
    // Short paths, so that those below them lead somewhere and have indexes.
    return Filter::Nested(kPaths[Below(OneIn(3) ? 8 : 4)], MakeTree(depth - 1, false));
  }
  if (OneIn(4)) return Filter::Not(MakeTree(depth - 1, ids));
  std::vector<Filter> children;
  for (size_t n = Below(4); n > 0; --n) children.push_back(MakeTree(depth - 1, ids));
  return OneIn(2) ? Filter::And(std::move(children)) : Filter::Or(std::move(children));
}

std::vector<PayloadIndex> RandomFilters::MakeIndexes() {
  std::vector<PayloadIndex> indexes;
  const size_t one_in = 1 + Below(4);  // from an index on every path to few
  for (const char* path : kPaths) {
    if (!OneIn(one_in)) continue;
    PayloadIndex& index = indexes.emplace_back();
    index.path = path;
    index.kind = static_cast<PayloadIndexKind>(1 + Below(7));
    if (index.kind == PayloadIndexKind::kText) index.text = MakeTextParams();
  }
  return indexes;
}

}  // namespace sagitta::filter
