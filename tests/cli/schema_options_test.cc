#include "cli/schema_options.h"

#include <gtest/gtest.h>

namespace sagitta::cli {
namespace {

TEST(SchemaOptions, OneField) {
  SchemaOptions options;
  options.name = "fashion";
  options.dim = 784;
  options.index.kind = "hnsw";
  options.index.ef_search = 99;
  options.index.degree = 48;
  options.index.code_bits = 8;
  options.payload_indexes = {"label:int64", "a:b:keyword"};
  v1::CollectionSchema schema;
  ASSERT_TRUE(options.Build(&schema).ok());
  ASSERT_EQ(schema.fields_size(), 1);
  EXPECT_EQ(schema.fields(0).name(), "vector");
  EXPECT_EQ(schema.fields(0).metric(), v1::METRIC_L2);
  EXPECT_EQ(schema.fields(0).index().kind(), v1::INDEX_KIND_HNSW);
  EXPECT_EQ(schema.fields(0).index().hnsw().ef_search(), 99u);
  EXPECT_EQ(schema.fields(0).index().hnsw().m(), 0u);
  EXPECT_EQ(schema.fields(0).index().graph().ef_search(), 99u);
  EXPECT_EQ(schema.fields(0).index().graph().degree(), 48u);
  EXPECT_EQ(schema.fields(0).index().graph().code_bits(), 8u);
  EXPECT_EQ(schema.indexes(1).path(), "a:b");
  EXPECT_EQ(schema.indexes(1).kind(), v1::PAYLOAD_INDEX_KIND_KEYWORD);
}

TEST(SchemaOptions, TextIndexesHaveSettings) {
  v1::PayloadIndex index;
  const std::string text =
      "a:b:TEXT,tokenizer=whitespace,stemmer=english,min=2,max=40,stop=the,stop=an";
  ASSERT_TRUE(ParsePayloadIndex(text, &index).ok());
  EXPECT_EQ(index.path(), "a:b");
  EXPECT_EQ(index.kind(), v1::PAYLOAD_INDEX_KIND_TEXT);
  EXPECT_EQ(index.text().tokenizer(), v1::TEXT_TOKENIZER_WHITESPACE);
  EXPECT_EQ(index.text().stemmer(), "english");
  EXPECT_EQ(index.text().min_token_chars(), 2u);
  EXPECT_EQ(index.text().max_token_chars(), 40u);
  EXPECT_EQ(index.text().stop_words(1), "an");
  EXPECT_EQ("a:b:" + DescribePayloadIndex(index), text);
  v1::PayloadIndex plain;
  ASSERT_TRUE(ParsePayloadIndex("t:text,case_sensitive=true", &plain).ok());
  EXPECT_EQ(DescribePayloadIndex(plain), "TEXT,case_sensitive=true");
  ASSERT_TRUE(ParsePayloadIndex("at:geo", &plain).ok());
  EXPECT_EQ(DescribePayloadIndex(plain), "GEO");
  for (const char* bad :
       {"t", ":text", "t:words", "t:text,", "t:text,stem=english", "t:text,min=x", "t:text,min=0",
        "t:text,min=-1", "t:text,case_sensitive=1", "t:text,tokenizer=lines", "t:geo,min=1"}) {
    v1::PayloadIndex out;
    EXPECT_FALSE(ParsePayloadIndex(bad, &out).ok()) << bad;
  }
}

TEST(SchemaOptions, FieldTexts) {
  v1::VectorField field;
  ASSERT_TRUE(ParseField("text:384:ip:ivf_pq:f16", &field).ok());
  EXPECT_EQ(field.name(), "text");
  EXPECT_EQ(field.dim(), 384u);
  EXPECT_EQ(field.metric(), v1::METRIC_INNER_PRODUCT);
  EXPECT_EQ(field.index().kind(), v1::INDEX_KIND_IVF_PQ);
  EXPECT_EQ(field.storage(), v1::DTYPE_F16);
  ASSERT_TRUE(ParseField("hash:1024:hamming:binary_hnsw:bits", &field).ok());
  EXPECT_EQ(field.metric(), v1::METRIC_HAMMING);
  EXPECT_EQ(field.index().kind(), v1::INDEX_KIND_BINARY_HNSW);
  EXPECT_EQ(field.storage(), v1::DTYPE_BITS);
  for (const char* bad : {"", "a", "a:1", "a:x:L2", "a:1x:L2", "a:-1:L2", "a:1:L9", "a:1:L2:TREE",
                          "a:1:L2:FLAT:F8", "a:1:L2:FLAT:F16:x"}) {
    v1::VectorField out;
    EXPECT_FALSE(ParseField(bad, &out).ok()) << bad;
  }
}

TEST(SchemaOptions, SchemaAsJson) {
  SchemaOptions options;
  options.name = "copy";
  options.schema_file =
      R"({"name":"old","shards":4,"fields":[{"name":"v","dim":8,"metric":"L1"}]})";
  v1::CollectionSchema schema;
  ASSERT_TRUE(options.Build(&schema).ok());
  EXPECT_EQ(schema.name(), "copy");
  EXPECT_EQ(schema.shards(), 4u);
  EXPECT_EQ(schema.fields(0).metric(), v1::METRIC_L1);
}

TEST(UpdateOptions, KeepsWhatIsNotGiven) {
  v1::CollectionSchema current;
  for (const char* name : {"a", "b"}) {
    auto* field = current.add_fields();
    field->set_name(name);
    field->mutable_index()->set_kind(v1::INDEX_KIND_HNSW);
    field->mutable_index()->mutable_hnsw()->set_m(24);
  }
  current.mutable_compaction()->set_seal_rows(500);
  UpdateOptions options;
  options.name = "c";
  v1::UpdateCollectionRequest request;
  EXPECT_EQ(options.Build(current, &request).exit_code(), kExitUsage);
  options.field = "b";
  options.index.ef_search = 64;
  options.compaction.seal_idle_ms = 9;
  ASSERT_TRUE(options.Build(current, &request).ok());
  ASSERT_EQ(request.fields_size(), 1);
  EXPECT_EQ(request.fields(0).name(), "b");
  EXPECT_EQ(request.fields(0).index().hnsw().m(), 24u);
  EXPECT_EQ(request.fields(0).index().hnsw().ef_search(), 64u);
  EXPECT_EQ(request.compaction().seal_rows(), 500u);
  EXPECT_EQ(request.compaction().seal_idle_ms(), 9u);
  options.field = "z";
  EXPECT_EQ(options.Build(current, &request).exit_code(), kExitUsage);
}

}  // namespace
}  // namespace sagitta::cli
