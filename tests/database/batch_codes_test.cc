// Batches of queries that scan codes: read together, answered as if each came alone.
#include <gtest/gtest.h>

#include "tests/database/storage_testing.h"

namespace sagitta::database {
namespace {

constexpr uint64_t kPoints = 5'000;

CollectionSchema CodesSchema(IndexKind kind) {
  CollectionSchema schema = StorageSchema(2);
  schema.fields[0].index.kind = kind;
  schema.fields[0].index.codec.kind = CodecKind::kAllocated;
  // Some points lack it, so that positions of its vectors are not rows.
  schema.fields.push_back(schema.fields[0]);
  schema.fields[1].name = "w";
  return schema;
}

void Fill(Collection& collection, uint64_t first, uint64_t n) {
  std::vector<UpsertPoint> points(n);
  for (uint64_t i = 0; i < n; ++i) {
    const auto vector = StructuredVector(first + i);
    points[i].point.id = first + i;
    points[i].point.vectors["v"] = VectorValue(std::span<const float>(vector));
    if (i % 3 != 0) points[i].point.vectors["w"] = VectorValue(std::span<const float>(vector));
    points[i].point.payload = {{"n", static_cast<int64_t>(i % 10)}};
  }
  ASSERT_OK(collection.Upsert(std::move(points), {}).status());
}

std::vector<Query> MixedQueries() {
  std::vector<Query> queries(70);
  for (size_t i = 0; i < queries.size(); ++i) {
    queries[i].target = VectorValue(std::span<const float>(StructuredVector(100'000 + i)));
    queries[i].field = i % 3 == 0 ? "w" : "v";
    queries[i].k = static_cast<uint32_t>(1 + i % 30);
    queries[i].params.exact = i % 7 == 3;
    queries[i].explain = true;
    if (i % 11 == 5) queries[i].filter = Filter::Equals("n", int64_t{4});
  }
  return queries;
}

void ExpectAnsweredAsAlone(const Collection& collection, bool* by_codes) {
  const std::vector<Query> queries = MixedQueries();
  const auto together = collection.SearchBatch(queries, {});
  ASSERT_OK(together.status());
  for (size_t i = 0; i < queries.size(); ++i) {
    const auto alone = collection.Search(queries[i], {});
    ASSERT_OK(alone.status());
    const auto& one = (*together)[i];
    ASSERT_OK(one.status());
    ASSERT_EQ(one->hits.size(), alone->hits.size()) << i;
    for (size_t j = 0; j < alone->hits.size(); ++j) {
      EXPECT_EQ(one->hits[j].point.id, alone->hits[j].point.id) << i << ", " << j;
      EXPECT_EQ(one->hits[j].score, alone->hits[j].score) << i << ", " << j;
    }
    const auto& segments = one->info.explain->segments;
    ASSERT_EQ(segments.size(), alone->info.explain->segments.size());
    for (size_t s = 0; s < segments.size(); ++s) {
      EXPECT_EQ(segments[s].strategy, alone->info.explain->segments[s].strategy);
      *by_codes |= segments[s].strategy == SearchStrategy::kCodeScan;
    }
  }
}

TEST(BatchCodes, AreAnsweredAsIfEachCameAlone) {
  for (const IndexKind kind : {IndexKind::kFlatCodes, IndexKind::kIvfCodes}) {
    testing::TempDirectory directory;
    const auto database = MustOpen(directory / "data");
    const auto collection = *database->CreateCollection(CodesSchema(kind));
    Fill(*collection, 0, kPoints);
    ASSERT_OK(collection->Compact());
    ASSERT_OK(collection->WaitIndexed({}, {}));
    database->PauseCompaction(true);
    Fill(*collection, kPoints - 500, 800);  // rows that die, and rows in memory
    bool by_codes = false;
    ExpectAnsweredAsAlone(*collection, &by_codes);
    EXPECT_EQ(by_codes, kind == IndexKind::kFlatCodes);
  }
}

}  // namespace
}  // namespace sagitta::database
