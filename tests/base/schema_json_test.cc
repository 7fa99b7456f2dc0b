#include <gtest/gtest.h>

#include <random>

#include "sagitta/schema.h"

namespace sagitta {
namespace {

CollectionSchema RandomSchema(std::mt19937_64& random) {
  CollectionSchema schema;
  schema.name = "c" + std::to_string(random() % 1000);
  schema.shards = 1 + random() % 64;
  const size_t fields = 1 + random() % 4;
  for (size_t i = 0; i < fields; ++i) {
    VectorField& field = schema.fields.emplace_back();
    field.name = "f" + std::to_string(i);
    field.dim = 1 + random() % 8192;
    field.metric = static_cast<Metric>(1 + random() % 4);
    field.storage = static_cast<Dtype>(1 + random() % 3);
    field.index.kind = static_cast<IndexKind>(1 + random() % 6);
    field.index.hnsw.m = 2 + random() % 127;
    field.index.ivf.nlist = random() % 65537;
    field.index.graph.degree = 8 + random() % 121;
    field.index.graph.alpha = 1.0f + static_cast<float>(random() % 8) / 8;
    field.index.graph.code_bits = random() % 2 == 0 ? 8 : 1;
    field.index.pq.oversampling = 1.0f + static_cast<float>(random() % 990) / 10;
    field.index.codec.kind = static_cast<CodecKind>(1 + random() % 11);
    if (field.index.codec.kind == CodecKind::kLearned) field.index.codec.model = "codes@7";
    field.index.codec.dims = static_cast<uint32_t>(random() % (field.dim + 1));
    field.index.codec.oversampling = 1.0f + static_cast<float>(random() % 990) / 10;
  }
  const size_t indexes = random() % 4;
  for (size_t i = 0; i < indexes; ++i) {
    schema.indexes.push_back(
        {"a.\xC3\xA9" + std::to_string(i), static_cast<PayloadIndexKind>(1 + random() % 7), {}});
    if (schema.indexes.back().kind != PayloadIndexKind::kText) continue;
    TextParams& text = schema.indexes.back().text;
    text.tokenizer = static_cast<TextTokenizer>(1 + random() % 2);
    text.case_sensitive = random() % 2 == 0;
    if (!text.case_sensitive) text.stemmer = random() % 2 == 0 ? "none" : "german";
    text.min_token_chars = 1 + random() % 20;
    text.max_token_chars = 20 + random() % 236;
    text.stop_words.assign(random() % 3, "\xC3\xA9t\xC3\xA9");
  }
  schema.compaction.seal_rows = 64 + random() % 1000;
  schema.compaction.deleted_ratio = static_cast<float>(random() % 100) / 100;
  return schema;
}

TEST(SchemaJson, RoundTrip) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 2000; ++i) {
    const CollectionSchema schema = RandomSchema(random);
    const std::string json = schema.ToJson();
    auto back = CollectionSchema::FromJson(json);
    ASSERT_TRUE(back.ok()) << back.status().ToString() << json;
    ASSERT_TRUE(*back == schema) << json;
    ASSERT_EQ(back->ToJson(), json);
  }
}

// A stored text of format 1: it must go on being read.
TEST(SchemaJson, FormatOneIsRead) {
  auto schema = CollectionSchema::FromJson(
      R"({"format":1,"name":"a","shards":2,"fields":[{"name":"v","dim":8,"metric":"COSINE",)"
      R"("storage":"F16","index":{"kind":"IVF_PQ","pq":{"m":4,"oversampling":2}}}],)"
      R"("indexes":[{"path":"tag","kind":"KEYWORD"}],"compaction":{"deleted_ratio":0.5}})");
  ASSERT_TRUE(schema.ok()) << schema.status().ToString();
  EXPECT_EQ(schema->shards, 2u);
  EXPECT_EQ(schema->fields[0].metric, Metric::kCosine);
  EXPECT_EQ(schema->fields[0].storage, Dtype::kF16);
  EXPECT_EQ(schema->fields[0].index.pq.m, 4u);
  EXPECT_EQ(schema->fields[0].index.pq.oversampling, 2.0f);
  EXPECT_EQ(schema->fields[0].index.hnsw.m, 16u);  // absent: the default
  EXPECT_EQ(schema->indexes[0].kind, PayloadIndexKind::kKeyword);
  EXPECT_EQ(schema->compaction.deleted_ratio, 0.5f);
}

TEST(SchemaJson, RefusesAndNamesTheField) {
  const std::string field = R"("fields":[{"name":"v","dim":8}])";
  const struct {
    std::string json;
    StatusCode code;
    const char* field;
  } cases[] = {
      {"{", StatusCode::kInvalidArgument, "schema"},
      {"[]", StatusCode::kInvalidArgument, "schema"},
      {R"({"name":"a",)" + field + "}", StatusCode::kInvalidArgument, "format"},
      {R"({"format":"1","name":"a",)" + field + "}", StatusCode::kInvalidArgument, "format"},
      {R"({"format":2,"name":"a",)" + field + "}", StatusCode::kFailedPrecondition, ""},
      {R"({"format":1,"name":"A",)" + field + "}", StatusCode::kInvalidArgument, "name"},
      {R"({"format":1,"name":7,)" + field + "}", StatusCode::kInvalidArgument, "name"},
      {R"({"format":1,"name":"a"})", StatusCode::kInvalidArgument, "fields"},
      {R"({"format":1,"name":"a","fields":{}})", StatusCode::kInvalidArgument, "fields"},
      {R"({"format":1,"name":"a","fields":[7]})", StatusCode::kInvalidArgument, "fields[0]"},
      {R"({"format":1,"name":"a","fields":[{"name":"v","dim":-1}]})", StatusCode::kInvalidArgument,
       "fields[0].dim"},
      {R"({"format":1,"name":"a","fields":[{"name":"v","dim":4294967296}]})",
       StatusCode::kInvalidArgument, "fields[0].dim"},
      {R"({"format":1,"name":"a","fields":[{"name":"v","dim":8,"metric":"L3"}]})",
       StatusCode::kInvalidArgument, "fields[0].metric"},
      {R"({"format":1,"name":"a","fields":[{"name":"v","dim":8,"index":{"kind":"BINARY"}}]})",
       StatusCode::kInvalidArgument, "fields[0].index.kind"},
      {R"({"format":1,"name":"a","fields":[{"name":"v","dim":8,"index":{"pq":{"m":"x"}}}]})",
       StatusCode::kInvalidArgument, "fields[0].index.pq.m"},
      {R"({"format":1,"name":"a","indexes":[{"path":"t","kind":"TEXT","text":7}],)" + field + "}",
       StatusCode::kInvalidArgument, "indexes[0].text"},
      {R"({"format":1,"name":"a","indexes":[{"path":"t","kind":"TEXT",)"
       R"("text":{"stop_words":[1]}}],)" +
           field + "}",
       StatusCode::kInvalidArgument, "indexes[0].text.stop_words"},
      {R"({"format":1,"name":"a","indexes":[{"path":"t","kind":"WORDS"}],)" + field + "}",
       StatusCode::kInvalidArgument, "indexes[0].kind"},
      {R"({"format":1,"name":"a","compaction":{"deleted_ratio":true},)" + field + "}",
       StatusCode::kInvalidArgument, "compaction.deleted_ratio"},
  };
  for (const auto& bad : cases) {
    const Status status = CollectionSchema::FromJson(bad.json).status();
    EXPECT_EQ(status.code(), bad.code) << bad.json;
    EXPECT_EQ(status.field(), bad.field) << bad.json << " " << status.ToString();
  }
}

TEST(SchemaJson, DamagedTextNeverCrashes) {
  std::mt19937_64 random(12);
  for (int i = 0; i < 5000; ++i) {
    std::string json = RandomSchema(random).ToJson();
    for (size_t c = 1 + random() % 3; c > 0; --c) {
      json[random() % json.size()] = "{}[]\",:0a-"[random() % 10];
    }
    auto schema = CollectionSchema::FromJson(json);
    if (schema.ok()) {
      ASSERT_TRUE(schema->Validate().ok());
    }
  }
}

}  // namespace
}  // namespace sagitta
