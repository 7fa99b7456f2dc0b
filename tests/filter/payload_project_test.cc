#include <gtest/gtest.h>

#include "filter/payload_codec.h"

namespace sagitta::filter {
namespace {

Payload FromJson(std::string_view json) { return *Value::ParseJson(json)->AsObject(); }

TEST(PayloadProject, FindsOnePath) {
  const std::string payload = *EncodePayload(FromJson(
      R"({"a":{"b":[1,[2]]},"l":[{"x":1},{"x":[2,3]},{"y":0},{"x":[]}],"e":[{"y":1}],"n":null})"));
  EXPECT_EQ(FindPath(payload, "a.b")->ToJson(), "[1,[2]]");
  EXPECT_EQ(FindPath(payload, "a")->ToJson(), R"({"b":[1,[2]]})");
  EXPECT_TRUE(FindPath(payload, "n")->is_null());
  EXPECT_EQ(FindPath(payload, "l.x")->ToJson(), "[1,2,3]");
  EXPECT_FALSE(FindPath(payload, "e.x"));
  EXPECT_FALSE(FindPath(payload, "a.c"));
  EXPECT_FALSE(FindPath(payload, ""));
  EXPECT_FALSE(FindPath("", "a"));
}

TEST(PayloadProject, KeepsOnlyThePathsAsked) {
  const std::string payload = *EncodePayload(
      FromJson(R"({"a":{"b":1,"c":{"d":2,"e":3}},"l":[{"x":1,"y":2},5,{"y":3}],"z":[1,2]})"));
  struct Case {
    std::vector<std::string> paths;
    const char* json;
  };
  const Case kCases[] = {
      {{"a.b"}, R"({"a":{"b":1}})"},
      {{"a.c.d", "a.b"}, R"({"a":{"b":1,"c":{"d":2}}})"},
      {{"a", "a.b"}, R"({"a":{"b":1,"c":{"d":2,"e":3}}})"},
      {{"l.x"}, R"({"l":[{"x":1}]})"},
      {{"l.y", "z"}, R"({"l":[{"y":2},{"y":3}],"z":[1,2]})"},
      {{"none", "a.none", "z.none", ""}, "{}"},
      {{}, "{}"},
  };
  for (const Case& c : kCases) {
    const auto projected = ProjectPayload(payload, c.paths);
    ASSERT_TRUE(projected.ok());
    EXPECT_EQ(*projected, FromJson(c.json)) << Value(*projected).ToJson();
  }
  EXPECT_EQ(ProjectPayload(payload.substr(0, payload.size() - 2), {"z"}).status().code(),
            StatusCode::kDataLoss);
}

TEST(PayloadProject, ErasesPaths) {
  Payload payload = FromJson(R"({"a":{"b":1,"c":2},"l":[{"x":1,"y":2},5,{"y":3}],"s":"t"})");
  EXPECT_TRUE(ErasePath(payload, "a.b"));
  EXPECT_FALSE(ErasePath(payload, "a.b"));
  EXPECT_TRUE(ErasePath(payload, "l.y"));
  EXPECT_FALSE(ErasePath(payload, "s.t"));
  EXPECT_FALSE(ErasePath(payload, ""));
  EXPECT_EQ(payload, FromJson(R"({"a":{"c":2},"l":[{"x":1},5,{}],"s":"t"})"));
  EXPECT_TRUE(ErasePath(payload, "l"));
  EXPECT_TRUE(ErasePath(payload, "a"));
  EXPECT_EQ(payload, FromJson(R"({"s":"t"})"));
}

}  // namespace
}  // namespace sagitta::filter
