#include "filter/geo_region.h"

#include <gtest/gtest.h>

#include "filter/payload_format.h"
#include "tests/filter/random_filters.h"

namespace sagitta::filter {
namespace {

constexpr GeoPoint kLondon = {-0.1278, 51.5074};
constexpr GeoPoint kParis = {2.3522, 48.8566};
constexpr GeoPoint kFiji = {178.4419, -18.1416};
constexpr GeoPoint kSamoa = {-171.7514, -13.8333};

bool Within(const Filter& area, const GeoPoint& point) {
  EXPECT_TRUE(area.Validate().ok()) << area.Validate().ToString();
  return GeoRegion::Of(area)->Contains(point);
}

TEST(GeoRegion, RadiusIsInMetresAlongTheSphere) {
  // London to Paris is 343.6 km on the mean sphere; a degree of latitude is 111.195 km.
  EXPECT_TRUE(Within(Filter::GeoRadius("p", kLondon, 343'700), kParis));
  EXPECT_FALSE(Within(Filter::GeoRadius("p", kLondon, 343'400), kParis));
  EXPECT_TRUE(Within(Filter::GeoRadius("p", {10, 45}, 111'196), {10, 46}));
  EXPECT_FALSE(Within(Filter::GeoRadius("p", {10, 45}, 111'194), {10, 46}));
  EXPECT_TRUE(Within(Filter::GeoRadius("p", kFiji, 1'160'000), kSamoa)) << "over the antimeridian";
  EXPECT_FALSE(Within(Filter::GeoRadius("p", kFiji, 1'140'000), kSamoa));
  EXPECT_TRUE(Within(Filter::GeoRadius("p", {0, 90}, 1), {77, 90})) << "a pole is one place";
  EXPECT_TRUE(Within(Filter::GeoRadius("p", {0, 89.9}, 23'000), {180, 89.9})) << "over the pole";
  EXPECT_TRUE(Within(Filter::GeoRadius("p", kParis, 0), kParis));
  EXPECT_TRUE(Within(Filter::GeoRadius("p", {0, 0}, 20'015'200), {180, 0})) << "all there is";
}

TEST(GeoRegion, BoxesHaveTheirEdgesAndMayCrossTheAntimeridian) {
  const Filter pacific = Filter::GeoInBox("p", {170, -20, -170, -10});
  EXPECT_TRUE(Within(pacific, kFiji));
  EXPECT_TRUE(Within(pacific, kSamoa));
  EXPECT_TRUE(Within(pacific, {180, -10}));
  EXPECT_TRUE(Within(pacific, {-180, -20}));
  EXPECT_FALSE(Within(pacific, {0, -15}));
  EXPECT_FALSE(Within(pacific, {175, -9.99}));
  const Filter west = Filter::GeoInBox("p", {-180, 0, -170, 10});
  EXPECT_TRUE(Within(west, {180, 5})) << "the same meridian as -180";
  EXPECT_FALSE(Within(west, {179.9, 5}));
  EXPECT_TRUE(Within(Filter::GeoInBox("p", {5, 5, 5, 5}), {5, 5}));
  EXPECT_TRUE(Within(Filter::GeoInBox("p", {-180, -90, 180, 90}), {12, 34}));
}

TEST(GeoRegion, PolygonsHaveHolesAndEdges) {
  const Filter ring =
      Filter::GeoInPolygon("p", {.exterior = {{0, 0}, {10, 0}, {10, 10}, {0, 10}, {0, 0}},
                                 .interiors = {{{2, 2}, {4, 2}, {4, 4}, {2, 4}}}});
  EXPECT_TRUE(Within(ring, {5, 5}));
  EXPECT_TRUE(Within(ring, {0, 0}));
  EXPECT_TRUE(Within(ring, {10, 5}));
  EXPECT_TRUE(Within(ring, {3, 10}));
  EXPECT_TRUE(Within(ring, {2, 3})) << "a hole's edge is not in the hole";
  EXPECT_FALSE(Within(ring, {3, 3}));
  EXPECT_FALSE(Within(ring, {10.0001, 5}));
  // A straight line from (0, 0) to (90, 60) passes (45, 30); a great circle passes far north of it.
  const Filter triangle = Filter::GeoInPolygon("p", {{{0, 0}, {90, 0}, {90, 60}}, {}});
  EXPECT_TRUE(Within(triangle, {45, 30}));
  EXPECT_FALSE(Within(triangle, {45, 30.0001}));
  // Two triangles that meet in the middle: both are inside, what lies beside the crossing is not.
  const Filter bow_tie = Filter::GeoInPolygon("p", {{{0, 0}, {10, 10}, {10, 0}, {0, 10}}, {}});
  EXPECT_TRUE(Within(bow_tie, {1, 5}));
  EXPECT_TRUE(Within(bow_tie, {9, 5}));
  EXPECT_FALSE(Within(bow_tie, {5, 9}));
}

TEST(GeoRegion, PolygonsCrossTheAntimeridianBeyond180) {
  const Filter east =
      Filter::GeoInPolygon("p", {{{170, -20}, {190, -20}, {190, -10}, {170, -10}}, {}});
  const Filter west =
      Filter::GeoInPolygon("p", {{{-190, -20}, {-170, -20}, {-170, -10}, {-190, -10}}, {}});
  for (const Filter& area : {east, west}) {
    EXPECT_TRUE(Within(area, kFiji));
    EXPECT_TRUE(Within(area, kSamoa));
    EXPECT_TRUE(Within(area, {180, -15}));
    EXPECT_TRUE(Within(area, {-180, -15}));
    EXPECT_FALSE(Within(area, {0, -15}));
    EXPECT_FALSE(Within(area, {-169, -15}));
  }
}

TEST(GeoRegion, ReadsPointsAndNothingElse) {
  const auto read = [](const char* json, GeoPoint* point) {
    const std::string payload = *EncodePayload({{"p", *Value::ParseJson(json)}});
    bool is_point = false;
    VisitPath(payload, "p", [&](const ValueView& value) {
      if (value.kind == Value::Kind::kObject) is_point = ReadGeoPoint(value, point);
    });
    return is_point;
  };
  GeoPoint point;
  EXPECT_TRUE(read(R"({"lon": 2.5, "lat": -7})", &point));
  EXPECT_EQ(point, (GeoPoint{2.5, -7}));
  EXPECT_TRUE(read(R"({"lon": -180, "lat": 90, "alt": 12, "name": "x"})", &point));
  EXPECT_TRUE(read(R"([{"lon": 1, "lat": 2}])", &point)) << "an element";
  for (const char* json :
       {R"({"lon": 180.1, "lat": 0})", R"({"lon": 0, "lat": 91})", R"({"lat": 0})", R"({"lon": 0})",
        R"({"lon": "0", "lat": 0})", R"({"lon": 0, "lat": null})", R"({"lon": [1], "lat": 0})",
        R"({"lng": 1, "lat": 0})", R"({})", R"({"lon": 9223372036854775807, "lat": 0})",
        R"([1, 2])", R"("1,2")"}) {
    EXPECT_FALSE(read(json, &point)) << json;
  }
}

// What Classify() is sure of must be so for every point of the rectangle.
TEST(GeoRegion, ClassifyIsNeverWronglySure) {
  RandomFilters random(5);
  size_t inside = 0, outside = 0, edge = 0;
  for (int i = 0; i < 3000; ++i) {
    const Filter area = random.MakeGeo("p");
    ASSERT_TRUE(area.Validate().ok()) << area.Validate().ToString();
    const auto region = GeoRegion::Of(area);
    for (int j = 0; j < 20; ++j) {
      const int level = static_cast<int>(random.Below(14));
      const double side = std::ldexp(1.0, -level);
      const GeoPoint at = random.MakePlace();
      GeoRect rect;
      rect.west =
          -180 + 360 * side * std::min(std::floor((at.lon + 180) / 360 / side), 1 / side - 1);
      rect.south =
          -90 + 180 * side * std::min(std::floor((at.lat + 90) / 180 / side), 1 / side - 1);
      rect.east = rect.west + 360 * side;
      rect.north = rect.south + 180 * side;
      const auto verdict = region->Classify(rect);
      if (verdict == GeoRegion::Side::kEdge) {
        ++edge;
        continue;
      }
      ++(verdict == GeoRegion::Side::kInside ? inside : outside);
      for (int k = 0; k < 12; ++k) {
        const GeoPoint point = {k % 3 == 0   ? rect.west
                                : k % 3 == 1 ? rect.east
                                             : random.Real(rect.west, rect.east),
                                k / 3 == 0   ? rect.south
                                : k / 3 == 1 ? rect.north
                                             : random.Real(rect.south, rect.north)};
        ASSERT_EQ(region->Contains(point), verdict == GeoRegion::Side::kInside)
            << i << " op " << static_cast<int>(area.op) << " at " << point.lon << ", " << point.lat;
      }
    }
  }
  EXPECT_GT(inside, 2000u);
  EXPECT_GT(outside, 2000u);
  EXPECT_GT(edge, 2000u);
}

}  // namespace
}  // namespace sagitta::filter
