#include "server/convert_write.h"

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

namespace sagitta::server {
namespace {

v1::UpsertRequest Columns(int rows, int dim) {
  v1::UpsertRequest request;
  auto* columns = request.mutable_columns();
  std::string data;
  for (int i = 0; i < rows; ++i) {
    columns->add_ids(100 + i);
    data.append(dim, static_cast<char>(i));
  }
  auto* column = columns->add_vectors();
  column->set_dtype(v1::DTYPE_U8);
  column->set_data(data);
  return request;
}

TEST(ConvertWrite, ColumnsAreCutIntoPoints) {
  v1::UpsertRequest request = Columns(3, 5);
  auto* columns = request.mutable_columns();
  columns->set_ttl_ms(50);
  columns->set_only_if_absent(true);
  for (int i = 0; i < 3; ++i) columns->add_payloads_json("{\"n\": " + std::to_string(i) + "}");
  auto points = FromProto(request, "text");
  ASSERT_TRUE(points.ok()) << points.status().ToString();
  ASSERT_EQ(points->size(), 3u);
  for (int i = 0; i < 3; ++i) {
    const UpsertPoint& point = (*points)[i];
    EXPECT_EQ(point.point.id, PointId(static_cast<uint64_t>(100 + i)));
    EXPECT_EQ(point.point.vectors.at("text").bytes, std::string(5, static_cast<char>(i)));
    EXPECT_EQ(point.point.payload.at("n"), Value(int64_t{i}));
    EXPECT_EQ(point.ttl_ms, 50);
    EXPECT_TRUE(point.only_if_absent);
  }
}

TEST(ConvertWrite, HostileColumnsAreNamed) {
  struct Case {
    const char* name;
    void (*change)(v1::UpsertColumns&);
    const char* field;
  };
  const Case cases[] = {
      {"no ids", [](v1::UpsertColumns& c) { c.clear_ids(); }, "columns.ids"},
      {"too many",
       [](v1::UpsertColumns& c) {
         for (int i = 0; i < 10001; ++i) c.add_ids(i);
       },
       "columns.ids"},
      {"no vectors", [](v1::UpsertColumns& c) { c.clear_vectors(); }, "columns.vectors"},
      {"ragged", [](v1::UpsertColumns& c) { c.mutable_vectors(0)->mutable_data()->push_back('x'); },
       "columns.vectors[0].data"},
      {"empty", [](v1::UpsertColumns& c) { c.mutable_vectors(0)->clear_data(); },
       "columns.vectors[0].data"},
      {"no dtype", [](v1::UpsertColumns& c) { c.mutable_vectors(0)->clear_dtype(); },
       "columns.vectors[0].dtype"},
      {"twice", [](v1::UpsertColumns& c) { *c.add_vectors() = c.vectors(0); },
       "columns.vectors[1].field"},
      {"payloads", [](v1::UpsertColumns& c) { c.add_payloads(); }, "columns.payloads"},
      {"json", [](v1::UpsertColumns& c) { c.add_payloads_json("{}"); }, "columns.payloads_json"},
      {"bad json",
       [](v1::UpsertColumns& c) {
         for (auto* t : {"{}", "{}", "["}) c.add_payloads_json(t);
       },
       "columns.payloads_json[2]"},
      {"ttl", [](v1::UpsertColumns& c) { c.set_ttl_ms(-1); }, "columns.ttl_ms"},
  };
  for (const Case& c : cases) {
    v1::UpsertRequest request = Columns(3, 4);
    c.change(*request.mutable_columns());
    auto points = FromProto(request, "text");
    ASSERT_FALSE(points.ok()) << c.name;
    EXPECT_EQ(points.status().field(), c.field) << c.name;
  }
  v1::UpsertRequest unnamed = Columns(3, 4);
  EXPECT_EQ(FromProto(unnamed, "").status().field(), "columns.vectors[0].field");
  v1::UpsertRequest both = Columns(3, 4);
  both.add_points();
  EXPECT_EQ(FromProto(both, "text").status().field(), "columns");
}

TEST(ConvertWrite, PointsKeepTheirConditions) {
  v1::UpsertRequest request;
  for (int i = 0; i < 3; ++i) request.add_points()->mutable_point()->mutable_id()->set_u64(i);
  request.mutable_points(0)->set_only_if_absent(true);
  request.mutable_points(1)->set_only_if_version(0);
  request.mutable_points(2)->set_ttl_ms(9);
  auto points = FromProto(request, "");
  ASSERT_TRUE(points.ok());
  EXPECT_TRUE((*points)[0].only_if_absent);
  EXPECT_EQ((*points)[1].only_if_version, std::optional<uint64_t>(0));
  EXPECT_FALSE((*points)[2].only_if_version.has_value());
  EXPECT_EQ((*points)[2].ttl_ms, 9);

  request.mutable_points(1)->clear_point();
  EXPECT_EQ(FromProto(request, "").status().field(), "points[1].id");
  request.mutable_points(0)->set_ttl_ms(-5);
  EXPECT_EQ(FromProto(request, "").status().field(), "points[0].ttl_ms");
  v1::UpsertRequest empty;
  EXPECT_EQ(FromProto(empty, "").status().field(), "points");
}

TEST(ConvertWrite, OptionsAreChecked) {
  v1::WriteOptions wire;
  EXPECT_EQ(FromProto(wire)->durability, Durability::kSync);
  wire.set_durability(v1::DURABILITY_OS);
  wire.set_request_id("r");
  EXPECT_EQ(FromProto(wire)->durability, Durability::kOs);
  EXPECT_EQ(FromProto(wire)->request_id, "r");
  wire.set_request_id(std::string(129, 'r'));
  EXPECT_EQ(FromProto(wire).status().field(), "options.request_id");
  wire.clear_request_id();
  wire.set_durability(static_cast<v1::Durability>(9));
  EXPECT_EQ(FromProto(wire).status().field(), "options.durability");
}

TEST(ConvertWrite, PayloadUpdatesNeedIdsOrFilter) {
  v1::UpdatePayloadRequest wire;
  EXPECT_EQ(FromProto(wire).status().field(), "ids");
  wire.add_ids()->set_u64(1);
  wire.set_op(v1::PAYLOAD_OP_DELETE);
  wire.add_keys("a.b");
  auto update = FromProto(wire);
  ASSERT_TRUE(update.ok());
  EXPECT_EQ(update->op, PayloadOp::kDelete);
  EXPECT_EQ(update->keys, std::vector<std::string>{"a.b"});
  wire.mutable_filter()->mutable_exists()->set_path("a");
  EXPECT_EQ(FromProto(wire).status().field(), "ids");
  wire.clear_ids();
  EXPECT_TRUE(FromProto(wire)->filter.has_value());
  wire.set_op(static_cast<v1::PayloadOp>(9));
  EXPECT_EQ(FromProto(wire).status().field(), "op");
}

TEST(ConvertWrite, RandomBytesNeverCrash) {
  // Wire bytes that are valid messages of random content: mutated serializations of a good one.
  const std::string good = Columns(4, 8).SerializeAsString();
  google::protobuf::SetLogHandler(nullptr);  // it would report every string that is not UTF-8
  uint64_t state = 1;
  int parsed = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = good;
    for (int flips = 0; flips < 3; ++flips) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      bytes[(state >> 33) % bytes.size()] = static_cast<char>(state >> 20);
    }
    v1::UpsertRequest request;
    if (!request.ParseFromString(bytes)) continue;
    ++parsed;
    (void)FromProto(request, "text").ok();
  }
  EXPECT_GT(parsed, 1000);
}

}  // namespace
}  // namespace sagitta::server
