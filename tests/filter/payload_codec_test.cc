#include "filter/payload_codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "filter/payload_format.h"
#include "filter/payload_walk.h"

namespace sagitta::filter {
namespace {

Value Nest(int levels) {
  Value value = 1;
  for (int i = 0; i < levels; ++i) {
    value = i % 2 == 0 ? Value(ValueList{std::move(value)}) : Value(ValueObject{{"k", value}});
  }
  return value;
}

TEST(PayloadCodec, RoundTripsEveryKindExactly) {
  const int64_t max = std::numeric_limits<int64_t>::max();
  const int64_t min = std::numeric_limits<int64_t>::min();
  const Payload kPayloads[] = {
      {},
      {{"n", Value()}, {"t", true}, {"f", false}},
      {{"i", ValueList{0, 1, -1, 63, 64, -64, -65, max, min, max - 1}}},
      {{"d", ValueList{0.0, -0.0, 1.0, 5e-324, 1.7976931348623157e308, 0.1}}},
      {{"s", ValueList{"", "x", "żółw 🐢", std::string(70'000, 'q'), std::string("a\0b", 3)}}},
      {{"l", ValueList{ValueList(), ValueObject(), ValueList{ValueList{1}}}}},
      {{"o", ValueObject{{"x", ValueObject{{"y", ValueObject{{"z", 3}}}}}, {"x.y", 4}}}},
      {{std::string(256, 'k'), 1}, {" ", 2}, {"ключ", 3}},
      {{"deep", Nest(31)}},
  };
  for (const Payload& payload : kPayloads) {
    const auto bytes = EncodePayload(payload);
    ASSERT_TRUE(bytes.ok()) << bytes.status().ToString();
    const auto back = DecodePayload(*bytes);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, payload);
  }
  const auto zero = DecodePayload(*EncodePayload({{"z", -0.0}}));
  EXPECT_TRUE(std::signbit(*zero->at("z").AsDouble()));
  EXPECT_TRUE(DecodePayload("")->empty());
}

// The format is stored: these bytes may not change.
TEST(PayloadCodec, BytesAreThoseOfTheDocument) {
  const Payload payload = {
      {"a", ValueList{1, Value()}}, {"b", ValueObject{{"c", "xy"}}}, {"d", true}};
  const char kBytes[] =
      "\x01\x03"  // version, three entries
      "\x01"
      "a"
      "\x06\x03\x02\x03\x02\x00"  // list, 3 bytes, 2 elements: int64 1 (zigzag 2), null
      "\x01"
      "b"
      "\x07\x06\x01\x01"
      "c"
      "\x05\x02xy"
      "\x01"
      "d"
      "\x02";
  EXPECT_EQ(*EncodePayload(payload), std::string(kBytes, sizeof(kBytes) - 1));
}

TEST(PayloadCodec, RefusesWithTheField) {
  struct Case {
    Payload payload;
    std::string field;
  };
  const Case kCases[] = {
      {{{"", 1}}, "payload."},
      {{{std::string(257, 'k'), 1}}, "payload.\"" + std::string(64, 'k') + "…\""},
      {{{"a", ValueObject{{"\xFF", 1}}}}, "payload.a.\"\\xff\""},
      {{{"a", ValueList{1, ValueObject{{"b", "\xC0\x80"}}}}}, "payload.a[1].b"},
      {{{"a", std::numeric_limits<double>::quiet_NaN()}}, "payload.a"},
      {{{"a", ValueList{INFINITY}}}, "payload.a[0]"},
      {{{"big", std::string(1 << 20, 'x')}}, "payload"},
      {{{"many", ValueList(600'000, 1)}}, "payload"},
  };
  for (const Case& c : kCases) {
    const auto bytes = EncodePayload(c.payload);
    ASSERT_FALSE(bytes.ok()) << c.field;
    EXPECT_EQ(bytes.status().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(bytes.status().field(), c.field) << bytes.status().ToString();
  }
  const auto deep = EncodePayload({{"deep", Nest(32)}});
  ASSERT_FALSE(deep.ok());
  EXPECT_NE(deep.status().message().find("32"), std::string::npos);
  EXPECT_FALSE(EncodePayload({{"deep", Nest(5000)}}).ok());
}

TEST(PayloadCodec, LengthLimitIsExact) {
  // Version, count, key "s" and its length, tag, a three-byte length: eight bytes around the text.
  const size_t room = (1 << 20) - 8;
  const auto fits = EncodePayload({{"s", std::string(room, 'x')}});
  ASSERT_TRUE(fits.ok());
  EXPECT_EQ(fits->size(), size_t{1} << 20);
  EXPECT_FALSE(EncodePayload({{"s", std::string(room + 1, 'x')}}).ok());
}

TEST(PayloadCodec, RefusesMalformedBytes) {
  const std::string good = *EncodePayload({{"a", ValueList{1, "x"}}, {"b", 2.5}});
  for (size_t size = 1; size < good.size(); ++size) {
    EXPECT_EQ(DecodePayload(good.substr(0, size)).status().code(), StatusCode::kDataLoss) << size;
  }
  using namespace std::string_literals;
  const std::string kBad[] = {
      good + "x",
      "\x02\x00"s,  // version
      "\x01\x01\x01"
      "a\x08"s,  // tag
      "\x01\x02\x01"
      "b\x00\x01"
      "a\x00"s,  // keys descend
      "\x01\x02\x01"
      "a\x00\x01"
      "a\x00"s,                 // a key twice
      "\x01\x01\x00\x00"s,      // empty key
      "\x01\x01\x01\xFF\x00"s,  // key not UTF-8
      "\x01\x01\x01"
      "a\x05\x01\xFF"s,  // text not UTF-8
      "\x01\x02\x01"
      "a\x00"s,  // count
      "\x01\x01\x01"
      "a\x06\x01\x02\x00"s,  // list's count
      "\x01\x01\x01"
      "a\x04\x00\x00\x00\x00\x00\x00\xF8\x7F"s,  // NaN
      "\x01\x01\x01"
      "a\x03\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"s,  // over 64 bits
  };
  for (const std::string& bytes : kBad) EXPECT_FALSE(DecodePayload(bytes).ok());
}

std::vector<std::string> Visited(const Payload& payload, std::string_view path, bool* present) {
  std::vector<std::string> out;
  *present = VisitPath(*EncodePayload(payload), path,
                       [&](const ValueView& view) { out.push_back(DecodeValue(view)->ToJson()); });
  return out;
}

TEST(PayloadCodec, VisitsValuesAndElements) {
  const Payload payload = {
      {"a", ValueList{ValueObject{{"b", 1}}, 5, ValueObject{{"b", ValueList{2, ValueList{3}}}},
                      ValueObject{{"c", 4}}, ValueList{ValueObject{{"b", 9}}}}},
      {"s", "text"},
      {"o", ValueObject{{"p", ValueObject{{"q", Value()}}}}}};
  bool present;
  using List = std::vector<std::string>;
  EXPECT_EQ(Visited(payload, "a.b", &present), (List{"1", "[2,[3]]", "2", "[3]"}));
  EXPECT_TRUE(present);
  EXPECT_EQ(Visited(payload, "s", &present), List{"\"text\""});
  EXPECT_EQ(Visited(payload, "o.p.q", &present), List{"null"});
  EXPECT_TRUE(present);
  for (const char* path : {"", ".", "x", "s.x", "a.x", "o.p.q.r", "o.", "a.b.c"}) {
    EXPECT_TRUE(Visited(payload, path, &present).empty()) << path;
    EXPECT_FALSE(present) << path;
  }
}

}  // namespace
}  // namespace sagitta::filter
