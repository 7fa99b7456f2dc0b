#include "server/convert_filter.h"

#include <gtest/gtest.h>

#include <limits>

namespace sagitta::server {
namespace {

// There is no operator== on Filter: the wire form of both is compared.
std::string Wire(const Filter& filter) {
  v1::Filter wire;
  ToProto(filter, &wire);
  return wire.SerializeAsString();
}

Filter::Bound At(Value value, bool inclusive = true) { return {std::move(value), inclusive}; }

TEST(ConvertFilter, EveryConditionComesBackTheSame) {
  Filter english = Filter::Match("t", "red shoes");
  english.tokens = TextParams{TextTokenizer::kWhitespace, false, "english", 2, 9, {"the"}};
  const Filter leaves[] = {
      Filter::Equals("a.b", Value("x")),
      Filter::In("a", {Value(int64_t{1}), Value(1.0), Value(true)}),
      Filter::NotIn("a", {Value("y")}),
      Filter::Range("n", At(Value(std::numeric_limits<int64_t>::min())), At(Value(2.5), false)),
      Filter::Range("n", std::nullopt, At(Value(int64_t{5}))),
      Filter::DatetimeRange("t", At(Value(int64_t{1000})), std::nullopt),
      Filter::Exists("e"),
      Filter::IsNull("e"),
      Filter::IsEmpty("e"),
      Filter::IdIn({PointId(uint64_t{1}), PointId(std::string("s"))}),
      Filter::GeoRadius("g", {2.35, 48.86}, 1500),
      Filter::GeoInBox("g", {170, -20, -170, -10}),
      Filter::GeoInPolygon("g", {{{0, 0}, {9, 0}, {9, 9}}, {{{1, 1}, {2, 1}, {2, 2}}}}),
      Filter::Match("t", "red shoes", TextMatch::kPhrase),
      english};
  std::vector<Filter> children(std::begin(leaves), std::end(leaves));
  const Filter whole =
      Filter::And({Filter::Or(children), Filter::Not(children[0]),
                   Filter::Nested("a.b", Filter::Nested("c", Filter::And({children[0]})))});
  v1::Filter wire;
  ToProto(whole, &wire);
  auto back = FromProto(wire, "filter");
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(Wire(*back), Wire(whole));
  EXPECT_EQ(back->children[2].children[0].path, "c");
  EXPECT_EQ(back->children[0].children.size(), children.size());
  EXPECT_EQ(back->children[0].children[3].upper->inclusive, false);
  const Filter& polygon = back->children[0].children[12];
  EXPECT_EQ(polygon.polygon.exterior[2], (GeoPoint{9, 9}));
  EXPECT_EQ(polygon.polygon.interiors.size(), 1u);
  EXPECT_EQ(back->children[0].children[13].tokens, std::nullopt);
  EXPECT_EQ(back->children[0].children[14].tokens, english.tokens);
}

v1::Filter Chain(int depth) {
  v1::Filter filter;
  v1::Filter* inner = &filter;
  for (int i = 1; i < depth; ++i) inner = inner->mutable_negate();
  inner->mutable_exists()->set_path("a");
  return filter;
}

TEST(ConvertFilter, DepthIsBounded) {
  EXPECT_TRUE(FromProto(Chain(32), "filter").ok());
  auto refused = FromProto(Chain(33), "filter");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(refused.status().field().starts_with("filter.negate.negate"));
}

TEST(ConvertFilter, NestedCountsTowardsTheDepth) {
  for (int depth : {31, 32}) {
    v1::Filter filter;
    filter.mutable_nested()->set_path("a");
    *filter.mutable_nested()->mutable_filter() = Chain(depth);
    EXPECT_EQ(FromProto(filter, "filter").ok(), depth == 31);
  }
}

TEST(ConvertFilter, NodesAreBounded) {
  for (int leaves : {1023, 1024}) {
    v1::Filter filter;
    for (int i = 0; i < leaves; ++i) {
      filter.mutable_any_of()->add_filters()->mutable_exists()->set_path("a");
    }
    EXPECT_EQ(FromProto(filter, "filter").ok(), leaves == 1023);
  }
}

TEST(ConvertFilter, IncompleteConditionsAreNamed) {
  v1::Filter filter;
  EXPECT_EQ(FromProto(filter, "filter").status().field(), "filter");
  filter.mutable_all_of()->add_filters();
  EXPECT_EQ(FromProto(filter, "filter").status().field(), "filter.all_of[0]");

  v1::Filter range;
  range.mutable_range()->set_path("n");
  EXPECT_TRUE(FromProto(range, "filter").ok()) << "open at both ends: any number";
  range.mutable_range()->mutable_lower();
  EXPECT_EQ(FromProto(range, "filter").status().field(), "filter.range.lower");
  range.mutable_range()->mutable_lower()->set_double_value(
      std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(FromProto(range, "filter").status().field(), "filter.range.lower");

  v1::Filter time;
  time.mutable_datetime_range()->mutable_upper()->set_rfc3339("yesterday");
  EXPECT_EQ(FromProto(time, "filter").status().field(), "filter.datetime_range.upper.rfc3339");

  v1::Filter equals;
  equals.mutable_equals()->set_path("a");
  EXPECT_EQ(FromProto(equals, "filter").status().field(), "filter.equals.value");

  v1::Filter nested;
  nested.mutable_nested()->set_path("a");
  EXPECT_EQ(FromProto(nested, "filter").status().field(), "filter.nested.filter");
  nested.mutable_nested()->mutable_filter()->mutable_negate()->mutable_all_of()->add_filters();
  EXPECT_EQ(FromProto(nested, "filter").status().field(), "filter.nested.filter.negate.all_of[0]");

  v1::Filter radius;
  radius.mutable_geo_radius()->set_radius_m(1);
  EXPECT_EQ(FromProto(radius, "filter").status().field(), "filter.geo_radius.center");

  v1::Filter match;
  match.mutable_match()->set_text("x");
  EXPECT_EQ(FromProto(match, "filter")->match, TextMatch::kAll);
  match.mutable_match()->set_match(static_cast<v1::TextMatch>(9));
  EXPECT_EQ(FromProto(match, "filter").status().field(), "filter.match.match");
  match.mutable_match()->set_match(v1::TEXT_MATCH_ANY);
  match.mutable_match()->mutable_tokens()->set_tokenizer(static_cast<v1::TextTokenizer>(9));
  EXPECT_EQ(FromProto(match, "filter").status().field(), "filter.match.tokens.tokenizer");

  v1::Filter ids;
  ids.mutable_id_in()->add_ids();
  EXPECT_EQ(FromProto(ids, "filter").status().field(), "filter.id_in.ids[0]");
}

TEST(ConvertFilter, TextTimesBecomeMilliseconds) {
  v1::Filter filter;
  filter.mutable_datetime_range()->set_path("t");
  filter.mutable_datetime_range()->mutable_lower()->set_rfc3339("1970-01-01T00:00:01Z");
  auto converted = FromProto(filter, "filter");
  ASSERT_TRUE(converted.ok()) << converted.status().ToString();
  EXPECT_EQ(converted->lower->value, Value(int64_t{1000}));
}

TEST(ConvertFilter, WirePathsRenameWholeSegmentsOnly) {
  EXPECT_EQ(WireFilterPath("filter.and[10].or[0].in.values[3]"),
            "filter.all_of[10].any_of[0].is_in.values[3]");
  EXPECT_EQ(WireFilterPath("filter.not"), "filter.negate");
  EXPECT_EQ(WireFilterPath("filter.nested.filter.and[1].in.path"),
            "filter.nested.filter.all_of[1].is_in.path");
  EXPECT_EQ(WireFilterPath("filter.geo_polygon.exterior[2].lon"),
            "filter.geo_polygon.exterior.points[2].lon");
  EXPECT_EQ(WireFilterPath("filter.geo_polygon.exterior"), "filter.geo_polygon.exterior");
  EXPECT_EQ(WireFilterPath("filter.geo_polygon.interiors[1][2].lat"),
            "filter.geo_polygon.interiors[1].points[2].lat");
  EXPECT_EQ(WireFilterPath("filter.geo_polygon.interiors[1]"), "filter.geo_polygon.interiors[1]");
  EXPECT_EQ(WireFilterPath("filter.android.inn"), "filter.android.inn");
  EXPECT_EQ(WireFilterPath(""), "");
}

}  // namespace
}  // namespace sagitta::server
