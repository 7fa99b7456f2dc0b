#include "cli/proto_json.h"

#include <gtest/gtest.h>

#include "cli/json_text.h"
#include "sagitta/v1/admin.pb.h"
#include "sagitta/v1/collections.pb.h"

namespace sagitta::cli {
namespace {

TEST(ProtoJson, SchemaComesBack) {
  v1::CollectionSchema schema;
  schema.set_name("fashion");
  auto* field = schema.add_fields();
  field->set_name("image");
  field->set_dim(784);
  field->set_metric(v1::METRIC_L2);
  field->set_storage(v1::DTYPE_U8);
  field->mutable_index()->set_kind(v1::INDEX_KIND_IVF_PQ);
  field->mutable_index()->mutable_pq()->set_oversampling(2.5f);
  schema.mutable_compaction()->set_deleted_ratio(0.2f);
  const auto json = ProtoToJson(schema);
  EXPECT_EQ(json["fields"][0]["metric"], "L2");
  EXPECT_EQ(json["fields"][0]["index"]["kind"], "IVF_PQ");
  EXPECT_EQ(DumpJson(json["compaction"]["deleted_ratio"]), "0.2");
  EXPECT_EQ(json["shards"], 0);
  v1::CollectionSchema again;
  const Status status = JsonToProto(json, &again);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(again.SerializeAsString(), schema.SerializeAsString());
}

TEST(ProtoJson, SixtyFourBitNumbersAreNumbers) {
  v1::CollectionStats stats;
  stats.set_points(UINT64_MAX);
  EXPECT_EQ(DumpJson(ProtoToJson(stats)["points"]), "18446744073709551615");
}

TEST(ProtoJson, ErrorsNameThePath) {
  for (const auto& [text, field] : std::vector<std::pair<std::string, std::string>>{
           {R"({"fields":[{"name":"a"},{"dim":"x"}]})", "fields[1].dim"},
           {R"({"fields":[{"dim":4294967296}]})", "fields[0].dim"},
           {R"({"fields":[{"dim":-1}]})", "fields[0].dim"},
           {R"({"fields":[{"metric":"L3"}]})", "fields[0].metric"},
           {R"({"fields":{}})", "fields"},
           {R"({"shard":1})", "shard"},
           {R"({"compaction":{"deleted_ratio":"x"}})", "compaction.deleted_ratio"}}) {
    v1::CollectionSchema schema;
    const Status status = JsonToProto(nlohmann::json::parse(text), &schema);
    EXPECT_EQ(status.field(), field) << status.ToString();
  }
}

TEST(ProtoJson, EnumNamesShortLongAnyCase) {
  const auto& type = *v1::IndexKind_descriptor();
  for (const char* name : {"IVF_PQ", "ivf-pq", "Index_Kind_Ivf_Pq"}) {
    EXPECT_EQ(*ParseEnum(type, name), v1::INDEX_KIND_IVF_PQ);
  }
  EXPECT_FALSE(ParseEnum(type, "UNSPECIFIED").ok());
  EXPECT_NE(ParseEnum(type, "x").status().message().find("HNSW"), std::string::npos);
  EXPECT_EQ(EnumName(*v1::Metric_descriptor(), v1::METRIC_INNER_PRODUCT), "INNER_PRODUCT");
}

}  // namespace
}  // namespace sagitta::cli
