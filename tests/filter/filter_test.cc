#include "sagitta/filter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sagitta {
namespace {

struct Refusal {
  Filter filter;
  const char* field;
  const char* says;
};

Filter Nested(int depth) {
  Filter filter = Filter::Exists("a");
  for (int i = 1; i < depth; ++i) filter = Filter::Not(std::move(filter));
  return filter;
}

void ExpectRefused(const Refusal& refusal) {
  const Status status = refusal.filter.Validate();
  ASSERT_EQ(status.code(), StatusCode::kInvalidArgument) << refusal.field << refusal.says;
  if (*refusal.field != 0) {
    EXPECT_EQ(status.field(), refusal.field);
  }
  EXPECT_NE(status.message().find(refusal.says), std::string::npos) << status.ToString();
}

TEST(FilterValidate, NamesTheNode) {
  using Bound = Filter::Bound;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Filter no_child = Filter::And({});
  no_child.op = Filter::Op::kNot;
  Filter leaf_with_child = Filter::Exists("a");
  leaf_with_child.children.push_back(Filter::Exists("b"));
  Filter twice = Filter::Equals("a", 1);
  twice.values.emplace_back(2);
  Filter unknown = Filter::Exists("a");
  unknown.op = static_cast<Filter::Op>(99);
  const Refusal kRefusals[] = {
      {Filter::Exists(""), "filter.exists.path", "empty"},
      {Filter::Exists("a..b"), "filter.exists.path", "empty key"},
      {Filter::Exists(".a"), "filter.exists.path", "empty key"},
      {Filter::Exists("a."), "filter.exists.path", "empty key"},
      {Filter::Exists(std::string(1025, 'a')), "filter.exists.path", "1025 bytes, at most 1024"},
      {Filter::Exists("a\xFF"), "filter.exists.path", "not UTF-8"},
      {Filter::IsNull("a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"),
       "filter.is_null.path", "more than 32 keys"},
      {no_child, "filter.not", "0 children"},
      {leaf_with_child, "filter.exists.children", "only and, or, not, nested"},
      {twice, "filter.equals.value", "2 times"},
      {unknown, "filter.op", "99"},
      {Filter::Equals("a", Value()), "filter.equals.value", "null"},
      {Filter::Equals("a", ValueList{1}), "filter.equals.value", "a list"},
      {Filter::Equals("a", nan), "filter.equals.value", "finite"},
      {Filter::In("a", {}), "filter.in.values", "0 entries, 1 to 65536"},
      {Filter::In("a", std::vector<Value>(65537, 1)), "filter.in.values", "65537 entries"},
      {Filter::NotIn("a", {1, "x", ValueObject()}), "filter.not_in.values[2]", "an object"},
      {Filter::And({Filter::Exists("a"), Filter::Range("b", Bound{"x", true}, std::nullopt)}),
       "filter.and[1].range.lower", "a string, must be an int64 or a double"},
      {Filter::Range("b", std::nullopt, Bound{INFINITY, true}), "filter.range.upper", "finite"},
      {Filter::Or({Filter::Not(Filter::DatetimeRange("b", std::nullopt, Bound{true, true}))}),
       "filter.or[0].not.datetime_range.upper", "a bool"},
      {Filter::IdIn({}), "filter.id_in.ids", "0 entries"},
      {Filter::Or({Filter::And({}), Filter::IdIn({PointId(1), PointId("")})}),
       "filter.or[1].id_in.ids[1]", ""},
      {Filter::Match("a", ""), "filter.match.text", "0 bytes, 1 to 8192"},
      {Filter::Match("a", std::string(8193, 'x')), "filter.match.text", "8193 bytes"},
      {Filter::Match("a", "\xFF"), "filter.match.text", "not UTF-8"},
      {Filter::Match("a", "x", static_cast<TextMatch>(4)), "filter.match.match", "4"},
      {Nested(33), "", "33 levels deep, at most 32"},
      {Filter::And(std::vector<Filter>(1024, Filter::Exists("a"))), "filter", "1024 nodes"},
  };
  for (const Refusal& refusal : kRefusals) ExpectRefused(refusal);
}

TEST(FilterValidate, NamesWhatIsWrongWithAreasTextsAndObjects) {
  using Bound = Filter::Bound;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Filter childless = Filter::Nested("a", Filter::And({}));
  childless.children.clear();
  Filter klingon = Filter::Match("a", "x");
  klingon.tokens = TextParams{.stemmer = "klingon"};
  const Refusal kRefusals[] = {
      {Filter::Nested("", Filter::And({})), "filter.nested.path", "empty"},
      {Filter::Nested("a", Filter::Or({Filter::Exists("")})),
       "filter.nested.filter.or[0].exists.path", "empty"},
      {Filter::Nested("a", Filter::Not(Filter::IdIn({PointId(1)}))),
       "filter.nested.filter.not.id_in", "no ids"},
      {Filter::Nested("a", Filter::Nested("b", Filter::Range("c", Bound{"x", true}, {}))),
       "filter.nested.filter.nested.filter.range.lower", "a string"},
      {childless, "filter.nested", "0 children"},
      {klingon, "filter.match.tokens.stemmer", "klingon"},
      {Filter::GeoRadius("", {0, 0}, 1), "filter.geo_radius.path", "empty"},
      {Filter::GeoRadius("a", {180.5, 0}, 1), "filter.geo_radius.center.lon",
       "is 180.5, allowed are -180.0 to 180.0"},
      {Filter::GeoRadius("a", {0, nan}, 1), "filter.geo_radius.center.lat", "nan"},
      {Filter::GeoRadius("a", {0, 0}, -1), "filter.geo_radius.radius_m", "-1.0"},
      {Filter::GeoRadius("a", {0, 0}, INFINITY), "filter.geo_radius.radius_m", "finite"},
      {Filter::And({Filter::GeoInBox("a", {0, 10, 1, 9})}), "filter.and[0].geo_box.south",
       "10.0, must not be above north, 9.0"},
      {Filter::GeoInBox("a", {-181, 0, 0, 0}), "filter.geo_box.west", "-181.0"},
      {Filter::GeoInPolygon("a", {}), "filter.geo_polygon.exterior",
       "0 different points, at least 3"},
      {Filter::GeoInPolygon("a", {{{0, 0}, {1, 1}, {0, 0}, {1, 1}}, {}}),
       "filter.geo_polygon.exterior", "2 different"},
      {Filter::GeoInPolygon("a", {{{0, 0}, {1, 1}, {2, 0}}, {{{0, 0}, {0, 1}, {361, 0}}}}),
       "filter.geo_polygon.interiors[0][2].lon", "361.0"},
      {Filter::GeoInPolygon("a", {{{-200, 0}, {0, 1}, {200, 0}}, {}}),
       "filter.geo_polygon.exterior", "400.0 degrees wide"},
      {Filter::GeoInPolygon("a", {std::vector<GeoPoint>(10'001), {}}), "filter.geo_polygon",
       "10001 points"},
      {Filter::GeoInPolygon("a",
                            {{{0, 0}, {1, 1}, {2, 0}}, std::vector<std::vector<GeoPoint>>(1001)}),
       "filter.geo_polygon.interiors", "1001 rings"},
  };
  for (const Refusal& refusal : kRefusals) ExpectRefused(refusal);
}

TEST(FilterValidate, TakesWhatIsAtTheLimits) {
  const Filter kFilters[] = {
      Nested(32),
      Filter::And(std::vector<Filter>(1023, Filter::Exists("a"))),
      Filter::And({}),
      Filter::Or({}),
      Filter::In("a", std::vector<Value>(65536, true)),
      Filter::Exists(std::string(1024, 'a')),
      Filter::Range("a", std::nullopt, std::nullopt),
      Filter::Range("a", Filter::Bound{2, true}, Filter::Bound{1.5, true}),
      Filter::DatetimeRange("a.b.c", Filter::Bound{0, false}, std::nullopt),
      Filter::NotIn("a", {1, 2.5, "x", true}),
      Filter::IdIn({PointId(7), PointId("x")}),
      Filter::GeoRadius("a", {-180, 90}, 0),
      Filter::And({Filter::IdIn({PointId(7)}), Filter::Nested("a.b", Filter::And({}))}),
      Filter::Match("a", std::string(8192, 'x'), TextMatch::kPhrase),
      Filter::GeoInBox("a", {170, -90, -170, 90}),
      Filter::GeoInPolygon("a",
                           {{{-360, 0}, {0, 1}, {-1, 2}, {-360, 0}}, {{{1, 1}, {2, 2}, {3, 1}}}}),
  };
  for (const Filter& filter : kFilters) {
    EXPECT_TRUE(filter.Validate().ok()) << filter.Validate().ToString();
  }
}

TEST(FilterValidate, CountsNodesAtAnyDepth) {
  std::vector<Filter> groups(31, Filter::Or(std::vector<Filter>(32, Filter::Exists("a"))));
  EXPECT_TRUE(Filter::And(groups).Validate().ok());  // 1 + 31 × 33 = 1,024
  groups.push_back(Filter::Exists("a"));
  EXPECT_FALSE(Filter::And(groups).Validate().ok());
}

TEST(FilterValidate, SurvivesFarTooDeepTrees) {
  EXPECT_EQ(Nested(5000).Validate().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace sagitta
