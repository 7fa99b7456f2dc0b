// GeoRing: a closed line in the plane of lon and lat, ready for many questions: its edges lie in
// strips of latitude, so that a point meets few of them. Thread-safe once made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sagitta/geo.h"

namespace sagitta::filter {

struct GeoRect;

class GeoRing {
 public:
  enum class Place { kOutside, kOn, kInside };

  // REQUIRES: at least three different points, finite. Closed where the last is not the first.
  explicit GeoRing(const std::vector<GeoPoint>& points);

  // By the even-odd rule.
  Place PlaceOf(double lon, double lat) const;
  // Whether an edge meets the rectangle; may be true where one passes within 1e-9 degrees of it.
  bool Touches(const GeoRect& rect) const;

 private:
  // From the lower end to the upper one, so that an edge is the same whichever way it was given.
  struct Edge {
    double low_lon, low_lat, high_lon, high_lat;
  };

  static bool Meets(const Edge& edge, const GeoRect& rect);
  size_t StripOf(double lat) const;
  uint64_t CountEntries() const;

  double west_, south_, east_, north_;
  std::vector<Edge> edges_;
  size_t strips_ = 1;
  std::vector<uint32_t> begin_;    // strips_ + 1: where a strip's edges begin in `entries_`
  std::vector<uint32_t> entries_;  // numbers of edges, strip by strip
};

}  // namespace sagitta::filter
