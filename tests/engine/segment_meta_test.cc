#include "engine/segment_meta.h"

#include <gmock/gmock.h>

namespace sagitta::engine {
namespace {

const std::vector<FieldLayout> kLayouts = {
    {.dim = 4, .metric = Metric::kL2},
    {.dim = 8, .metric = Metric::kCosine, .storage = Dtype::kI8, .row = Dtype::kF32}};

std::vector<SealedFieldMeta> Fields() {
  std::vector<SealedFieldMeta> fields(2);
  fields[0].vectors = 10;
  fields[0].dtype = Dtype::kF32;
  fields[1].vectors = 3;
  fields[1].kind = IndexKind::kHnsw;
  fields[1].params.hnsw.m = 24;
  fields[1].params.pq.oversampling = 2.5f;
  fields[1].params.graph = {24, 99, 1.25f, 8, 77, 3.5f};
  fields[1].params.codec = {.kind = CodecKind::kLearned, .model = "codes@2"};
  return fields;
}

TEST(SegmentMeta, ComesBack) {
  const auto meta = ParseSegmentMeta(EncodeSegmentMeta(10, kLayouts, Fields()), kLayouts);
  ASSERT_TRUE(meta.ok()) << meta.status().ToString();
  EXPECT_EQ(meta->rows, 10u);
  ASSERT_EQ(meta->fields.size(), 2u);
  EXPECT_EQ(meta->fields[1].vectors, 3u);
  EXPECT_EQ(meta->fields[1].kind, IndexKind::kHnsw);
  EXPECT_EQ(meta->fields[1].params, Fields()[1].params);
}

TEST(SegmentMeta, AnotherLayoutIsRefused) {
  const std::string text = EncodeSegmentMeta(10, kLayouts, Fields());
  auto other = kLayouts;
  other[1].dim = 9;
  EXPECT_EQ(ParseSegmentMeta(text, other).status().code(), StatusCode::kDataLoss);
  other.pop_back();
  EXPECT_EQ(ParseSegmentMeta(text, other).status().code(), StatusCode::kDataLoss);
}

TEST(SegmentMeta, ANewerFormatIsNoDamage) {
  const auto status = ParseSegmentMeta(R"({"format": 3})", kLayouts).status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), ::testing::HasSubstr("format 3"));
}

TEST(SegmentMeta, NarrowerRowsHaveAFormatOfTheirOwn) {
  EXPECT_THAT(EncodeSegmentMeta(10, kLayouts, Fields()), ::testing::HasSubstr("\"format\":1"));
  for (const Dtype dtype : {Dtype::kU8, Dtype::kI8, Dtype::kF16}) {
    auto fields = Fields();
    fields[0].dtype = dtype;
    const std::string text = EncodeSegmentMeta(10, kLayouts, fields);
    EXPECT_THAT(text, ::testing::HasSubstr("\"format\":2"));
    const auto meta = ParseSegmentMeta(text, kLayouts);
    ASSERT_TRUE(meta.ok()) << meta.status().ToString();
    EXPECT_EQ(meta->fields[0].dtype, dtype);
    EXPECT_EQ(meta->fields[1].dtype, Dtype::kF32);
  }
  for (const auto dtype : {Dtype::kBf16, Dtype{0}, Dtype{77}}) {  // never written
    auto fields = Fields();
    fields[0].dtype = dtype;
    EXPECT_EQ(ParseSegmentMeta(EncodeSegmentMeta(10, kLayouts, fields), kLayouts).status().code(),
              StatusCode::kDataLoss);
  }
}

TEST(SegmentMeta, MalformedTextIsDataLoss) {
  const std::string good = EncodeSegmentMeta(10, kLayouts, Fields());
  for (const std::string text :
       {"", "[]", "{}", "nul", R"({"format": 1, "rows": -1, "fields": []})"}) {
    EXPECT_EQ(ParseSegmentMeta(text, kLayouts).status().code(), StatusCode::kDataLoss) << text;
  }
  for (size_t cut = 0; cut < good.size(); ++cut) {
    EXPECT_FALSE(ParseSegmentMeta(good.substr(0, cut), kLayouts).ok()) << cut;
  }
  const std::string more = EncodeSegmentMeta(2, kLayouts, Fields());  // fewer rows than vectors
  EXPECT_EQ(ParseSegmentMeta(more, kLayouts).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace sagitta::engine
