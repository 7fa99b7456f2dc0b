#include "cli/wire_json.h"

#include <gtest/gtest.h>

#include "cli/json_text.h"

namespace sagitta::cli {
namespace {

using nlohmann::json;

TEST(WireJson, IdsOfEveryKindComeBack) {
  for (const auto& [text, printed] : std::vector<std::pair<std::string, std::string>>{
           {"17", "17"},
           {"\"17\"", "17"},
           {"18446744073709551615", "18446744073709551615"},
           {"\"abc\"", "\"abc\""},
           {"\"str:17\"", "\"str:17\""},
           {"\"str:str:x\"", "\"str:str:x\""},
           {"\"uuid:0F0E0D0C-0B0A-0908-0706-050403020100\"",
            "\"uuid:0f0e0d0c-0b0a-0908-0706-050403020100\""}}) {
    const auto id = IdFromJson(json::parse(text));
    ASSERT_TRUE(id.ok()) << text << ": " << id.status().ToString();
    v1::PointId wire;
    IdToWire(*id, &wire);
    EXPECT_EQ(DumpJson(IdToJson(wire)), printed);
    const auto again = IdFromJson(IdToJson(wire));
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(*again, *id);
  }
  for (const char* bad : {"-1", "1.5", "null", "[1]", "true", "\"uuid:xyz\""}) {
    EXPECT_FALSE(IdFromJson(json::parse(bad)).ok()) << bad;
  }
}

TEST(WireJson, ValuesKeepTheirKind) {
  const char* text =
      R"({"b":true,"d":1.0,"e":1e300,"i":-9223372036854775808,"l":[1,[],{}],"n":null,"s":"é"})";
  google::protobuf::Map<std::string, v1::Value> payload;
  ASSERT_TRUE(PayloadFromJson(json::parse(text), &payload).ok());
  EXPECT_EQ(payload.at("d").kind_case(), v1::Value::kDoubleValue);
  EXPECT_EQ(payload.at("i").int64_value(), INT64_MIN);
  json back = json::object();
  for (const auto& [key, value] : payload) back[key] = ValueToJson(value);
  EXPECT_EQ(DumpJson(back), DumpJson(json::parse(text)));
}

TEST(WireJson, FloatsPrintShortAndComeBackExactly) {
  v1::Vector vector;
  ASSERT_TRUE(VectorFromJson(json::parse("[0.1, -3, 1e-40, 3.4028235e38]"), &vector).ok());
  EXPECT_FALSE(VectorFromJson(json::parse("[3.4028236e38]"), &vector).ok());
  vector.Clear();
  ASSERT_TRUE(VectorFromJson(json::parse("[0.1, -3, 1e-40, 3.4028235e38]"), &vector).ok());
  EXPECT_EQ(DumpJson(VectorToJson(vector)).substr(0, 9), "[0.1,-3.0");
  v1::Vector again;
  ASSERT_TRUE(VectorFromJson(VectorToJson(vector), &again).ok());
  EXPECT_EQ(again.data(), vector.data());
}

TEST(WireJson, IntegerVectorsPrintAsIntegers) {
  v1::Vector vector;
  vector.set_dtype(v1::DTYPE_I8);
  vector.set_data("\xff\x7f");
  EXPECT_EQ(DumpJson(VectorToJson(vector)), "[-1,127]");
}

TEST(WireJson, PackedBitsAreHex) {
  v1::Vector vector;
  ASSERT_TRUE(VectorFromJson(json("0f80"), &vector).ok());
  EXPECT_EQ(vector.dtype(), v1::DTYPE_BITS);
  EXPECT_EQ(vector.data(), "\x0f\x80");
  EXPECT_EQ(DumpJson(VectorToJson(vector)), "\"0f80\"");
  for (const char* bad : {"", "0", "0g", "0f8"}) {
    EXPECT_FALSE(VectorFromJson(json(bad), &vector).ok()) << bad;
  }
  ASSERT_TRUE(VectorFromJson(json(std::vector<int>(65'536, 1)), &vector).ok());
  EXPECT_FALSE(VectorFromJson(json(std::vector<int>(65'537, 1)), &vector).ok());
}

TEST(WireJson, PointsComeBack) {
  const auto text = json::parse(
      R"({"id":"str:7","vectors":{"a":[1,2],"b":[3]},"payload":{"k":[1]},"expires_at_ms":5})");
  v1::UpsertPoint point;
  ASSERT_TRUE(PointFromJson(text, "", &point).ok());
  json printed = PointToJson(point.point());
  printed.erase("version");
  json expected = text;
  expected["vectors"] = {{"a", {1.0, 2.0}}, {"b", {3.0}}};
  EXPECT_EQ(printed, expected);
}

TEST(WireJson, DeepOrBrokenTextIsRefused) {
  EXPECT_FALSE(ParseJson(std::string(65, '[') + std::string(65, ']'), "x").ok());
  EXPECT_TRUE(ParseJson(std::string(64, '[') + std::string(64, ']'), "x").ok());
  EXPECT_TRUE(ParseJson("\"" + std::string(500, '[') + "\\\"[\"", "x").ok());
  EXPECT_FALSE(ParseJson("1 2", "x").ok());
  EXPECT_FALSE(ParseJson("", "x").ok());
  EXPECT_FALSE(ParseJson("\"\xff\"", "x").ok());
}

}  // namespace
}  // namespace sagitta::cli
