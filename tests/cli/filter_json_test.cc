#include "cli/filter_json.h"

#include <gtest/gtest.h>

#include "cli/json_text.h"

namespace sagitta::cli {
namespace {

v1::Filter Parse(const std::string& text) {
  v1::Filter filter;
  const Status status = FilterFromArgument(text, &filter);
  EXPECT_TRUE(status.ok()) << text << ": " << status.ToString();
  return filter;
}

TEST(FilterJson, EveryCondition) {
  EXPECT_EQ(Parse(R"({"eq":{"path":"label","value":3}})").equals().value().int64_value(), 3);
  EXPECT_EQ(Parse(R"({"eq":{"path":"x","value":3.0}})").equals().value().double_value(), 3.0);
  EXPECT_TRUE(Parse(R"({"eq":{"path":"x","value":true}})").equals().value().bool_value());
  EXPECT_EQ(Parse(R"({"in":{"path":"a.b","values":["x",2]}})").is_in().values_size(), 2);
  EXPECT_EQ(Parse(R"({"not_in":{"path":"a","values":[1]}})").not_in().path(), "a");
  EXPECT_EQ(Parse(R"({"exists":"a"})").exists().path(), "a");
  EXPECT_EQ(Parse(R"({"is_null":{"path":"a"}})").is_null().path(), "a");
  EXPECT_EQ(Parse(R"({"is_empty":"a"})").is_empty().path(), "a");
  EXPECT_EQ(Parse(R"({"not":{"exists":"a"}})").negate().exists().path(), "a");
  EXPECT_EQ(Parse(R"({"and":[]})").all_of().filters_size(), 0);
  const auto ids = Parse(R"({"ids":[1,"abc","str:7"]})").id_in();
  EXPECT_EQ(ids.ids(0).u64(), 1u);
  EXPECT_EQ(ids.ids(1).string(), "abc");
  EXPECT_EQ(ids.ids(2).string(), "7");
}

TEST(FilterJson, BoundsKeepKindAndSide) {
  const auto range = Parse(R"({"range":{"path":"x","gte":1,"lt":5.5}})").range();
  EXPECT_EQ(range.lower().int64_value(), 1);
  EXPECT_FALSE(range.lower().exclusive());
  EXPECT_EQ(range.upper().double_value(), 5.5);
  EXPECT_TRUE(range.upper().exclusive());
  const auto open = Parse(R"({"range":{"path":"x","gt":-9223372036854775808}})").range();
  EXPECT_EQ(open.lower().int64_value(), INT64_MIN);
  EXPECT_TRUE(open.lower().exclusive());
  EXPECT_FALSE(open.has_upper());
  const auto at = Parse(R"({"datetime":{"path":"t","gt":"2026-11-24","lte":1700000000000}})");
  EXPECT_EQ(at.datetime_range().lower().rfc3339(), "2026-11-24");
  EXPECT_EQ(at.datetime_range().upper().unix_ms(), 1700000000000);
  EXPECT_FALSE(at.datetime_range().upper().exclusive());
}

TEST(FilterJson, GeoConditions) {
  const auto radius =
      Parse(R"({"geo_radius":{"path":"at","center":{"lon":2.35,"lat":48.86},"radius_m":500}})");
  EXPECT_EQ(radius.geo_radius().path(), "at");
  EXPECT_EQ(radius.geo_radius().center().lon(), 2.35);
  EXPECT_EQ(radius.geo_radius().center().lat(), 48.86);
  EXPECT_EQ(radius.geo_radius().radius_m(), 500);
  const auto box =
      Parse(R"({"geo_box":{"path":"at","west":170,"south":-20,"east":-170,"north":-10}})");
  EXPECT_EQ(box.geo_box().west(), 170);
  EXPECT_EQ(box.geo_box().south(), -20);
  EXPECT_EQ(box.geo_box().east(), -170);
  EXPECT_EQ(box.geo_box().north(), -10);
  const auto polygon = Parse(
      R"({"geo_polygon":{"path":"at","exterior":[[0,1],[9,0],{"lon":9,"lat":8}],
          "interiors":[[[1,1],[2,1],[2,2],[1,1]]]}})");
  EXPECT_EQ(polygon.geo_polygon().exterior().points(0).lat(), 1);
  EXPECT_EQ(polygon.geo_polygon().exterior().points(2).lat(), 8);
  EXPECT_EQ(polygon.geo_polygon().interiors(0).points_size(), 4);
}

TEST(FilterJson, TextAndObjects) {
  const auto match = Parse(R"({"match":{"path":"t","text":"red shoes"}})").match();
  EXPECT_EQ(match.text(), "red shoes");
  EXPECT_EQ(match.match(), v1::TEXT_MATCH_UNSPECIFIED);
  EXPECT_FALSE(match.has_tokens());
  const auto phrase = Parse(R"({"match":{"path":"t","text":"a b","mode":"phrase",
                                "tokens":{"stemmer":"english","stop_words":["the"]}}})");
  EXPECT_EQ(phrase.match().match(), v1::TEXT_MATCH_PHRASE);
  EXPECT_EQ(phrase.match().tokens().stemmer(), "english");
  EXPECT_EQ(phrase.match().tokens().stop_words(0), "the");
  const auto nested =
      Parse(R"({"nested":{"path":"reviews","filter":{"and":[{"exists":"a"},{"exists":"b"}]}}})");
  EXPECT_EQ(nested.nested().path(), "reviews");
  EXPECT_EQ(nested.nested().filter().all_of().filters(1).exists().path(), "b");
}

TEST(FilterJson, TreesNest) {
  const auto filter = Parse(
      R"({"and":[{"eq":{"path":"n","value":3}},{"or":[{"exists":"a"},{"not":{"exists":"b"}}]}]})");
  ASSERT_EQ(filter.all_of().filters_size(), 2);
  EXPECT_EQ(filter.all_of().filters(1).any_of().filters(1).negate().exists().path(), "b");
}

TEST(FilterJson, ErrorsNameThePlace) {
  for (const auto& [text, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({"and":[{"exists":"a"},{"range":{"path":"x","gte":"1"}}]})",
            "filter.and[1].range.gte"},
           {R"({"eqq":{"path":"a","value":1}})", "filter.eqq"},
           {R"({"eq":{"path":"a","value":null}})", "filter.eq.value"},
           {R"({"eq":{"path":"a","value":[1]}})", "filter.eq.value"},
           {R"({"eq":{"path":"a"}})", "filter.eq.value"},
           {R"({"eq":{"value":1}})", "filter.eq.path"},
           {R"({"eq":{"path":1,"value":1}})", "filter.eq.path"},
           {R"({"eq":{"path":"a","value":1,"vale":2}})", "filter.eq.vale"},
           {R"({"eq":{"path":"a","value":18446744073709551615}})", "filter.eq.value"},
           {R"({"in":{"path":"a","values":[]}})", "filter.in.values"},
           {R"({"in":{"path":"a","values":[1,{}]}})", "filter.in.values[1]"},
           {R"({"range":{"path":"a"}})", "filter.range"},
           {R"({"range":{"path":"a","gt":1,"gte":1}})", "filter.range"},
           {R"({"datetime":{"path":"a","gt":1.5}})", "filter.datetime.gt"},
           {R"({"ids":[1,-1]})", "filter.ids[1]"},
           {R"({"geo_radius":{"path":"a","radius_m":1}})", "filter.geo_radius.center"},
           {R"({"geo_radius":{"path":"a","center":[1,2]}})", "filter.geo_radius.radius_m"},
           {R"({"geo_radius":{"path":"a","center":[1,2,3],"radius_m":1}})",
            "filter.geo_radius.center"},
           {R"({"geo_radius":{"path":"a","center":{"lon":1,"lng":2},"radius_m":1}})",
            "filter.geo_radius.center.lat"},
           {R"({"geo_box":{"path":"a","west":1,"south":"0","east":2,"north":3}})",
            "filter.geo_box.south"},
           {R"({"geo_polygon":{"path":"a","exterior":[[0,0],[1,"1"]]}})",
            "filter.geo_polygon.exterior[1]"},
           {R"({"geo_polygon":{"path":"a","exterior":[],"interiors":[1]}})",
            "filter.geo_polygon.interiors[0]"},
           {R"({"match":{"path":"a"}})", "filter.match.text"},
           {R"({"match":{"path":"a","text":"x","mode":"some"}})", "filter.match.mode"},
           {R"({"match":{"path":"a","text":"x","mode":1}})", "filter.match.mode"},
           {R"({"match":{"path":"a","text":"x","tokens":{"stem":"x"}}})",
            "filter.match.tokens.stem"},
           {R"({"nested":{"path":"a"}})", "filter.nested.filter"},
           {R"({"nested":{"filter":{"exists":"b"}}})", "filter.nested.path"},
           {R"({"nested":{"path":"a","filter":{"not":{"exist":"b"}}}})",
            "filter.nested.filter.not.exist"},
           {R"({"and":{}})", "filter.and"},
           {R"({"exists":"a","is_null":"b"})", "filter"},
           {R"([])", "filter"}}) {
    v1::Filter filter;
    const Status status = FilterFromArgument(text, &filter);
    EXPECT_FALSE(status.ok()) << text;
    EXPECT_EQ(status.field(), field) << text << ": " << status.ToString();
  }
}

TEST(FilterJson, DepthAndSizeAreBounded) {
  auto nested = [](int levels) {
    std::string text;
    for (int i = 1; i < levels; ++i) text += "{\"not\":";
    return text + "{\"exists\":\"a\"}" + std::string(levels - 1, '}');
  };
  v1::Filter filter;
  EXPECT_TRUE(FilterFromArgument(nested(32), &filter).ok());
  EXPECT_FALSE(FilterFromArgument(nested(33), &filter).ok());
  EXPECT_FALSE(FilterFromArgument(nested(100'000), &filter).ok());
  EXPECT_TRUE(
      FilterFromArgument(R"({"nested":{"path":"a","filter":)" + nested(31) + "}}", &filter).ok());
  EXPECT_FALSE(
      FilterFromArgument(R"({"nested":{"path":"a","filter":)" + nested(32) + "}}", &filter).ok());
  auto wide = [](int children) {
    std::string text = "{\"or\":[{\"exists\":\"a\"}";
    for (int i = 1; i < children; ++i) text += ",{\"exists\":\"a\"}";
    return text + "]}";
  };
  EXPECT_TRUE(FilterFromArgument(wide(1023), &filter).ok());
  EXPECT_FALSE(FilterFromArgument(wide(1024), &filter).ok());
}

TEST(FilterJson, NotJsonAndMissingFile) {
  v1::Filter filter;
  EXPECT_NE(FilterFromArgument("{eq}", &filter).message().find("not JSON"), std::string::npos);
  EXPECT_EQ(FilterFromArgument("@/nowhere/f.json", &filter).code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace sagitta::cli
