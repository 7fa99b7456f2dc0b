#include "server/convert_schema.h"

#include <gtest/gtest.h>

namespace sagitta::server {
namespace {

CollectionSchema FullSchema() {
  CollectionSchema schema;
  schema.name = "films";
  schema.shards = 4;
  schema.fields.push_back({"text", 384, Metric::kCosine, Dtype::kF16, {}});
  schema.fields.push_back({"image", 512, Metric::kL1, Dtype::kI8, {}});
  schema.fields.push_back({"hash", 65'536, Metric::kJaccard, Dtype::kBits, {}});
  schema.fields[2].index.kind = IndexKind::kBinaryIvf;
  schema.fields[1].index.kind = IndexKind::kIvfPq;
  schema.fields[1].index.hnsw = {8, 100, 50};
  schema.fields[1].index.ivf = {64, 4};
  schema.fields[1].index.pq = {16, 6, 2.5f};
  schema.fields[1].index.graph = {24, 99, 1.25f, 8, 77, 3.5f};
  schema.indexes.push_back({"genre", PayloadIndexKind::kKeyword});
  schema.indexes.push_back({"made.at", PayloadIndexKind::kDatetime});
  schema.indexes.push_back({"made.in", PayloadIndexKind::kGeo});
  schema.indexes.push_back({"plot",
                            PayloadIndexKind::kText,
                            {TextTokenizer::kWhitespace, false, "german", 2, 40, {"der", "die"}}});
  schema.compaction = {1000, 2000, 300, 400000, 0.5f};
  return schema;
}

TEST(ConvertSchema, ComesBackTheSame) {
  v1::CollectionSchema wire;
  ToProto(FullSchema(), &wire);
  auto back = FromProto(wire, "schema");
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(*back, FullSchema());
}

TEST(ConvertSchema, ZeroMeansTheDefault) {
  v1::CollectionSchema wire;
  wire.set_name("films");
  auto* field = wire.add_fields();
  field->set_name("text");
  field->set_dim(3);
  field->set_metric(v1::METRIC_L2);
  auto schema = FromProto(wire, "schema");
  ASSERT_TRUE(schema.ok());
  EXPECT_EQ(schema->shards, 1u);
  EXPECT_EQ(schema->fields[0].storage, Dtype::kF32);
  EXPECT_EQ(schema->fields[0].index, IndexParams());
}

TEST(ConvertSchema, BadEnumsAreNamed) {
  v1::CollectionSchema wire;
  auto* field = wire.add_fields();
  EXPECT_EQ(FromProto(wire, "schema").status().field(), "schema.fields[0].metric");
  field->set_metric(static_cast<v1::Metric>(77));
  EXPECT_EQ(FromProto(wire, "schema").status().field(), "schema.fields[0].metric");
  field->set_metric(v1::METRIC_L2);
  field->set_storage(static_cast<v1::Dtype>(77));
  EXPECT_EQ(FromProto(wire, "schema").status().field(), "schema.fields[0].storage");
  field->set_storage(v1::DTYPE_F32);
  field->mutable_index()->set_kind(static_cast<v1::IndexKind>(77));
  EXPECT_EQ(FromProto(wire, "schema").status().field(), "schema.fields[0].index.kind");
  field->mutable_index()->set_kind(v1::INDEX_KIND_HNSW);
  wire.add_indexes()->set_path("a");
  EXPECT_EQ(FromProto(wire, "schema").status().field(), "schema.indexes[0].kind");
  wire.mutable_indexes(0)->set_kind(static_cast<v1::PayloadIndexKind>(8));
  EXPECT_EQ(FromProto(wire, "schema").status().field(), "schema.indexes[0].kind");
  wire.mutable_indexes(0)->set_kind(v1::PAYLOAD_INDEX_KIND_TEXT);
  EXPECT_EQ(FromProto(wire, "schema")->indexes[0].text, TextParams());
  wire.mutable_indexes(0)->mutable_text()->set_tokenizer(static_cast<v1::TextTokenizer>(3));
  EXPECT_EQ(FromProto(wire, "schema").status().field(), "schema.indexes[0].text.tokenizer");
}

TEST(ConvertSchema, UpdatesNeedAnIndexPerField) {
  v1::UpdateCollectionRequest wire;
  wire.add_fields()->set_name("text");
  EXPECT_EQ(FromProto(wire).status().field(), "fields[0].index");
  wire.mutable_fields(0)->mutable_index()->set_kind(v1::INDEX_KIND_FLAT);
  auto update = FromProto(wire);
  ASSERT_TRUE(update.ok());
  EXPECT_EQ(update->fields[0].index.kind, IndexKind::kFlat);
  EXPECT_FALSE(update->set_compaction);
  wire.mutable_compaction()->set_seal_rows(100);
  EXPECT_EQ(FromProto(wire)->compaction.seal_rows, 100u);
}

}  // namespace
}  // namespace sagitta::server
