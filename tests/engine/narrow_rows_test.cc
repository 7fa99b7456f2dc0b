#include "engine/narrow_rows.h"

#include <gmock/gmock.h>

#include <random>

#include "engine/search.h"
#include "tests/engine/shard_testing.h"

namespace sagitta::engine {
namespace {

using ::testing::ElementsAre;
using testing::TestShard;

const std::byte* Bytes(const std::vector<float>& row) {
  return reinterpret_cast<const std::byte*>(row.data());
}

Dtype NarrowestOf(const FieldLayout& layout, const std::vector<std::vector<float>>& rows) {
  NarrowRows narrow(layout);
  for (const auto& row : rows) narrow.Add(Dtype::kF32, Bytes(row));
  return narrow.dtype();
}

TEST(NarrowRows, TakesTheNarrowestThatHoldsAll) {
  const FieldLayout layout{.dim = 3};
  EXPECT_EQ(NarrowestOf(layout, {{0, 255, 7}}), Dtype::kU8);
  EXPECT_EQ(NarrowestOf(layout, {{0, 127, 7}, {-0.0f, 1, 2}}), Dtype::kU8);
  EXPECT_EQ(NarrowestOf(layout, {{0, 127, 7}, {-128, 1, 2}}), Dtype::kI8);
  EXPECT_EQ(NarrowestOf(layout, {{0, 255, 7}, {-1, 1, 2}}), Dtype::kF16);
  EXPECT_EQ(NarrowestOf(layout, {{0, 256, 7}}), Dtype::kF16);
  EXPECT_EQ(NarrowestOf(layout, {{0.5f, 2048, 0x1p-24f}}), Dtype::kF16);
  EXPECT_EQ(NarrowestOf(layout, {{0, 2049, 7}}), Dtype::kF32);
  EXPECT_EQ(NarrowestOf(layout, {{0, 65504, 7}}), Dtype::kF16);
  EXPECT_EQ(NarrowestOf(layout, {{0, 65536, 7}}), Dtype::kF32);
  EXPECT_EQ(NarrowestOf(layout, {{0, 1, 7}, {0.1f, 1, 2}}), Dtype::kF32);
  EXPECT_EQ(NarrowestOf(layout, {{0, 0x1p-25f, 7}}), Dtype::kF32);
}

TEST(NarrowRows, NeverTakesAWiderOneThanTheField) {
  const FieldLayout half{.dim = 2, .storage = Dtype::kF16, .row = Dtype::kF16};
  EXPECT_EQ(NarrowestOf(half, {{0, 255}}), Dtype::kU8);
  EXPECT_EQ(NarrowestOf(half, {{0.5f, 255}}), Dtype::kF16);
  const FieldLayout brain{.dim = 2, .storage = Dtype::kBf16, .row = Dtype::kBf16};
  EXPECT_EQ(NarrowestOf(brain, {{0.5f, 255}}), Dtype::kBf16);
  const FieldLayout bytes{.dim = 2, .storage = Dtype::kI8, .row = Dtype::kI8};
  EXPECT_FALSE(NarrowRows(bytes).open());
  EXPECT_EQ(NarrowRows(bytes).dtype(), Dtype::kI8);
}

// Answers of a segment in memory and of a sealed one are merged: equal rows must have equal keys.
TEST(NarrowRows, KeysAreTheSameBits) {
  std::mt19937 random(3);
  for (const auto level : kernels::AvailableLevels()) {
    for (const uint32_t dim : {1u, 7u, 16u, 100u, 784u}) {
      std::vector<float> query(dim), row(dim);
      for (float& v : query) v = static_cast<float>(random() % 51'200) / 200.0f;
      for (float& v : row) v = static_cast<float>(random() % 128);
      for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kL1}) {
        const float wide = kernels::DistancesAt(level, Dtype::kF32, metric)
                               .query_row(query.data(), row.data(), dim);
        for (const Dtype dtype : {Dtype::kU8, Dtype::kI8, Dtype::kF16}) {
          RowConverter convert(dim, dtype);
          const std::byte* narrow = convert(Dtype::kF32, Bytes(row));
          EXPECT_EQ(kernels::DistancesAt(level, dtype, metric).query_row(query.data(), narrow, dim),
                    wide)
              << kernels::LevelName(level) << " " << dim;
        }
      }
    }
  }
}

TEST(NarrowRows, ConvertsThereAndBack) {
  const std::vector<float> row = {0, 1, 100, 127};
  for (const Dtype dtype : {Dtype::kU8, Dtype::kI8, Dtype::kF16, Dtype::kF32}) {
    RowConverter there(4, dtype), back(4, Dtype::kF32);
    const std::byte* narrow = there(Dtype::kF32, Bytes(row));
    const auto* floats = reinterpret_cast<const float*>(back(dtype, narrow));
    EXPECT_EQ(std::vector<float>(floats, floats + 4), row);
  }
}

// Seals of rows that are integers, then of rows that are not, then all in one.
TEST(NarrowRows, SegmentsAreAsNarrowAsTheirRows) {
  for (const IndexKind kind : {IndexKind::kFlat, IndexKind::kHnsw, IndexKind::kGraph}) {
    CollectionSchema schema;
    schema.name = "narrow";
    schema.fields.push_back(
        {.name = "v", .dim = 8, .metric = Metric::kL2, .index = {.kind = kind}});
    TestShard shard(schema);
    std::mt19937 random(4);
    std::vector<std::vector<float>> all;
    const auto add = [&](float unit) {
      std::vector<UpsertRow> rows;
      for (int i = 0; i < 700; ++i) {
        std::vector<float> row(8);
        for (float& v : row) v = static_cast<float>(random() % 200) * unit;
        rows.push_back({.ext_key = PointId(uint64_t{all.size()}).Encode(),
                        .vectors = {{0, VectorValue(std::span<const float>(row))}}});
        all.push_back(row);
      }
      ASSERT_TRUE(shard.Upsert(std::move(rows))->status.ok());
      shard.SealAll();
    };
    const auto dtypes = [&] {
      std::vector<std::string> names;
      for (const auto& segment : shard->state().Segments()) {
        if (segment->sealed()) names.push_back(segment->Stats().dtypes[0]);
      }
      return names;
    };
    const auto check = [&] {
      for (size_t id = 0; id < all.size(); id += 37) {
        Query query;
        query.field = "v";
        query.k = 1;
        query.params.ef = 256;
        query.target = VectorValue(std::span<const float>(all[id]));
        const ShardView view = shard->View();
        const auto found = SearchViews(schema, {&view, 1}, query, nullptr, {});
        ASSERT_TRUE(found.ok()) << found.status().ToString();
        ASSERT_EQ(found->hits.size(), 1u);
        EXPECT_EQ(found->hits[0].score, 0.0f);
        const auto& hit = all[std::get<uint64_t>(found->hits[0].point.id.value())];
        EXPECT_EQ(hit, all[id]);
      }
    };
    add(1);
    EXPECT_THAT(dtypes(), ElementsAre("U8"));
    add(0.125f);
    EXPECT_THAT(dtypes(), ElementsAre("U8", "F16"));
    add(0.1f);
    EXPECT_THAT(dtypes(), ElementsAre("U8", "F16", "F32"));
    check();
    auto ids = shard.SealedIds();
    ids.pop_back();
    shard.Rebuild(ids);
    EXPECT_THAT(dtypes(), ElementsAre("F16", "F32"));
    check();
    shard.Rebuild(shard.SealedIds());
    EXPECT_THAT(dtypes(), ElementsAre("F32"));
    check();
    shard.Reopen();
    EXPECT_THAT(dtypes(), ElementsAre("F32"));
    check();
  }
}

}  // namespace
}  // namespace sagitta::engine
