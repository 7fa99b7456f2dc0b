#include "filter/geo_region.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "filter/geo_ring.h"
#include "filter/number.h"
#include "filter/payload_walk.h"

namespace sagitta::filter {
namespace {

using Side = GeoRegion::Side;

constexpr double kEarthRadiusM = 6'371'008.8;  // mean radius, IUGG
constexpr double kMargin = 1e-9;               // degrees, 0.1 mm
constexpr double kDegree = std::numbers::pi / 180;

// sin² of half the angle between two places: the haversine, exact also for near ones.
double Haversine(const GeoPoint& a, const GeoPoint& b) {
  const double lat = std::sin((a.lat - b.lat) * kDegree / 2);
  const double lon = std::sin((a.lon - b.lon) * kDegree / 2);
  return lat * lat + std::cos(a.lat * kDegree) * std::cos(b.lat * kDegree) * lon * lon;
}

// Radians.
double Angle(const GeoPoint& a, const GeoPoint& b) {
  return 2 * std::asin(std::sqrt(std::min(1.0, Haversine(a, b))));
}

// The angle from `from` to the nearest place of the meridian `lon` between two latitudes. Along a
// meridian the cosine of the angle is a sinusoid of the latitude: its crest, where it lies between
// them, or an end.
double AngleToMeridian(const GeoPoint& from, double lon, double south, double north) {
  double nearest = std::min(Angle(from, {lon, south}), Angle(from, {lon, north}));
  const double crest =
      std::atan2(std::sin(from.lat * kDegree),
                 std::cos(from.lat * kDegree) * std::cos((from.lon - lon) * kDegree)) /
      kDegree;
  if (crest > south && crest < north) nearest = std::min(nearest, Angle(from, {lon, crest}));
  return nearest;
}

// Where no place of the rectangle shares the meridian of `from`, its nearest one lies on its west
// or east side: along a parallel, distance grows with the difference in longitude.
double AngleToRect(const GeoPoint& from, const GeoRect& rect) {
  if (from.lon >= rect.west && from.lon <= rect.east) {
    return std::max({0.0, rect.south - from.lat, from.lat - rect.north}) * kDegree;
  }
  return std::min(AngleToMeridian(from, rect.west, rect.south, rect.north),
                  AngleToMeridian(from, rect.east, rect.south, rect.north));
}

class Circle final : public GeoRegion {
 public:
  explicit Circle(const GeoCircle& circle)
      : center_(circle.center),
        opposite_{circle.center.lon > 0 ? circle.center.lon - 180 : circle.center.lon + 180,
                  -circle.center.lat},
        angle_(circle.radius_m / kEarthRadiusM) {
    everything_ = angle_ >= std::numbers::pi;
    const double half = everything_ ? 1 : std::sin(angle_ / 2);
    limit_ = half * half;
  }

  bool Contains(const GeoPoint& point) const override {
    return everything_ || Haversine(center_, point) <= limit_;
  }
  Side Classify(const GeoRect& rect) const override {
    // Angles near half a turn are good to 1e-8 radians only.
    constexpr double kAngleMargin = 1e-7;  // 0.6 m
    if (everything_) return Side::kInside;
    if (AngleToRect(center_, rect) > angle_ + kAngleMargin) return Side::kOutside;
    // The farthest place from the centre is the nearest one to what lies opposite.
    const double farthest = std::numbers::pi - AngleToRect(opposite_, rect);
    return farthest < angle_ - kAngleMargin ? Side::kInside : Side::kEdge;
  }

 private:
  GeoPoint center_;
  GeoPoint opposite_;
  double angle_;  // radians
  bool everything_;
  double limit_;  // of the haversine
};

class Box final : public GeoRegion {
 public:
  explicit Box(const GeoBox& box) : south_(box.south), north_(box.north) {
    if (box.west <= box.east) {
      ranges_ = {{box.west, box.east}};
    } else {
      ranges_ = {{box.west, 180}, {-180, box.east}};
    }
    // The antimeridian has two names.
    if (Holds(180)) ranges_.push_back({-180, -180});
    if (Holds(-180)) ranges_.push_back({180, 180});
  }

  bool Contains(const GeoPoint& point) const override {
    return point.lat >= south_ && point.lat <= north_ && Holds(point.lon);
  }
  Side Classify(const GeoRect& rect) const override {
    const GeoRect wide = {rect.west - kMargin, rect.south - kMargin, rect.east + kMargin,
                          rect.north + kMargin};
    if (wide.north < south_ || wide.south > north_) return Side::kOutside;
    const auto apart = [&](const Range& r) { return wide.east < r.west || wide.west > r.east; };
    if (std::all_of(ranges_.begin(), ranges_.end(), apart)) return Side::kOutside;
    // No point lies beyond the poles and the antimeridian, so a side there needs no margin.
    const auto holds = [&](const Range& r) {
      return std::max(wide.west, -180.0) >= r.west && std::min(wide.east, 180.0) <= r.east;
    };
    const bool within = std::max(wide.south, -90.0) >= south_ &&
                        std::min(wide.north, 90.0) <= north_ &&
                        std::any_of(ranges_.begin(), ranges_.end(), holds);
    return within ? Side::kInside : Side::kEdge;
  }

 private:
  struct Range {
    double west, east;
  };
  bool Holds(double lon) const {
    return std::any_of(ranges_.begin(), ranges_.end(),
                       [&](const Range& r) { return lon >= r.west && lon <= r.east; });
  }

  double south_, north_;
  std::vector<Range> ranges_;
};

class Polygon final : public GeoRegion {
 public:
  explicit Polygon(const GeoPolygon& polygon) : exterior_(polygon.exterior) {
    interiors_.reserve(polygon.interiors.size());
    for (const auto& ring : polygon.interiors) interiors_.emplace_back(ring);
  }

  bool Contains(const GeoPoint& point) const override {
    return Place(exterior_, point) != GeoRing::Place::kOutside &&
           std::none_of(interiors_.begin(), interiors_.end(), [&](const GeoRing& ring) {
             return Place(ring, point) == GeoRing::Place::kInside;
           });
  }
  Side Classify(const GeoRect& rect) const override {
    const GeoRect wide = {rect.west - kMargin, rect.south - kMargin, rect.east + kMargin,
                          rect.north + kMargin};
    if (Touches(exterior_, wide) ||
        std::any_of(interiors_.begin(), interiors_.end(),
                    [&](const GeoRing& ring) { return Touches(ring, wide); })) {
      return Side::kEdge;
    }
    const GeoPoint middle = {(rect.west + rect.east) / 2, (rect.south + rect.north) / 2};
    return Contains(middle) ? Side::kInside : Side::kOutside;
  }

 private:
  // Rings may lie beyond ±180, points do not.
  static constexpr double kTurns[] = {0, -360, 360};

  static GeoRing::Place Place(const GeoRing& ring, const GeoPoint& point) {
    auto best = GeoRing::Place::kOutside;
    for (const double turn : kTurns) {
      best = std::max(best, ring.PlaceOf(point.lon + turn, point.lat));
    }
    return best;
  }
  static bool Touches(const GeoRing& ring, const GeoRect& rect) {
    return std::any_of(std::begin(kTurns), std::end(kTurns), [&](double turn) {
      return ring.Touches({rect.west + turn, rect.south, rect.east + turn, rect.north});
    });
  }

  GeoRing exterior_;
  std::vector<GeoRing> interiors_;
};

bool ReadDegrees(const ValueView& value, double most, double* degrees) {
  const std::optional<Number> number = Number::From(value);
  if (!number) return false;
  // An int64 too large for a double is out of range anyway.
  const double read = number->is_double ? number->dbl : static_cast<double>(number->int64);
  if (!(read >= -most && read <= most)) return false;
  *degrees = read + 0.0;  // −0 becomes 0, so that equal points have equal bytes
  return true;
}

}  // namespace

bool ReadGeoPoint(const ValueView& value, GeoPoint* point) {
  if (value.kind != Value::Kind::kObject) return false;
  bool lat = false;
  bool lon = false;
  Cursor cursor(value.text);
  while (!cursor.AtEnd()) {
    std::string_view key;
    ValueView entry;
    if (!cursor.Bytes(&key) || !cursor.Read(&entry)) return false;
    if (key == "lat") lat = ReadDegrees(entry, 90, &point->lat);
    if (key == "lon") lon = ReadDegrees(entry, 180, &point->lon);
    if (key >= "lon") break;  // keys ascend
  }
  return lat && lon;
}

std::unique_ptr<GeoRegion> GeoRegion::Of(const Filter& condition) {
  switch (condition.op) {
    case Filter::Op::kGeoRadius:
      return std::make_unique<Circle>(condition.circle);
    case Filter::Op::kGeoBox:
      return std::make_unique<Box>(condition.box);
    default:
      return std::make_unique<Polygon>(condition.polygon);
  }
}

}  // namespace sagitta::filter
