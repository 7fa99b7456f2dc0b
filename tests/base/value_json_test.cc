#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "sagitta/value.h"

namespace sagitta {
namespace {

Value RandomValue(std::mt19937_64& random, int depth) {
  switch (random() % (depth > 0 ? 7 : 5)) {
    case 0:
      return Value();
    case 1:
      return Value(random() % 2 == 0);
    case 2:
      return Value(static_cast<int64_t>(random() >> (random() % 64)));
    case 3: {
      double value;
      do {
        value = std::bit_cast<double>(uint64_t{random()});
      } while (!std::isfinite(value));
      return Value(random() % 2 == 0 ? value : static_cast<double>(random() % 1000));
    }
    case 4: {
      static const std::string kPieces[] = {"a",        "\"",
                                            "\\",       "\n",
                                            "\t",       std::string(1, '\0'),
                                            "\x1F",     "\x7F",
                                            "\xC3\xA9", "\xF0\x9F\x8E\xAF",
                                            "/"};
      std::string text;
      for (size_t i = random() % 6; i > 0; --i) text += kPieces[random() % 11];
      return Value(text);
    }
    case 5: {
      ValueList list;
      for (size_t i = random() % 4; i > 0; --i) list.push_back(RandomValue(random, depth - 1));
      return Value(std::move(list));
    }
    default: {
      ValueObject object;
      for (size_t i = random() % 4; i > 0; --i) {
        object.insert_or_assign("k\xC3\xA9" + std::to_string(random() % 9),
                                RandomValue(random, depth - 1));
      }
      return Value(std::move(object));
    }
  }
}

TEST(ValueJson, RandomRoundTrip) {
  std::mt19937_64 random(9);
  for (int i = 0; i < 20000; ++i) {
    const Value value = RandomValue(random, 4);
    const std::string json = value.ToJson();
    auto back = Value::ParseJson(json);
    ASSERT_TRUE(back.ok()) << json << back.status().ToString();
    ASSERT_TRUE(*back == value) << json;
    ASSERT_EQ(back->ToJson(), json);
  }
}

TEST(ValueJson, Text) {
  EXPECT_EQ(Value().ToJson(), "null");
  EXPECT_EQ(Value(1.0).ToJson(), "1.0");
  EXPECT_EQ(Value(-0.0).ToJson(), "-0.0");
  EXPECT_EQ(Value(0.1).ToJson(), "0.1");
  EXPECT_EQ(Value(1e300).ToJson(), "1e+300");
  EXPECT_EQ(Value(std::numeric_limits<double>::infinity()).ToJson(), "null");
  EXPECT_EQ(Value(1).ToJson(), "1");
  EXPECT_EQ(Value("a\x01\"").ToJson(), "\"a\\u0001\\\"\"");
  EXPECT_EQ(Value("a\xFF").ToJson(), "\"a\xEF\xBF\xBD\"");
  EXPECT_EQ(Value(ValueObject{{"b", Value(ValueList{})}, {"a", Value(true)}}).ToJson(),
            "{\"a\":true,\"b\":[]}");
}

TEST(ValueJson, NumbersKeepTheirKind) {
  EXPECT_EQ(*Value::ParseJson("1"), Value(1));
  EXPECT_EQ(*Value::ParseJson("1.0"), Value(1.0));
  EXPECT_EQ(*Value::ParseJson("1e2"), Value(100.0));
  EXPECT_EQ(*Value::ParseJson("9223372036854775807"), Value(INT64_MAX));
  EXPECT_EQ(*Value::ParseJson("-9223372036854775808"), Value(INT64_MIN));
  EXPECT_EQ(*Value::ParseJson("5e-324"), Value(std::numeric_limits<double>::denorm_min()));
  EXPECT_FALSE(*Value::ParseJson("1") == Value(1.0));
}

TEST(ValueJson, Refuses) {
  const struct {
    const char* json;
    const char* says;
  } cases[] = {{"9223372036854775808", "beyond int64"},
               {"-9223372036854775809", "beyond int64"},
               {"18446744073709551616", "beyond int64"},
               {"[1, 100000000000000000000000000000]", "beyond int64"},
               {"1e999", "double"},
               {"-1e999", "double"},
               {"", "not JSON"},
               {"{", "not JSON"},
               {"[1,]", "not JSON"},
               {"nul", "not JSON"},
               {"1 2", "not JSON"},
               {"NaN", "not JSON"},
               {"'a'", "not JSON"},
               {"\"\xFF\"", "not JSON"},
               {"\"\\ud800\"", "not JSON"},
               {"/* c */ 1", "not JSON"},
               {"{\"a\":1,\"a\":2}", "duplicate key 'a'"}};
  for (const auto& [json, says] : cases) {
    const Status status = Value::ParseJson(json).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << json;
    EXPECT_NE(status.message().find(says), std::string::npos) << json << " " << status.ToString();
  }
}

TEST(ValueJson, DepthIsBounded) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(Value::ParseJson(nested(64)).ok());
  const Status status = Value::ParseJson(nested(65)).status();
  EXPECT_NE(status.message().find("64"), std::string::npos);
  EXPECT_FALSE(Value::ParseJson(std::string(1000000, '[')).ok());
  std::string objects;
  for (int i = 0; i < 65; ++i) objects += "{\"a\":";
  EXPECT_NE(Value::ParseJson(objects).status().message().find("64"), std::string::npos);
}

// Cuts and flips of a valid text: an error or a value, never a crash.
TEST(ValueJson, DamagedText) {
  std::mt19937_64 random(10);
  for (int i = 0; i < 20000; ++i) {
    std::string json = RandomValue(random, 4).ToJson();
    json.resize(random() % (json.size() + 1));
    if (!json.empty()) json[random() % json.size()] = static_cast<char>(random());
    auto value = Value::ParseJson(json);
    if (value.ok()) {
      ASSERT_TRUE(*Value::ParseJson(value->ToJson()) == *value) << json;
    }
  }
}

}  // namespace
}  // namespace sagitta
