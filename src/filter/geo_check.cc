#include "filter/geo_check.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "sagitta/value.h"

namespace sagitta::filter {
namespace {

constexpr size_t kMaxPoints = 10'000;
constexpr size_t kMaxInteriors = 1'000;
constexpr double kMaxRingLon = 360;

std::string Text(double number) {
  return std::isfinite(number) ? Value(number).ToJson() : std::to_string(number);
}

// Written so that NaN fails.
Status CheckDegrees(const std::string& field, double degrees, double most) {
  if (degrees >= -most && degrees <= most) return Status::Ok();
  return Status::InvalidArgument(
      field, "is " + Text(degrees) + ", allowed are " + Text(-most) + " to " + Text(most));
}

Status CheckPoint(const std::string& field, const GeoPoint& point, double most_lon) {
  SAGITTA_RETURN_IF_ERROR(CheckDegrees(field + ".lon", point.lon, most_lon));
  return CheckDegrees(field + ".lat", point.lat, 90);
}

Status CheckRing(const std::string& field, const std::vector<GeoPoint>& ring) {
  double west = std::numeric_limits<double>::infinity();
  double east = -west;
  size_t different = 0;
  for (size_t i = 0; i < ring.size(); ++i) {
    const GeoPoint& point = ring[i];
    SAGITTA_RETURN_IF_ERROR(CheckPoint(field + "[" + std::to_string(i) + "]", point, kMaxRingLon));
    west = std::min(west, point.lon);
    east = std::max(east, point.lon);
    // Whether there are three is soon known: only points before the third count are compared.
    if (different < 3 && std::find(ring.begin(), ring.begin() + static_cast<ptrdiff_t>(i), point) ==
                             ring.begin() + static_cast<ptrdiff_t>(i)) {
      ++different;
    }
  }
  if (different < 3) {
    return Status::InvalidArgument(
        field, "has " + std::to_string(different) + " different points, at least 3 are needed");
  }
  if (east - west > 360) {
    return Status::InvalidArgument(
        field, "is " + Text(east - west) + " degrees wide, at most 360 are allowed");
  }
  return Status::Ok();
}

}  // namespace

Status CheckCircle(const GeoCircle& circle) {
  SAGITTA_RETURN_IF_ERROR(CheckPoint("center", circle.center, 180));
  if (std::isfinite(circle.radius_m) && circle.radius_m >= 0) return Status::Ok();
  return Status::InvalidArgument(
      "radius_m", "is " + Text(circle.radius_m) + ", must be a finite number of metres, 0 or more");
}

Status CheckBox(const GeoBox& box) {
  SAGITTA_RETURN_IF_ERROR(CheckDegrees("west", box.west, 180));
  SAGITTA_RETURN_IF_ERROR(CheckDegrees("east", box.east, 180));
  SAGITTA_RETURN_IF_ERROR(CheckDegrees("south", box.south, 90));
  SAGITTA_RETURN_IF_ERROR(CheckDegrees("north", box.north, 90));
  if (box.south <= box.north) return Status::Ok();
  return Status::InvalidArgument(
      "south", "is " + Text(box.south) + ", must not be above north, " + Text(box.north));
}

Status CheckPolygon(const GeoPolygon& polygon) {
  size_t points = polygon.exterior.size();
  for (const auto& ring : polygon.interiors) points += ring.size();
  if (points > kMaxPoints) {
    return Status::InvalidArgument(
        "", "has " + std::to_string(points) + " points, at most 10000 are allowed");
  }
  if (polygon.interiors.size() > kMaxInteriors) {
    return Status::InvalidArgument("interiors", "has " + std::to_string(polygon.interiors.size()) +
                                                    " rings, at most 1000 are allowed");
  }
  SAGITTA_RETURN_IF_ERROR(CheckRing("exterior", polygon.exterior));
  for (size_t i = 0; i < polygon.interiors.size(); ++i) {
    SAGITTA_RETURN_IF_ERROR(
        CheckRing("interiors[" + std::to_string(i) + "]", polygon.interiors[i]));
  }
  return Status::Ok();
}

}  // namespace sagitta::filter
