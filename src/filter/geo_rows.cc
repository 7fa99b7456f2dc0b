#include "filter/geo_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <deque>
#include <span>
#include <tuple>

#include "base/bytes.h"

namespace sagitta::filter {
namespace {

using Side = GeoRegion::Side;

constexpr int kLevels = 32;
constexpr size_t kMinMerge = 1024;  // pairs of a tail: compared in tens of microseconds
// Cutting a slice costs about what comparing so many points does.
constexpr size_t kFewPairs = 32;
// An estimate looks at so many squares at most, and compares so many points of a border square.
constexpr size_t kMaxSquares = 1024;
constexpr size_t kSample = 16;

constexpr size_t kPairBytes = 2 * sizeof(double) + sizeof(uint32_t);
static_assert(sizeof(GeoPoint) == 2 * sizeof(double), "points are stored as they lie in memory");

uint32_t Quantize(double degrees, double most) {
  const double share = (degrees + most) / (2 * most);
  return static_cast<uint32_t>(std::clamp(share * 4294967296.0, 0.0, 4294967295.0));
}

// Bit i goes to bit 2i.
uint64_t Spread(uint32_t bits) {
  uint64_t x = bits;
  x = (x | (x << 16)) & 0x0000FFFF0000FFFF;
  x = (x | (x << 8)) & 0x00FF00FF00FF00FF;
  x = (x | (x << 4)) & 0x0F0F0F0F0F0F0F0F;
  x = (x | (x << 2)) & 0x3333333333333333;
  return (x | (x << 1)) & 0x5555555555555555;
}

uint64_t Gather(uint64_t x) {
  x &= 0x5555555555555555;
  x = (x | (x >> 1)) & 0x3333333333333333;
  x = (x | (x >> 2)) & 0x0F0F0F0F0F0F0F0F;
  x = (x | (x >> 4)) & 0x00FF00FF00FF00FF;
  x = (x | (x >> 8)) & 0x0000FFFF0000FFFF;
  return (x | (x >> 16)) & 0x00000000FFFFFFFF;
}

}  // namespace

uint64_t GeoCell(const GeoPoint& point) {
  return (Spread(Quantize(point.lon, 180)) << 1) | Spread(Quantize(point.lat, 90));
}

bool GeoRows::Pair::operator<(const Pair& other) const {
  return std::tie(cell, row, point.lon, point.lat) <
         std::tie(other.cell, other.row, other.point.lon, other.point.lat);
}

GeoRect GeoRows::Square::Rect() const {
  const double lon_side = std::ldexp(360.0, -level);
  const double lat_side = std::ldexp(180.0, -level);
  const double west = -180 + static_cast<double>(Gather(prefix >> 1)) * lon_side;
  const double south = -90 + static_cast<double>(Gather(prefix)) * lat_side;
  return {west, south, west + lon_side, south + lat_side};
}

void GeoRows::Add(const GeoPoint& point, uint32_t row) {
  // A list may hold a point twice.
  if (!tail_.empty() && tail_.back().row == row && tail_.back().point == point) return;
  tail_.push_back({point, GeoCell(point), row});
  if (tail_.size() >= kMinMerge && tail_.size() >= points_.size() / 8) Merge();
}

template <typename Each>
void GeoRows::Cut(const Square& square, const Each& each) const {
  const int shift = 2 * (kLevels - square.level - 1);
  size_t begin = square.begin;
  for (uint64_t quadrant = 0; quadrant < 4 && begin < square.end; ++quadrant) {
    const uint64_t prefix = square.prefix * 4 + quadrant;
    size_t end = square.end;
    if (quadrant < 3) {
      const auto from = points_.begin() + static_cast<ptrdiff_t>(begin);
      const auto to = points_.begin() + static_cast<ptrdiff_t>(square.end);
      const auto above = std::partition_point(
          from, to, [&](const GeoPoint& point) { return GeoCell(point) >> shift <= prefix; });
      end = static_cast<size_t>(above - points_.begin());
    }
    if (begin < end) each(Square{prefix, square.level + 1, begin, end});
    begin = end;
  }
}

void GeoRows::Compare(const Square& square, const GeoRegion& region, RowSink* sink) const {
  for (size_t i = square.begin; i < square.end; ++i) {
    if (region.Contains(points_[i])) sink->Add(rows_[i]);
  }
}

void GeoRows::FindIn(const Square& square, const GeoRegion& region, RowSink* sink) const {
  if (square.size() <= kFewPairs || square.level == kLevels) return Compare(square, region, sink);
  switch (region.Classify(square.Rect())) {
    case Side::kOutside:
      return;
    case Side::kInside:
      return sink->Add(std::span(rows_).subspan(square.begin, square.size()));
    case Side::kEdge:
      return Cut(square, [&](const Square& quadrant) { FindIn(quadrant, region, sink); });
  }
}

void GeoRows::Find(const GeoRegion& region, RowSink* sink) const {
  FindIn(World(), region, sink);
  for (const Pair& pair : tail_) {
    if (region.Contains(pair.point)) sink->Add(pair.row);
  }
}

uint64_t GeoRows::Sample(const Square& square, const GeoRegion& region) const {
  const size_t looks = std::min(square.size(), kSample);
  uint64_t hits = 0;
  for (size_t i = 0; i < looks; ++i) {
    if (region.Contains(points_[square.begin + i * square.size() / looks])) ++hits;
  }
  return looks == 0 ? 0 : hits * square.size() / looks;
}

uint64_t GeoRows::Estimate(const GeoRegion& region) const {
  uint64_t count = 0;
  // Large squares first, so that what is left for sampling is small.
  std::deque<Square> open = {World()};
  for (size_t looked = 0; !open.empty(); ++looked) {
    const Square square = open.front();
    open.pop_front();
    const bool few = square.size() <= kFewPairs || square.level == kLevels;
    const Side side = few ? Side::kEdge : region.Classify(square.Rect());
    if (side == Side::kInside) count += square.size();
    if (side != Side::kEdge) continue;
    if (square.size() <= kFewPairs) {
      RowSink sink;
      Compare(square, region, &sink);
      count += sink.count();
    } else if (few || looked >= kMaxSquares) {
      count += Sample(square, region);
    } else {
      Cut(square, [&](const Square& quadrant) { open.push_back(quadrant); });
    }
  }
  for (const Pair& pair : tail_) count += region.Contains(pair.point) ? 1 : 0;
  return count;
}

void GeoRows::Freeze() {
  Merge();
  std::vector<Pair>().swap(tail_);  // unlike = {}, gives the memory back
  points_.shrink_to_fit();
  rows_.shrink_to_fit();
}

void GeoRows::Serialize(std::string* out) const {
  GeoRows sorted = *this;
  sorted.Merge();
  base::PutVarint(*out, sorted.points_.size());
  out->append(reinterpret_cast<const char*>(sorted.points_.data()),
              sorted.points_.size() * sizeof(GeoPoint));
  out->append(reinterpret_cast<const char*>(sorted.rows_.data()),
              sorted.rows_.size() * sizeof(uint32_t));
}

bool GeoRows::Deserialize(std::string_view& in, uint64_t row_limit) {
  uint64_t count;
  if (!base::GetVarint(in, &count) || count > in.size() / kPairBytes) return false;
  points_.resize(count);
  rows_.resize(count);
  if (count == 0) return true;
  std::memcpy(points_.data(), in.data(), count * sizeof(GeoPoint));
  in.remove_prefix(count * sizeof(GeoPoint));
  std::memcpy(rows_.data(), in.data(), count * sizeof(uint32_t));
  in.remove_prefix(count * sizeof(uint32_t));
  for (size_t i = 0; i < count; ++i) {
    const auto& [lon, lat] = points_[i];
    // Written so that NaN fails.
    if (!(lon >= -180 && lon <= 180 && lat >= -90 && lat <= 90)) return false;
    if (rows_[i] >= row_limit || (i > 0 && At(i) < At(i - 1))) return false;
  }
  return true;
}

size_t GeoRows::MemoryBytes() const {
  return points_.capacity() * sizeof(GeoPoint) + rows_.capacity() * sizeof(uint32_t) +
         tail_.capacity() * sizeof(Pair);
}

// From the back, in place, as SortedRows does.
void GeoRows::Merge() {
  std::sort(tail_.begin(), tail_.end());
  size_t old = points_.size();
  size_t fresh = tail_.size();
  points_.resize(old + fresh);
  rows_.resize(old + fresh);
  while (fresh > 0) {
    const Pair& pair = tail_[fresh - 1];
    const size_t at = old + fresh - 1;
    if (old > 0 && pair < At(old - 1)) {
      --old;
      points_[at] = points_[old];
      rows_[at] = rows_[old];
    } else {
      --fresh;
      points_[at] = pair.point;
      rows_[at] = pair.row;
    }
  }
  tail_.clear();
}

}  // namespace sagitta::filter
