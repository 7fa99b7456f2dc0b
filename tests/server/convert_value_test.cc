#include "server/convert_value.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace sagitta::server {
namespace {

Value RandomValue(std::mt19937_64& random, int depth) {
  switch (random() % (depth > 0 ? 7 : 5)) {
    case 0:
      return Value();
    case 1:
      return Value(random() % 2 == 0);
    case 2:
      return Value(static_cast<int64_t>(random()));
    case 3:
      return Value(static_cast<double>(random() % 1000));  // whole: must not become an int64
    case 4:
      return Value(std::string(random() % 20, 'x'));
    case 5: {
      ValueList list;
      for (size_t i = random() % 4; i > 0; --i) list.push_back(RandomValue(random, depth - 1));
      return Value(std::move(list));
    }
    default: {
      ValueObject object;
      for (size_t i = random() % 4; i > 0; --i) {
        object["k" + std::to_string(i)] = RandomValue(random, depth - 1);
      }
      return Value(std::move(object));
    }
  }
}

TEST(ConvertValue, EveryValueComesBackTheSame) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 2000; ++i) {
    const Value value = RandomValue(random, 5);
    v1::Value wire;
    ToProto(value, &wire);
    v1::Value parsed;
    ASSERT_TRUE(parsed.ParseFromString(wire.SerializeAsString()));
    auto back = FromProto(parsed, "v");
    ASSERT_TRUE(back.ok()) << back.status().ToString();
    ASSERT_EQ(*back, value);
  }
}

TEST(ConvertValue, ExtremesAreKept) {
  const Value values[] = {Value(std::numeric_limits<int64_t>::min()),
                          Value(std::numeric_limits<int64_t>::max()),
                          Value(int64_t{9007199254740993}),
                          Value(std::numeric_limits<double>::denorm_min()),
                          Value(-0.0),
                          Value(""),
                          Value(ValueList{}),
                          Value(ValueObject{})};
  for (const Value& value : values) {
    v1::Value wire;
    ToProto(value, &wire);
    auto back = FromProto(wire, "v");
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, value);
  }
}

TEST(ConvertValue, NestingIsBounded) {
  for (int levels : {kMaxPayloadDepth - 1, kMaxPayloadDepth, 60}) {
    v1::Value value;
    v1::Value* inner = &value;
    for (int i = 0; i < levels; ++i) inner = inner->mutable_list_value()->add_values();
    inner->set_bool_value(true);
    ProtoPayload payload;
    payload["k"] = value;
    auto back = FromProto(payload, "payload");
    EXPECT_EQ(back.ok(), levels < kMaxPayloadDepth) << levels;
  }
}

TEST(ConvertValue, HostileValuesAreNamed) {
  ProtoPayload payload;
  (*payload["a"].mutable_object_value()->mutable_entries())["b"];  // no kind
  auto unset = FromProto(payload, "payload");
  ASSERT_FALSE(unset.ok());
  EXPECT_EQ(unset.status().field(), "payload.a.b");

  payload.clear();
  payload["n"].set_double_value(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(FromProto(payload, "payload").status().field(), "payload.n");
  payload.clear();
  payload[std::string(257, 'k')].set_bool_value(true);
  EXPECT_FALSE(FromProto(payload, "payload").ok());
  payload.clear();
  payload[""].set_bool_value(true);
  EXPECT_FALSE(FromProto(payload, "payload").ok());
}

TEST(ConvertValue, JsonPayloadsAreObjects) {
  auto payload = PayloadFromJson(R"({"a": 1, "b": 1.0, "c": null})", "p");
  ASSERT_TRUE(payload.ok());
  EXPECT_NE(payload->at("a").AsInt64(), nullptr);
  EXPECT_NE(payload->at("b").AsDouble(), nullptr);
  EXPECT_TRUE(payload->at("c").is_null());
  const std::string deep = "{\"a\":" + std::string(40, '[') + std::string(40, ']') + "}";
  for (const std::string& bad : {std::string("[]"), std::string("1"), std::string("{"), deep}) {
    auto refused = PayloadFromJson(bad, "payloads_json[4]");
    ASSERT_FALSE(refused.ok()) << bad;
    EXPECT_EQ(refused.status().field(), "payloads_json[4]");
  }
}

TEST(ConvertValue, IdsOfAllKindsComeBackTheSame) {
  const PointId ids[] = {PointId(uint64_t{0}), PointId(~uint64_t{0}), PointId(Uuid::Random()),
                         PointId(std::string("x")), PointId(std::string(256, 'y'))};
  for (const PointId& id : ids) {
    v1::PointId wire;
    ToProto(id, &wire);
    auto back = FromProto(wire, "id");
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(*back, id);
  }
}

TEST(ConvertValue, BadIdsAreNamed) {
  v1::PointId none, uuid, empty, long_one;
  uuid.set_uuid("15 bytes, no 16");
  empty.set_string("");
  long_one.set_string(std::string(257, 'z'));
  EXPECT_EQ(FromProto(none, "id").status().field(), "id");
  EXPECT_EQ(FromProto(uuid, "id").status().field(), "id.uuid");
  EXPECT_EQ(FromProto(empty, "id").status().field(), "id.string");
  EXPECT_EQ(FromProto(long_one, "id").status().field(), "id.string");
  google::protobuf::RepeatedPtrField<v1::PointId> list;
  list.Add()->set_u64(1);
  *list.Add() = uuid;
  EXPECT_EQ(FromProto(list, "ids").status().field(), "ids[1].uuid");
}

TEST(ConvertValue, VectorsMoveTheirBytes) {
  v1::Vector wire;
  wire.set_dtype(v1::DTYPE_F16);
  wire.set_data(std::string(4000, 'a'));
  const char* bytes = wire.data().data();
  auto vector = FromProto(wire, "v");
  ASSERT_TRUE(vector.ok());
  EXPECT_EQ(vector->dtype, Dtype::kF16);
  EXPECT_EQ(vector->bytes.data(), bytes) << "copied";
}

TEST(ConvertValue, BadVectorsAreNamed) {
  struct Case {
    int dtype;
    size_t bytes;
    const char* field;
  };
  for (const Case& c : {Case{1, 0, "v.data"}, Case{1, 7, "v.data"}, Case{2, 3, "v.data"},
                        Case{0, 4, "v.dtype"}, Case{99, 4, "v.dtype"}, Case{-1, 4, "v.dtype"}}) {
    v1::Vector wire;
    wire.set_dtype(static_cast<v1::Dtype>(c.dtype));
    wire.set_data(std::string(c.bytes, 'a'));
    EXPECT_EQ(FromProto(wire, "v").status().field(), c.field);
  }
}

TEST(ConvertValue, PointsComeBackTheSame) {
  Point point;
  point.id = PointId(uint64_t{7});
  point.vectors.emplace("text", VectorValue(Dtype::kU8, "abcd"));
  point.payload["k"] = Value(int64_t{1});
  point.expires_at_ms = 99;
  v1::Point wire;
  ToProto(point, &wire);
  auto back = FromProto(wire, "p");
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->id, point.id);
  EXPECT_EQ(back->vectors, point.vectors);
  EXPECT_EQ(back->payload, point.payload);
  EXPECT_EQ(back->expires_at_ms, 99);

  ToProto(point, &wire);
  (*wire.mutable_vectors())["text"].set_dtype(v1::DTYPE_UNSPECIFIED);
  EXPECT_EQ(FromProto(wire, "points[1]").status().field(), "points[1].vectors.text.dtype");
}

}  // namespace
}  // namespace sagitta::server
