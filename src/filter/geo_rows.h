// GeoRows: (point, row) pairs in the order of a Z curve through the plane of lon and lat (Morton,
// 1966), so that every quadrant of every quadrant is one slice. A region is answered by going down
// from the whole world: slices wholly inside it are taken, those wholly outside left, and where its
// border runs, slices are cut in four until few pairs are left, whose points are then compared. New
// pairs wait in an unsorted tail, compared in full by each look-up, until it is worth a merge.
// Thread-compatible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "filter/geo_region.h"
#include "filter/value_column.h"

namespace sagitta::filter {

// The place of a point on the curve: 32 bits of lon and of lat, interleaved.
uint64_t GeoCell(const GeoPoint& point);

class GeoRows {
 public:
  void Add(const GeoPoint& point, uint32_t row);
  void Find(const GeoRegion& region, RowSink* sink) const;
  // About how many pairs lie in `region`: exact but for border slices that are too many to go
  // through, of which a sample is taken.
  uint64_t Estimate(const GeoRegion& region) const;

  void Freeze();
  void Serialize(std::string* out) const;
  bool Deserialize(std::string_view& in, uint64_t row_limit);
  size_t MemoryBytes() const;

 private:
  struct Pair {
    GeoPoint point;
    uint64_t cell;
    uint32_t row;
    bool operator<(const Pair& other) const;
  };
  // A square of the curve and the slice of pairs in it.
  struct Square {
    uint64_t prefix;  // the first 2 · level bits of its cells
    int level;
    size_t begin, end;

    size_t size() const { return end - begin; }
    GeoRect Rect() const;
  };

  Square World() const { return {0, 0, 0, points_.size()}; }
  // Its quadrants that hold pairs, by way of each(quadrant).
  template <typename Each>
  void Cut(const Square& square, const Each& each) const;
  void FindIn(const Square& square, const GeoRegion& region, RowSink* sink) const;
  void Compare(const Square& square, const GeoRegion& region, RowSink* sink) const;
  uint64_t Sample(const Square& square, const GeoRegion& region) const;
  Pair At(size_t i) const { return {points_[i], GeoCell(points_[i]), rows_[i]}; }
  void Merge();

  std::vector<GeoPoint> points_;
  std::vector<uint32_t> rows_;  // beside points_
  std::vector<Pair> tail_;
};

}  // namespace sagitta::filter
