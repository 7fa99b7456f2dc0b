// Linking as the database runs it: behind the writer, and ended with what it works for.
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <thread>

#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

constexpr uint32_t kWide = 64;

CollectionSchema Wide(const std::string& name) {
  CollectionSchema schema = SchemaOf(name, 1);
  schema.fields[0].dim = kWide;
  schema.fields[0].index.kind = IndexKind::kGraph;
  return schema;
}

void InsertWide(Collection& collection, uint64_t first, uint64_t count) {
  std::mt19937 random(static_cast<uint32_t>(first));
  std::normal_distribution<float> normal;
  std::vector<UpsertPoint> points(count);
  std::vector<float> vector(kWide);
  for (uint64_t i = 0; i < count; ++i) {
    for (float& v : vector) v = normal(random);
    points[i].point.id = first + i;
    points[i].point.vectors["v"] = VectorValue(std::span<const float>(vector));
  }
  ASSERT_OK(collection.Upsert(std::move(points), {}).status());
}

uint64_t RowsLinked(const Collection& collection) {
  const auto stats = collection.Stats();
  EXPECT_OK(stats.status());
  uint64_t linked = 0;
  for (const SegmentStats& segment : stats->shards[0].segments) linked += segment.rows_linked;
  return linked;
}

void SearchWide(const Collection& collection) {
  Query query;
  const std::vector<float> vector(kWide, 0.1f);
  query.target = VectorValue(std::span<const float>(vector));
  const auto found = collection.Search(query, {});
  ASSERT_OK(found.status());
  ASSERT_EQ(found->hits.size(), 10u);
}

TEST(Growing, RowsAreLinkedBehindTheWriterWhereSomebodySearches) {
  testing::TempDirectory directory;
  const auto database = MustOpen(directory / "data");
  const auto collection = *database->CreateCollection(Wide("c"));
  database->PauseCompaction(true);  // which linking is no part of
  for (uint64_t first = 1; first < 6000; first += 1000) InsertWide(*collection, first, 1000);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(RowsLinked(*collection), 0u);
  SearchWide(*collection);
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (RowsLinked(*collection) < 6000 && std::chrono::steady_clock::now() < give_up) {
    SearchWide(*collection);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(RowsLinked(*collection), 6000u);
  EXPECT_EQ(CountOf(*collection), 6000u);
}

TEST(Growing, DroppingAndClosingEndIt) {
  testing::TempDirectory directory;
  for (const bool drop : {true, false, true}) {
    const auto database = MustOpen(directory / "data");
    auto existing = database->GetCollection("c");
    auto collection = existing.ok() ? *existing : *database->CreateCollection(Wide("c"));
    InsertWide(*collection, 1, 10'000);
    SearchWide(*collection);
    InsertWide(*collection, 10'001, 10'000);
    InsertWide(*collection, 10'000, 5000);
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    EXPECT_EQ(CountOf(*collection), 20'000u);
    collection.reset();
    if (existing.ok()) existing->reset();
    if (drop) {
      ASSERT_OK(database->DropCollection("c"));
    }
  }
}

}  // namespace
}  // namespace sagitta::database
