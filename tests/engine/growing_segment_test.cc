// Graphs of segments in memory, through the engine: what is approximate, churn, sealing, recovery.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "engine/search.h"
#include "tests/engine/shard_testing.h"

namespace sagitta::engine::testing {
namespace {

using ::testing::ElementsAre;

constexpr uint32_t kDim = 24;

CollectionSchema GrowingSchema(IndexKind kind, uint32_t fields = 1) {
  CollectionSchema schema;
  schema.name = "c";
  for (uint32_t i = 0; i < fields; ++i) {
    schema.fields.push_back({.name = "v" + std::to_string(i), .dim = kDim});
    schema.fields.back().index.kind = kind;
    schema.fields.back().index.hnsw.ef_construction = 60;
  }
  return schema;
}

class GrowingShard {
 public:
  explicit GrowingShard(CollectionSchema schema, uint64_t memory = 1ull << 30)
      : schema_(schema), shard(std::move(schema), memory) {
    centres_.resize(40 * kDim);
    for (float& v : centres_) v = normal_(random_);
  }

  std::vector<float> Draw() {
    std::vector<float> v(kDim);
    const size_t centre = random_() % 40;
    for (uint32_t d = 0; d < kDim; ++d)
      v[d] = centres_[centre * kDim + d] + 0.4f * normal_(random_);
    return v;
  }
  // New vectors for ids [first, first + n); the second field only where the id is even.
  void Upsert(uint64_t first, uint64_t n) {
    std::vector<UpsertRow> rows;
    for (uint64_t id = first; id < first + n; ++id) {
      points[id] = Draw();
      UpsertRow& row = rows.emplace_back();
      row.ext_key = PointId(id).Encode();
      row.payload = *filter::EncodePayload({});
      for (uint16_t f = 0; f < schema_.fields.size(); ++f) {
        if (f == 0 || id % 2 == 0) {
          row.vectors.push_back({f, VectorValue(std::span<const float>(points[id]))});
        }
      }
    }
    const auto write = shard.Upsert(std::move(rows));
    ASSERT_TRUE(write->status.ok()) << write->status.ToString();
  }
  void Delete(uint64_t first, uint64_t n) {
    std::vector<uint64_t> ids;
    for (uint64_t id = first; id < first + n; ++id) {
      ids.push_back(id);
      points.erase(id);
    }
    ASSERT_TRUE(shard.Delete(std::move(ids))->status.ok());
  }
  // Some of what is to be done, or all.
  void Link(int times = 1 << 30) {
    for (bool more = true; more && times-- > 0;) {
      const auto linked = shard->state().Link({});
      ASSERT_TRUE(linked.ok()) << linked.status().ToString();
      more = *linked;
    }
  }
  QueryResult Search(const std::vector<float>& vector, const std::string& field = "v0") {
    Query query;
    query.field = field;
    query.target = VectorValue(std::span<const float>(vector));
    const ShardView view = shard->View();
    auto result = SearchViews(schema_, {&view, 1}, query, nullptr, {});
    EXPECT_TRUE(result.ok()) << result.status().ToString();
    return result.ok() ? *result : QueryResult();
  }
  double Recall(int queries = 100, const std::string& field = "v0") {
    double recall = 0;
    for (int q = 0; q < queries; ++q) {
      const std::vector<float> vector = Draw();
      std::vector<std::pair<float, uint64_t>> all;
      for (const auto& [id, point] : points) {
        if (field != "v0" && id % 2 != 0) continue;
        float key = 0;
        for (uint32_t d = 0; d < kDim; ++d) key += (point[d] - vector[d]) * (point[d] - vector[d]);
        all.push_back({key, id});
      }
      std::partial_sort(all.begin(), all.begin() + 10, all.end());
      const QueryResult found = Search(vector, field);
      EXPECT_EQ(found.hits.size(), 10u);
      for (const Hit& hit : found.hits) {
        const uint64_t id = std::get<uint64_t>(hit.point.id.value());
        recall += std::any_of(all.begin(), all.begin() + 10,
                              [&](const auto& truth) { return truth.second == id; });
      }
    }
    return recall / (10 * queries);
  }
  SegmentStats Last() { return shard->state().Segments().back()->Stats(); }
  // The kinds of the sealed segments' indexes.
  std::vector<IndexKind> SealedKinds() {
    std::vector<IndexKind> kinds;
    for (const auto& segment : shard->state().Segments()) {
      if (segment->sealed()) kinds.push_back(segment->index_kind(0));
    }
    return kinds;
  }

 private:
  CollectionSchema schema_;
  std::mt19937 random_{5};
  std::normal_distribution<float> normal_;
  std::vector<float> centres_;

 public:
  TestShard shard;
  std::map<uint64_t, std::vector<float>> points;
};

TEST(GrowingSegment, IsExactUnlessTheSchemaAllowsOtherwise) {
  for (const IndexKind kind : {IndexKind::kFlat, IndexKind::kIvfFlat, IndexKind::kAuto}) {
    GrowingShard world(GrowingSchema(kind));
    world.Upsert(1, 6000);
    world.Link();
    EXPECT_EQ(world.Recall(20), 1);
    EXPECT_EQ(world.Search(world.Draw()).info.distances, 6000u);
  }
  for (const IndexKind kind : {IndexKind::kGraph, IndexKind::kHnsw}) {
    GrowingShard world(GrowingSchema(kind));
    world.Upsert(1, 6000);
    EXPECT_DOUBLE_EQ(world.Recall(20), 1) << "nothing is linked yet";
    world.Link();
    EXPECT_EQ(world.Last().rows_linked, 6000u);
    EXPECT_THAT(world.Last().indexes, ElementsAre("GRAPH"));
    EXPECT_GE(world.Recall(), 0.98);
    EXPECT_LT(world.Search(world.Draw()).info.distances, 4000u);
  }
}

TEST(GrowingSegment, AutoIsExactInASmallShardAndWalksInALargeOne) {
  GrowingShard world(GrowingSchema(IndexKind::kAuto));
  world.Upsert(1, 19'000);
  world.Link();
  EXPECT_EQ(world.Last().rows_linked, 19'000u);
  EXPECT_EQ(world.Search(world.Draw()).info.distances, 19'000u);
  world.Upsert(20'001, 1500);
  EXPECT_LT(world.Search(world.Draw()).info.distances, 6000u);
  EXPECT_GE(world.Recall(50), 0.98);
  world.Delete(1, 1000);
  EXPECT_EQ(world.Search(world.Draw()).info.distances, 19'500u);
}

TEST(GrowingSegment, RowsWithoutTheFieldAreNeitherLinkedNorFound) {
  GrowingShard world(GrowingSchema(IndexKind::kGraph, 2));
  world.Upsert(1, 9000);
  world.Link(8);
  for (int i = 0; i < 2; ++i) {
    EXPECT_GE(world.Recall(50), 0.97);
    EXPECT_GE(world.Recall(50, "v1"), 0.97);
    if (i == 0) world.Link();
  }
  world.shard.SealAll();
  EXPECT_GE(world.Recall(50), 0.97);
  EXPECT_GE(world.Recall(50, "v1"), 0.97);
}

// Every row dies and comes again, three times.
TEST(GrowingSegment, ChurnCostsNoRecall) {
  constexpr uint64_t kPoints = 4000, kStep = 250;
  GrowingShard world(GrowingSchema(IndexKind::kGraph));
  world.Upsert(1, kPoints);
  world.Link();
  for (int round = 0; round < 3; ++round) {
    for (uint64_t first = 1; first <= kPoints; first += kStep) {
      if (round != 1) world.Delete(first, kStep);
      world.Upsert(first, kStep);
      world.Link(round == 0 ? 1 : 4);
    }
    EXPECT_GE(world.Recall(50), 0.97);
  }
  EXPECT_EQ(world.Last().deleted, 3 * kPoints);
  GrowingShard fresh(GrowingSchema(IndexKind::kGraph));
  fresh.Upsert(1, kPoints);
  fresh.Link();
  const double wanted = fresh.Recall(200) - 0.005;
  EXPECT_GE(world.Recall(200), wanted) << "not all is linked";
  world.Link();
  EXPECT_EQ(world.Last().rows_linked, 4 * kPoints);
  EXPECT_GE(world.Recall(200), wanted);
  world.shard.SealAll();
  EXPECT_THAT(world.SealedKinds(), ElementsAre(IndexKind::kGraph));
  EXPECT_GE(world.Recall(200), wanted) << "sealed";
}

TEST(GrowingSegment, ASealTakesItsGraphOver) {
  GrowingShard world(GrowingSchema(IndexKind::kGraph));
  world.Upsert(1, 10'000);
  world.Link(30);  // some 2,000 rows are left
  world.Delete(3000, 700);
  const size_t linked = world.Last().rows_linked;
  EXPECT_GT(linked, 7000u);
  EXPECT_LT(linked, 10'000u);
  world.shard.SealAll();
  EXPECT_THAT(world.SealedKinds(), ElementsAre(IndexKind::kGraph));
  EXPECT_TRUE(world.shard->Facts().segments[0].satisfied) << "there is nothing left to build";
  EXPECT_GE(world.Recall(), 0.98);
  // The next segment knows what codes suit, and links from the first few hundred rows on.
  world.Upsert(20'000, 600);
  world.Link();
  EXPECT_EQ(world.Last().rows_linked, 600u);
  EXPECT_GE(world.Recall(), 0.98);
}

TEST(GrowingSegment, LearnsWhichCodesSuitFromSealedSegments) {
  GrowingShard world(GrowingSchema(IndexKind::kGraph));
  world.Upsert(1, 9000);
  world.shard.SealAll();
  world.Upsert(20'000, 600);
  world.Link();
  EXPECT_EQ(world.Last().rows_linked, 0u) << "nobody has looked at rows so far";
  world.shard.Rebuild(world.shard.SealedIds());
  world.Link();
  EXPECT_EQ(world.Last().rows_linked, 600u);
  EXPECT_GE(world.Recall(), 0.98);
  world.shard.Reopen();
  world.Link();
  EXPECT_EQ(world.Last().rows_linked, 600u) << "after a restart, too";
  EXPECT_GE(world.Recall(), 0.98);
}

TEST(GrowingSegment, WhatIsHardlyLinkedIsSealedRoughly) {
  GrowingShard world(GrowingSchema(IndexKind::kGraph));
  world.Upsert(1, 13'000);
  world.Link(8);
  world.shard.SealAll();
  EXPECT_THAT(world.SealedKinds(), ElementsAre(IndexKind::kGraph));
  EXPECT_FALSE(world.shard->Facts().segments[0].satisfied);
  EXPECT_GE(world.Recall(), 0.95);
  world.shard.Rebuild(world.shard.SealedIds());
  EXPECT_THAT(world.SealedKinds(), ElementsAre(IndexKind::kGraph));
  EXPECT_TRUE(world.shard->Facts().segments[0].satisfied);
  EXPECT_GE(world.Recall(), 0.98);
}

TEST(GrowingSegment, FieldsThatNobodySearchesAreNotLinked) {
  using Clock = std::chrono::steady_clock;
  GrowingShard world(GrowingSchema(IndexKind::kGraph, 2));
  world.Upsert(1, 9000);
  const auto before = Clock::now();
  const auto linked_in = [&](uint16_t field) {
    return world.shard->state().Segments().back()->graph(field)->linked();
  };
  EXPECT_FALSE(*world.shard->state().Link({}, before));
  EXPECT_EQ(linked_in(0) + linked_in(1), 0u);
  world.Search(world.Draw());
  while (*world.shard->state().Link({}, before)) {
  }
  EXPECT_EQ(linked_in(0), 9000u);
  EXPECT_EQ(linked_in(1), 0u);
  world.Upsert(20'000, 100);
  EXPECT_FALSE(*world.shard->state().Link({}, Clock::now() + std::chrono::hours(1)));
  EXPECT_EQ(linked_in(0), 9000u);
  world.shard.SealAll();
  EXPECT_THAT(world.SealedKinds(), ElementsAre(IndexKind::kGraph));
  EXPECT_GE(world.Recall(50, "v1"), 0.97);
}

TEST(GrowingSegment, ABulkLoadIsSealedWithoutLinks) {
  GrowingShard world(GrowingSchema(IndexKind::kGraph));
  world.Upsert(1, 9000);
  world.shard.SealAll();
  EXPECT_THAT(world.SealedKinds(), ElementsAre(IndexKind::kFlat));
  EXPECT_FALSE(world.shard->Facts().segments[0].satisfied);
  EXPECT_EQ(world.Recall(20), 1);
}

TEST(GrowingSegment, WhereManyWaitSealsWriteNoIndex) {
  GrowingShard world(GrowingSchema(IndexKind::kGraph));
  for (uint64_t i = 0; i < 5; ++i) {
    world.Upsert(1 + i * 300, 300);
    world.shard->Freeze();
  }
  auto rebuild = SegmentRebuild::PrepareSeal(world.shard->state(), 0);
  ASSERT_TRUE(rebuild.ok());
  EXPECT_TRUE((*rebuild)->IndexSteps().empty());
}

TEST(GrowingSegment, AGraphStandsInForAnHnsw) {
  GrowingShard world(GrowingSchema(IndexKind::kHnsw));
  world.Upsert(1, 6000);
  world.Link();
  world.shard.SealAll();
  EXPECT_THAT(world.SealedKinds(), ElementsAre(IndexKind::kGraph));
  EXPECT_FALSE(world.shard->Facts().segments[0].satisfied);
  EXPECT_GE(world.Recall(), 0.98);
  world.shard.Rebuild(world.shard.SealedIds());
  EXPECT_THAT(world.SealedKinds(), ElementsAre(IndexKind::kHnsw));
  EXPECT_TRUE(world.shard->Facts().segments[0].satisfied);
  EXPECT_GE(world.Recall(), 0.98);
}

TEST(GrowingSegment, ARestartLinksItsRowsAnew) {
  GrowingShard world(GrowingSchema(IndexKind::kGraph));
  world.Upsert(1, 6000);
  world.Link();
  world.Delete(100, 50);
  world.shard.Reopen();
  EXPECT_EQ(world.Last().rows_linked, 0u);
  EXPECT_DOUBLE_EQ(world.Recall(20), 1);
  world.Link();
  EXPECT_EQ(world.Last().rows_linked, world.Last().rows);
  EXPECT_GE(world.Recall(), 0.98);
}

TEST(GrowingSegment, MemoryThatIsUsedUpLeavesRowsUnlinked) {
  GrowingShard world(GrowingSchema(IndexKind::kGraph));
  base::MemoryBudget& memory = world.shard.memory();
  world.Upsert(1, 6000);
  const uint64_t before = memory.used();
  const uint64_t others = memory.limit() - before - (200 << 10);
  memory.ForceReserve(others);
  Status status;
  while (status.ok()) {
    const auto linked = world.shard->state().Link({});
    status = linked.status();
    if (linked.ok() && !*linked) break;
  }
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status.ToString();
  EXPECT_EQ(world.Last().rows_linked, 0u);
  EXPECT_DOUBLE_EQ(world.Recall(20), 1);
  memory.Release(others);
  world.Link();
  EXPECT_EQ(world.Last().rows_linked, 6000u);
  const SpaceUse space = world.Last().space;
  EXPECT_GT(space.memory_codes, 0u);
  EXPECT_EQ(memory.used(), before + space.memory_links + space.memory_codes);
  world.shard.Close();
  EXPECT_EQ(memory.used(), 0u);
}

// The linker works on whatever segments there are while these freeze, are sealed and merged.
TEST(GrowingSegment, FreezesAndSealsWhileItIsLinked) {
  GrowingShard world(GrowingSchema(IndexKind::kGraph));
  world.Upsert(1, 5000);
  std::atomic<bool> done{false};
  std::thread linker([&] {
    while (!done.load()) EXPECT_TRUE(world.shard->state().Link({}).ok());
  });
  std::thread reader([&] {
    std::mt19937 random(9);
    while (!done.load()) {
      std::vector<float> vector(kDim);
      for (float& v : vector) v = static_cast<float>(random() % 100) / 50;
      EXPECT_EQ(world.Search(vector).hits.size(), 10u);
    }
  });
  for (uint64_t round = 0; round < 5; ++round) {
    world.Upsert(1 + round * 1000, 3000);
    world.Delete(1 + round * 900, 400);
    world.shard.SealAll();
  }
  world.shard.Rebuild(world.shard.SealedIds());
  world.Upsert(50'000, 2000);
  done.store(true);
  linker.join();
  reader.join();
  EXPECT_GE(world.Recall(), 0.97);
  EXPECT_EQ(world.shard->state().Points(), world.points.size());
}

}  // namespace
}  // namespace sagitta::engine::testing
