#include "filter/condition.h"

#include <gtest/gtest.h>

#include "filter/evaluate.h"

namespace sagitta::filter {
namespace {

using Bound = Filter::Bound;

struct Case {
  const char* payload;  // JSON
  Filter filter;
  bool matches;
};

void Check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    const auto value = Value::ParseJson(c.payload);
    ASSERT_TRUE(value.ok()) << c.payload;
    const auto encoded = EncodePayload(*value->AsObject());
    ASSERT_TRUE(encoded.ok()) << c.payload;
    EXPECT_EQ(Matches(c.filter, *encoded, PointId(1)), c.matches)
        << c.payload << ", op " << static_cast<int>(c.filter.op) << " on " << c.filter.path;
  }
}

TEST(Condition, Equality) {
  Check({
      {R"({"a":1})", Filter::Equals("a", 1), true},
      {R"({"a":1})", Filter::Equals("a", 1.0), true},
      {R"({"a":1.0})", Filter::Equals("a", 1), true},
      {R"({"a":true})", Filter::Equals("a", 1), false},
      {R"({"a":1})", Filter::Equals("a", true), false},
      {R"({"a":true})", Filter::Equals("a", true), true},
      {R"({"a":"1"})", Filter::Equals("a", 1), false},
      {R"({"a":9007199254740993})", Filter::Equals("a", 9007199254740992.0), false},
      {R"({"a":9007199254740993})", Filter::Equals("a", int64_t{9007199254740993}), true},
      {R"({"a":[1,2,3]})", Filter::Equals("a", 2), true},
      {R"({"a":[[2]]})", Filter::Equals("a", 2), false},
      {R"({"a":{"b":"x"}})", Filter::Equals("a.b", "x"), true},
      {R"({"a":[{"b":1},7,{"b":["x"]}]})", Filter::Equals("a.b", "x"), true},
      {R"({"a":[[{"b":1}]]})", Filter::Equals("a.b", 1), false},
      {R"({"a.b":1})", Filter::Equals("a.b", 1), false},
      {R"({})", Filter::Not(Filter::Equals("a", 1)), true},
      {R"({"a":"y"})", Filter::In("a", {1, true, "y"}), true},
      {R"({"a":false})", Filter::In("a", {0, true, "y"}), false},
      {R"({"a":[3,4]})", Filter::NotIn("a", {4}), false},
      {R"({})", Filter::NotIn("a", {4}), true},
      {R"({"a":null})", Filter::NotIn("a", {4}), true},
  });
}

TEST(Condition, NestedIsOfOneObject) {
  const auto both = Filter::And({Filter::Equals("x", 1), Filter::Equals("y", 2)});
  const auto no_x = Filter::Not(Filter::Exists("x"));
  Check({
      {R"({"a":[{"x":1,"y":3},{"x":1,"y":2}]})", Filter::Nested("a", both), true},
      {R"({"a":[{"x":1,"y":3},{"x":2,"y":2}]})", Filter::Nested("a", both), false},
      {R"({"a":[{"x":1},{"y":2}]})", Filter::Nested("a", both), false},
      {R"({"a":{"x":1,"y":2}})", Filter::Nested("a", both), true},
      {R"({"a":[{"x":[3,1],"y":2}]})", Filter::Nested("a", both), true},
      {R"({"a":[1,"x",null,[{"x":1,"y":2}]]})", Filter::Nested("a", both), false},
      {R"({"a":[{"x":1},{}]})", Filter::Nested("a", no_x), true},
      {R"({"a":[{"x":1},7]})", Filter::Nested("a", no_x), false},
      {R"({"a":[]})", Filter::Nested("a", Filter::And({})), false},
      {R"({"a":[{}]})", Filter::Nested("a", Filter::And({})), true},
      {R"({"x":1,"y":2})", Filter::Nested("a", both), false},
      {R"({"a":[{"b":[{"x":1}]},{"b":{"x":1,"y":2}}]})", Filter::Nested("a.b", both), true},
      {R"({"a":[{"k":1,"b":[{"x":1,"y":2}]},{"k":2}]})",
       Filter::Nested("a", Filter::And({Filter::Equals("k", 1), Filter::Nested("b", both)})), true},
      {R"({"a":[{"k":1,"b":[]},{"k":2,"b":[{"x":1,"y":2}]}]})",
       Filter::Nested("a", Filter::And({Filter::Equals("k", 1), Filter::Nested("b", both)})),
       false},
      {R"({"a":[{"at":{"lon":5,"lat":5}}]})",
       Filter::Nested("a", Filter::GeoInBox("at", {0, 0, 9, 9})), true},
  });
}

TEST(Condition, Words) {
  const auto match = [](const char* text, TextMatch how) { return Filter::Match("a", text, how); };
  using enum TextMatch;
  Check({
      {R"({"a":"Red shoes"})", match("shoes red", kAll), true},
      {R"({"a":"Red shoes"})", match("red hat", kAll), false},
      {R"({"a":"Red shoes"})", match("red hat", kAny), true},
      {R"({"a":"Red shoes"})", match("blue hat", kAny), false},
      {R"({"a":"my red, shoes"})", match("red shoes", kPhrase), true},
      {R"({"a":"shoes red"})", match("red shoes", kPhrase), false},
      {R"({"a":"red red shoes"})", match("red red", kPhrase), true},
      {R"({"a":"red shoes"})", match("red red", kPhrase), false},
      {R"({"a":"redshoes"})", match("red", kAll), false},
      {R"({"a":"shoe"})", match("shoes", kAll), false},
      {R"({"a":["red hat","blue shoes"]})", match("blue shoes", kAll), true},
      {R"({"a":["red hat","blue shoes"]})", match("red shoes", kAll), false},
      {R"({"a":["red hat","blue shoes"]})", match("red shoes", kAny), true},
      {R"({"a":[["red"]]})", match("red", kAny), false},
      {R"({"a":{"b":"red"}})", match("red", kAny), false},
      {R"({"a":42})", match("42", kAll), false},
      {R"({"a":"!"})", match("!", kAll), false},
      {R"({"a":"!"})", match("!", kAny), false},
      {R"({"a":"東京都"})", match("京都", kPhrase), true},
      {R"({})", match("red", kAny), false},
  });
  Filter stemmed = match("shoes", kAll);
  stemmed.tokens = TextParams{.stemmer = "english"};
  Check({{R"({"a":"a shoe"})", stemmed, true}});
}

TEST(Condition, Ranges) {
  Check({
      {R"({"a":5})", Filter::Range("a", Bound{5, true}, std::nullopt), true},
      {R"({"a":5})", Filter::Range("a", Bound{5, false}, std::nullopt), false},
      {R"({"a":5})", Filter::Range("a", Bound{4.5, true}, Bound{5.5, true}), true},
      {R"({"a":"5"})", Filter::Range("a", Bound{4, true}, std::nullopt), false},
      {R"({"a":true})", Filter::Range("a", std::nullopt, std::nullopt), false},
      {R"({"a":0})", Filter::Range("a", std::nullopt, std::nullopt), true},
      // One element below and one above do not make a match.
      {R"({"a":[1,9]})", Filter::Range("a", Bound{4, true}, Bound{6, true}), false},
      {R"({"a":[1,5]})", Filter::Range("a", Bound{4, true}, Bound{6, true}), true},
      {R"({"a":9007199254740993})", Filter::Range("a", Bound{9007199254740992.0, false}, {}), true},
      {R"({"a":"1970-01-01T00:00:01Z"})", Filter::DatetimeRange("a", Bound{1000, true}, {}), true},
      {R"({"a":"1970-01-01T00:00:01+00:01"})", Filter::DatetimeRange("a", Bound{1000, true}, {}),
       false},
      {R"({"a":1000})", Filter::DatetimeRange("a", Bound{1000, true}, Bound{1000, true}), true},
      {R"({"a":1000.0})", Filter::DatetimeRange("a", Bound{1000, true}, Bound{1000, true}), false},
      {R"({"a":"soon"})", Filter::DatetimeRange("a", std::nullopt, std::nullopt), false},
  });
}

TEST(Condition, Presence) {
  Check({
      {R"({"a":null})", Filter::Exists("a"), true},
      {R"({})", Filter::Exists("a"), false},
      {R"({"a":1})", Filter::Exists("a.b"), false},
      {R"({"a":[{},{"b":null}]})", Filter::Exists("a.b"), true},
      {R"({"a":null})", Filter::IsNull("a"), true},
      {R"({"a":[1,null]})", Filter::IsNull("a"), true},
      {R"({"a":[1]})", Filter::IsNull("a"), false},
      {R"({})", Filter::IsNull("a"), false},
      {R"({})", Filter::IsEmpty("a"), true},
      {R"({"a":null})", Filter::IsEmpty("a"), true},
      {R"({"a":""})", Filter::IsEmpty("a"), true},
      {R"({"a":[]})", Filter::IsEmpty("a"), true},
      {R"({"a":{}})", Filter::IsEmpty("a"), true},
      {R"({"a":[""]})", Filter::IsEmpty("a"), false},
      {R"({"a":0})", Filter::IsEmpty("a"), false},
      {R"({"a":false})", Filter::IsEmpty("a"), false},
      {R"({"a":[{"b":1},{"b":""}]})", Filter::IsEmpty("a.b"), true},
  });
}

TEST(Condition, TreesAndIds) {
  Check({
      {R"({})", Filter::And({}), true},
      {R"({})", Filter::Or({}), false},
      {R"({})", Filter::IdIn({PointId(2), PointId(1)}), true},
      {R"({})", Filter::IdIn({PointId("1")}), false},
      {R"({"a":1})", Filter::And({Filter::Exists("a"), Filter::Not(Filter::Exists("b"))}), true},
  });
}

// Sorting the operands changes nothing.
TEST(Condition, ManyOperands) {
  std::vector<Value> operands = {true, "b", "a", 2.5, int64_t{9007199254740993}, 7, -1, "", 1e300};
  for (int i = 0; i < 100; ++i) operands.emplace_back("k" + std::to_string(i));
  const Filter filter = Filter::In("a", operands);
  const Condition many(filter, true), once(filter, false);
  const Value kValues[] = {
      true, false, "b", "k57",  "k100", 2.5, 7.0, 9007199254740992.0, int64_t{9007199254740993},
      -1,   "",    0,   Value()};
  for (const Value& value : kValues) {
    const std::string payload = *EncodePayload({{"a", value}});
    EXPECT_EQ(many.Matches(payload), once.Matches(payload)) << value.ToJson();
  }
}

}  // namespace
}  // namespace sagitta::filter
