#include "filter/geo_ring.h"

#include <algorithm>
#include <cmath>

#include "filter/geo_region.h"

namespace sagitta::filter {
namespace {

constexpr size_t kEdgesPerStrip = 4;
// An edge lies in every strip that it passes; rings of long edges get fewer strips.
constexpr uint64_t kMaxEntriesPerEdge = 8;

// Above 0 where (lon, lat) lies left of the line from (a_lon, a_lat) upwards.
double SideOf(double a_lon, double a_lat, double b_lon, double b_lat, double lon, double lat) {
  return (b_lon - a_lon) * (lat - a_lat) - (b_lat - a_lat) * (lon - a_lon);
}

}  // namespace

GeoRing::GeoRing(const std::vector<GeoPoint>& points) {
  west_ = east_ = points[0].lon;
  south_ = north_ = points[0].lat;
  for (size_t i = 0; i < points.size(); ++i) {
    const GeoPoint& a = points[i];
    const GeoPoint& b = points[(i + 1) % points.size()];
    west_ = std::min(west_, a.lon);
    east_ = std::max(east_, a.lon);
    south_ = std::min(south_, a.lat);
    north_ = std::max(north_, a.lat);
    if (a == b) continue;
    const bool up = a.lat < b.lat || (a.lat == b.lat && a.lon < b.lon);
    edges_.push_back(up ? Edge{a.lon, a.lat, b.lon, b.lat} : Edge{b.lon, b.lat, a.lon, a.lat});
  }
  strips_ = std::max<size_t>(1, edges_.size() / kEdgesPerStrip);
  while (strips_ > 1 && CountEntries() > kMaxEntriesPerEdge * edges_.size()) strips_ /= 2;
  begin_.assign(strips_ + 1, 0);
  for (const Edge& edge : edges_) {
    for (size_t s = StripOf(edge.low_lat); s <= StripOf(edge.high_lat); ++s) ++begin_[s + 1];
  }
  for (size_t s = 0; s < strips_; ++s) begin_[s + 1] += begin_[s];
  entries_.resize(begin_.back());
  std::vector<uint32_t> next(begin_.begin(), begin_.end() - 1);
  for (uint32_t i = 0; i < edges_.size(); ++i) {
    for (size_t s = StripOf(edges_[i].low_lat); s <= StripOf(edges_[i].high_lat); ++s) {
      entries_[next[s]++] = i;
    }
  }
}

// Does not descend as `lat` ascends, so that the strip of a latitude holds every edge that has it.
size_t GeoRing::StripOf(double lat) const {
  if (lat <= south_ || north_ == south_) return 0;
  const double share = std::min(1.0, (lat - south_) / (north_ - south_));
  return std::min(strips_ - 1, static_cast<size_t>(share * static_cast<double>(strips_)));
}

uint64_t GeoRing::CountEntries() const {
  uint64_t entries = 0;
  for (const Edge& edge : edges_) entries += StripOf(edge.high_lat) - StripOf(edge.low_lat) + 1;
  return entries;
}

GeoRing::Place GeoRing::PlaceOf(double lon, double lat) const {
  if (lon < west_ || lon > east_ || lat < south_ || lat > north_) return Place::kOutside;
  bool inside = false;
  const size_t strip = StripOf(lat);
  for (uint32_t i = begin_[strip]; i < begin_[strip + 1]; ++i) {
    const Edge& e = edges_[entries_[i]];
    if (lat < e.low_lat || lat > e.high_lat) continue;
    if (e.low_lat == e.high_lat) {
      if (lon >= e.low_lon && lon <= e.high_lon) return Place::kOn;
      continue;
    }
    const double side = SideOf(e.low_lon, e.low_lat, e.high_lon, e.high_lat, lon, lat);
    if (side == 0) return Place::kOn;
    // Upper ends do not count, so that a ray through a corner meets one of its two edges.
    if (side > 0 && lat < e.high_lat) inside = !inside;
  }
  return inside ? Place::kInside : Place::kOutside;
}

bool GeoRing::Meets(const Edge& e, const GeoRect& rect) {
  if (e.high_lat < rect.south || e.low_lat > rect.north) return false;
  if (std::max(e.low_lon, e.high_lon) < rect.west || std::min(e.low_lon, e.high_lon) > rect.east) {
    return false;
  }
  // All corners on one side of the line: they do not meet. The slack covers rounding.
  const double slack =
      1e-10 + 1e-10 * (std::abs(e.high_lon - e.low_lon) + (e.high_lat - e.low_lat));
  double least = 0, most = 0;
  bool first = true;
  for (const double lon : {rect.west, rect.east}) {
    for (const double lat : {rect.south, rect.north}) {
      const double side = SideOf(e.low_lon, e.low_lat, e.high_lon, e.high_lat, lon, lat);
      least = first ? side : std::min(least, side);
      most = first ? side : std::max(most, side);
      first = false;
    }
  }
  return least <= slack && most >= -slack;
}

bool GeoRing::Touches(const GeoRect& rect) const {
  if (rect.east < west_ || rect.west > east_ || rect.north < south_ || rect.south > north_) {
    return false;
  }
  const uint32_t end = begin_[StripOf(rect.north) + 1];
  for (uint32_t i = begin_[StripOf(rect.south)]; i < end; ++i) {
    if (Meets(edges_[entries_[i]], rect)) return true;
  }
  return false;
}

}  // namespace sagitta::filter
