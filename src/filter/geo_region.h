// GeoRegion: the area of a geo condition. What a scan and an index ask is the same Contains(), so
// that they cannot differ; Classify() may only be less sure than the truth. Thread-safe once made.
#pragma once

#include <memory>

#include "filter/payload_codec.h"
#include "sagitta/filter.h"
#include "sagitta/geo.h"

namespace sagitta::filter {

// The geo point that a payload's value is; false when it is none.
bool ReadGeoPoint(const ValueView& value, GeoPoint* point);

// −180 ≤ west ≤ east ≤ 180, −90 ≤ south ≤ north ≤ 90.
struct GeoRect {
  double west = -180;
  double south = -90;
  double east = 180;
  double north = 90;
};

class GeoRegion {
 public:
  enum class Side { kOutside, kInside, kEdge };

  // REQUIRES: `condition` is valid, of a geo op, and outlives this.
  static std::unique_ptr<GeoRegion> Of(const Filter& condition);
  virtual ~GeoRegion() = default;

  virtual bool Contains(const GeoPoint& point) const = 0;
  // kOutside, kInside: Contains() is false, true for every point of `rect` and of what lies within
  // 1e-9 degrees of it. kEdge: it may be either.
  virtual Side Classify(const GeoRect& rect) const = 0;
};

}  // namespace sagitta::filter
