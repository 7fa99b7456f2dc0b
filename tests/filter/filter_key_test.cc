#include "filter/filter_key.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/filter/random_filters.h"

namespace sagitta::filter {
namespace {

// Everything that a filter says, as text; written apart from FilterKey on purpose.
std::string Text(const Filter& filter) {
  std::string text = "(" + std::to_string(static_cast<int>(filter.op)) + " '" + filter.path + "'";
  for (const Filter& child : filter.children) text += Text(child);
  for (const Value& value : filter.values) text += " " + value.ToJson();
  for (const auto* bound : {&filter.lower, &filter.upper}) {
    text +=
        !bound->has_value() ? " -" : ((*bound)->inclusive ? " [" : " (") + (*bound)->value.ToJson();
  }
  for (const PointId& id : filter.ids) text += " " + id.ToString();
  const auto put = [&](double number) { text += " " + std::to_string(number); };
  for (const double number :
       {filter.circle.center.lon, filter.circle.center.lat, filter.circle.radius_m, filter.box.west,
        filter.box.south, filter.box.east, filter.box.north}) {
    put(number);
  }
  std::vector<std::vector<GeoPoint>> rings = filter.polygon.interiors;
  rings.push_back(filter.polygon.exterior);
  for (const auto& ring : rings) {
    text += " ring";
    for (const GeoPoint& point : ring) put(point.lon), put(point.lat);
  }
  text += " '" + filter.text + "' " + std::to_string(static_cast<int>(filter.match));
  if (filter.tokens.has_value()) {
    text += " " + std::to_string(static_cast<int>(filter.tokens->tokenizer)) +
            (filter.tokens->case_sensitive ? " cased " : " folded ") + filter.tokens->stemmer;
    put(filter.tokens->min_token_chars), put(filter.tokens->max_token_chars);
    for (const std::string& word : filter.tokens->stop_words) text += " stop '" + word + "'";
  }
  return text + ")";
}

TEST(FilterKey, IsTheSameOnlyForTheSameFilter) {
  RandomFilters random(5);
  std::map<std::string, std::string> texts;
  size_t again = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Filter filter = random.MakeFilter();
    const std::string key = FilterKey(filter);
    ASSERT_FALSE(key.empty());
    const auto [it, fresh] = texts.emplace(key, Text(filter));
    EXPECT_EQ(it->second, Text(filter));
    again += fresh ? 0 : 1;
  }
  EXPECT_GT(again, 100u) << "equal filters have equal keys";
}

TEST(FilterKey, SaysWhereOneOperandEndsAndTheNextBegins) {
  EXPECT_NE(FilterKey(Filter::In("a", {"bc", "d"})), FilterKey(Filter::In("a", {"b", "cd"})));
  EXPECT_NE(FilterKey(Filter::Equals("a", 1)), FilterKey(Filter::Equals("a", 1.0)));
  EXPECT_NE(FilterKey(Filter::Equals("ab", "c")), FilterKey(Filter::Equals("a", "bc")));
  EXPECT_NE(FilterKey(Filter::Range("a", Filter::Bound{1}, std::nullopt)),
            FilterKey(Filter::Range("a", std::nullopt, Filter::Bound{1})));
  EXPECT_NE(FilterKey(Filter::IdIn({PointId(1)})), FilterKey(Filter::IdIn({PointId("1")})));
  Filter match = Filter::Match("a", "running");
  const std::string as_the_index_says = FilterKey(match);
  match.tokens.emplace();
  const std::string plain = FilterKey(match);
  match.tokens->stemmer = "english";
  EXPECT_NE(as_the_index_says, plain);
  EXPECT_NE(plain, FilterKey(match));
}

TEST(FilterKey, LongListsHaveNone) {
  std::vector<Value> values(65'536, Value("twelve bytes"));
  EXPECT_EQ(FilterKey(Filter::In("a", values)), "");
  EXPECT_EQ(FilterKey(Filter::And({Filter::Exists("a"), Filter::In("a", values)})), "");
}

}  // namespace
}  // namespace sagitta::filter
