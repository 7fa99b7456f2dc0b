// Places and areas on the globe, in degrees: east and north are positive. Plain values.
#pragma once

#include <vector>

namespace sagitta {

struct GeoPoint {
  double lon = 0;  // −180–180
  double lat = 0;  // −90–90
  friend bool operator==(const GeoPoint&, const GeoPoint&) = default;
};

// All within `radius_m` metres of the centre along great circles of a sphere of 6,371,008.8 m, the
// mean radius of the Earth: up to 0.6 % off the ellipsoid's distances.
struct GeoCircle {
  GeoPoint center;
  double radius_m = 0;  // finite, ≥ 0; from half the circumference on, everything
};

// Between two meridians and two parallels, all four included. Where west is greater than east, the
// box is the one across the antimeridian; −180 and 180 are the same meridian.
struct GeoBox {
  double west = 0;   // −180–180
  double south = 0;  // −90–north
  double east = 0;
  double north = 0;
};

// Inside the exterior ring, or on it, and not inside an interior one. Edges are straight lines in
// the plane of lon and lat, as in GeoJSON (RFC 7946), not great circles. A ring that crosses the
// antimeridian goes on beyond ±180: 170, 190 for −170. A ring that crosses itself has as inside
// what a ray from there leaves through an odd number of edges.
struct GeoPolygon {
  // A ring has at least three different points, lon −360–360, and is at most 360 degrees wide. Its
  // last point may repeat the first one or not.
  std::vector<GeoPoint> exterior;
  std::vector<std::vector<GeoPoint>> interiors;  // at most 1,000; 10,000 points in all rings
};

}  // namespace sagitta
