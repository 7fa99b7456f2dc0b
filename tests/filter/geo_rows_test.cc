#include "filter/geo_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "tests/filter/random_filters.h"

namespace sagitta::filter {
namespace {

struct World {
  // A third anywhere, a third in towns, the rest where coordinates are extreme.
  World(uint64_t seed, size_t count) : random(seed) {
    std::vector<GeoPoint> towns;
    for (int i = 0; i < 20; ++i) towns.push_back({random.Real(-180, 180), random.Real(-85, 85)});
    for (uint32_t row = 0; row < count; ++row) {
      GeoPoint point = {random.Real(-180, 180), random.Real(-90, 90)};
      if (random.OneIn(3)) point = random.MakePlace();
      if (random.OneIn(3)) {
        const GeoPoint& town = towns[random.Below(towns.size())];
        point = {std::clamp(town.lon + random.Real(-0.1, 0.1), -180.0, 180.0),
                 town.lat + random.Real(-0.1, 0.1)};
      }
      points.push_back(point);
      rows.Add(point, row);
    }
  }
  RandomFilters random;
  std::vector<GeoPoint> points;
  GeoRows rows;
};

void ExpectExact(World& world, const Filter& area) {
  const auto region = GeoRegion::Of(area);
  RowSink sink(world.points.size());
  world.rows.Find(*region, &sink);
  const base::Bitset& found = sink.Bits();
  for (uint32_t row = 0; row < world.points.size(); ++row) {
    ASSERT_EQ(found.Test(row), region->Contains(world.points[row]))
        << "op " << static_cast<int>(area.op) << ", " << world.points[row].lon << " "
        << world.points[row].lat;
  }
  const double estimate = static_cast<double>(world.rows.Estimate(*region));
  const double count = static_cast<double>(found.Count());
  EXPECT_NEAR(estimate, count, 0.05 * static_cast<double>(world.points.size()) + 40);
  EXPECT_EQ(estimate == 0, count == 0) << estimate << " for " << count;
}

TEST(GeoRows, FindsWhatAScanFinds) {
  for (size_t count : {0, 1, 33, 900, 1500, 20'000}) {
    World world(count, count);
    for (int stage = 0; stage < 3; ++stage) {
      if (stage == 1) {
        std::string bytes;
        world.rows.Serialize(&bytes);
        std::string_view in = bytes;
        GeoRows back;
        ASSERT_TRUE(back.Deserialize(in, count));
        ASSERT_TRUE(in.empty());
        world.rows = std::move(back);
      }
      if (stage == 2) world.rows.Freeze();
      for (int i = 0; i < 150; ++i) {
        ExpectExact(world, world.random.MakeGeo("p"));
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST(GeoRows, CellsFollowTheOrderOfQuadrants) {
  EXPECT_EQ(GeoCell({-180, -90}), 0u);
  EXPECT_EQ(GeoCell({180, 90}), ~uint64_t{0});
  EXPECT_EQ(GeoCell({0, 0}) >> 62, 3u);
  EXPECT_EQ(GeoCell({-0.001, 0}) >> 62, 1u);
  EXPECT_EQ(GeoCell({0, -0.001}) >> 62, 2u);
}

// A look-up compares points along the border only: far fewer than there are.
TEST(GeoRows, LooksAtFewPoints) {
  class Counting final : public GeoRegion {
   public:
    explicit Counting(const Filter& area) : region_(GeoRegion::Of(area)) {}
    bool Contains(const GeoPoint& point) const override {
      ++compared;
      return region_->Contains(point);
    }
    Side Classify(const GeoRect& rect) const override {
      ++classified;
      return region_->Classify(rect);
    }
    mutable size_t compared = 0, classified = 0;

   private:
    std::unique_ptr<GeoRegion> region_;
  };
  World world(3, 200'000);
  world.rows.Freeze();
  const Filter area = Filter::GeoRadius("p", {10, 50}, 2e6);
  Counting region(area);
  RowSink sink(world.points.size());
  world.rows.Find(region, &sink);
  EXPECT_GT(sink.count(), 2000u);
  EXPECT_LT(region.compared, 20'000u);
  EXPECT_LT(region.classified, 4000u);
  Counting again(area);
  world.rows.Estimate(again);
  EXPECT_LT(again.compared, 20'000u);
  EXPECT_LE(again.classified, 1024u);
}

TEST(GeoRows, BytesAreCheckedAndCompact) {
  World world(9, 5000);
  world.rows.Freeze();
  EXPECT_LE(world.rows.MemoryBytes(), 5000u * 20);
  std::string bytes;
  world.rows.Serialize(&bytes);
  const size_t points = bytes.size() - 5000 * 20;
  const auto refused = [&](std::string_view in, uint64_t limit) {
    GeoRows back;
    return !back.Deserialize(in, limit);
  };
  EXPECT_FALSE(refused(bytes, 5000));
  EXPECT_TRUE(refused(bytes, 4999)) << "a row at the limit";
  EXPECT_TRUE(refused(bytes.substr(0, bytes.size() - 1), 5000));
  for (const double bad : {200.0, -180.5, std::nan(""), HUGE_VAL}) {
    std::string changed = bytes;
    std::memcpy(changed.data() + points + 32, &bad, sizeof(bad));
    EXPECT_TRUE(refused(changed, 5000)) << bad;
  }
  std::string swapped = bytes;
  std::swap_ranges(swapped.begin() + static_cast<ptrdiff_t>(points),
                   swapped.begin() + static_cast<ptrdiff_t>(points) + 16,
                   swapped.begin() + static_cast<ptrdiff_t>(points) + 16 * 4000);
  EXPECT_TRUE(refused(swapped, 5000)) << "out of order";
}

}  // namespace
}  // namespace sagitta::filter
