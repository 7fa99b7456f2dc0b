// The driver's searches and its rarer events.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "tests/model/checks.h"
#include "tests/model/driver.h"

namespace sagitta::model {
namespace {

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

constexpr double kTwoTo53 = 9007199254740992.0;  // the one double the generator puts under any path
const Select kPayload{.payload = true, .payload_keys = {}, .vectors = false, .vector_fields = {}};

}  // namespace

Query Driver::RandomQuery(World& world, const VectorField& field, std::vector<float>* target) {
  Query query;
  if (world.schema.fields.size() > 1 || random_.OneIn(2)) query.field = field.name;
  query.params.exact = !random_.OneIn(5);
  query.k = static_cast<uint32_t>(random_.OneIn(10) ? random_.Uniform(1, 10'000)
                                                    : random_.Uniform(1, 30));
  if (random_.OneIn(4) && query.k <= 30)
    query.offset = static_cast<uint32_t>(random_.Uniform(0, 40));
  if (random_.OneIn(2)) query.filter = random_.RandomFilter();
  if (random_.OneIn(8)) query.select = kPayload;
  const PointId id = random_.Id();
  const ModelPoint* point = world.model.Find(id);
  if (random_.OneIn(3) && point != nullptr && point->vectors.contains(field.name)) {
    query.target = id;
    *target = point->vectors.at(field.name);
  } else {
    VectorValue vector = random_.Vector(field);
    *target = vector.ToFloats();
    query.target = std::move(vector);
  }
  if (random_.OneIn(5)) {
    // Half-way between two scores that a float tells apart, so that it is clear who is in.
    auto ranked = world.model.Ranked(field.name, *target, query.filter);
    size_t at = static_cast<size_t>(random_.Uniform(0, 40));
    if (at + 1 < ranked.size() &&
        std::fabs(ranked[at].score - ranked[at + 1].score) > 8 * Tolerance(ranked[at].score)) {
      query.score_threshold = static_cast<float>((ranked[at].score + ranked[at + 1].score) / 2);
    }
  }
  return query;
}

void Driver::Search(World& world) {
  std::vector<Query> queries;
  std::vector<std::vector<float>> targets;
  std::vector<const VectorField*> fields;
  for (int64_t i = random_.Uniform(1, 4); i > 0; --i) {
    fields.push_back(&world.schema.fields[static_cast<size_t>(
        random_.Uniform(0, static_cast<int64_t>(world.schema.fields.size()) - 1))]);
    queries.push_back(RandomQuery(world, *fields.back(), &targets.emplace_back()));
  }
  operations_ += queries.size();
  auto results = world.collection->SearchBatch(queries, {});
  ASSERT_TRUE(results.ok()) << results.status().ToString();
  ASSERT_EQ(results->size(), queries.size());
  for (size_t i = 0; i < queries.size(); ++i) {
    const Result<QueryResult>& result = (*results)[i];
    ASSERT_TRUE(result.ok()) << result.status().ToString();
    EXPECT_EQ(result->info.segments_degraded, 0u);
    if (queries[i].params.exact) {
      ExpectExactHits(queries[i], targets[i], *fields[i], world.model, *result);
    } else {
      EXPECT_LE(result->hits.size(), queries[i].k);
      ExpectSoundHits(queries[i], targets[i], *fields[i], world.model, result->hits);
    }
  }
}

void Driver::SearchGroups(World& world) {
  const VectorField& field = world.schema.fields[0];
  std::vector<float> target;
  Query query = RandomQuery(world, field, &target);
  query.field = field.name;
  query.offset = 0;
  query.k = static_cast<uint32_t>(random_.Uniform(1, 12));
  query.params.exact = true;
  query.group_by =
      GroupBy{random_.OneIn(2) ? "cat" : "n", static_cast<uint32_t>(random_.Uniform(1, 4))};
  // Only strings and int64s: of the others a model of groups would have to know more than it
  // should.
  const std::string& path = query.group_by->path;
  Filter has = Filter::Not(Filter::Or({Filter::IsEmpty(path), Filter::Equals(path, kTwoTo53)}));
  query.filter = query.filter ? Filter::And({*query.filter, has}) : has;
  operations_ += 1;
  auto result = world.collection->Search(query, {});
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  ExpectExactGroups(query, target, field, world.model, *result);
}

void Driver::ChangePayloadIndex(World& world) {
  const PayloadIndex index = random_.RandomIndex();
  CollectionSchema schema = world.collection->Schema();
  bool there = false;
  for (const PayloadIndex& present : schema.indexes) there |= present.path == index.path;
  Status status = there ? world.collection->DropPayloadIndex(index.path)
                        : world.collection->CreatePayloadIndex(index);
  ASSERT_TRUE(status.ok()) << index.path << ": " << status.ToString();
}

void Driver::ChangeSettings(World& world) {
  CollectionUpdate update;
  const auto& fields = world.schema.fields;
  const VectorField& field =
      fields[static_cast<size_t>(random_.Uniform(0, static_cast<int64_t>(fields.size()) - 1))];
  update.fields.push_back({field.name, random_.RandomIndexParams(field)});
  if (random_.OneIn(2)) {
    update.set_compaction = true;
    update.compaction = world.schema.compaction;
    update.compaction.seal_rows = static_cast<uint32_t>(random_.Uniform(64, 900));
    update.compaction.max_segment_rows = random_.OneIn(2) ? 1'000 : 0;
  }
  auto updated = database_->UpdateCollection(world.schema.name, update);
  ASSERT_TRUE(updated.ok()) << updated.status().ToString();
}

void Driver::Expiry(World& world) {
  std::vector<UpsertPoint> points;
  std::vector<PointId> ids;
  for (PointId& id : random_.DistinctIds(12)) {
    points.push_back(random_.Upsert(world.schema, id));
    points.back().ttl_ms = random_.Uniform(30, 120);
    ids.push_back(std::move(id));
  }
  const int64_t before = NowMs();
  auto result = world.collection->Upsert(points, {});
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  const int64_t after = NowMs();
  ExpectSameResult(world, *result, world.model.Upsert(points, result->seq));
  for (const UpsertPoint& upsert : points) {
    // Not later than this, whenever within the call the clock was read.
    world.model.SetExpiry(upsert.point.id, after + upsert.ttl_ms);
  }
  // Half of them live on: an upsert without expiry takes it away. One write so that none expires
  // between.
  std::vector<UpsertPoint> kept;
  for (size_t i = 0; i < points.size(); i += 2)
    kept.push_back(random_.Upsert(world.schema, ids[i]));
  auto rewritten = world.collection->Upsert(kept, {});
  ASSERT_TRUE(rewritten.ok()) << rewritten.status().ToString();
  ExpectSameResult(world, *rewritten, world.model.Upsert(kept, rewritten->seq));
  auto early = world.collection->Get(ids, {}, {});
  ASSERT_TRUE(early.ok()) << early.status().ToString();
  if (NowMs() < before + 30) {
    EXPECT_EQ(early->size(), ids.size()) << "expired too early";
  }

  std::this_thread::sleep_for(std::chrono::milliseconds(after + 121 - NowMs()));
  world.model.Expire(after + 121);
  // An expired point is not there for any call, whether or not the sweeper has passed.
  const std::vector<PointId> expired = {ids[1]};
  auto removed = world.collection->Delete(expired, {});
  ASSERT_TRUE(removed.ok()) << removed.status().ToString();
  EXPECT_EQ(removed->affected, 0u);
  world.last_seq = removed->seq;
  ExpectSamePoints(*world.collection, world.model, std::nullopt, 1'000);
}

void Driver::SnapshotRoundTrip(World& world) {
  auto snapshot = world.collection->CreateSnapshot();
  ASSERT_TRUE(snapshot.ok()) << snapshot.status().ToString();
  EXPECT_EQ(snapshot->points, world.model.points().size());
  Model then = world.model;
  for (int i = 0; i < 5; ++i) Upsert(world);  // must not show in the snapshot
  const std::string name = "restored";
  Status restored = database_->RestoreSnapshot(snapshot->id, name);
  ASSERT_TRUE(restored.ok()) << restored.ToString();
  auto collection = database_->GetCollection(name);
  ASSERT_TRUE(collection.ok()) << collection.status().ToString();
  ExpectSamePoints(**collection, then, std::nullopt, 1'000);
  ExpectSamePoints(**collection, then, random_.RandomFilter(), 1'000);
  Status dropped = database_->DropCollection(name);
  EXPECT_TRUE(dropped.ok()) << dropped.ToString();
  Status deleted = database_->DeleteSnapshot(snapshot->id);
  EXPECT_TRUE(deleted.ok()) << deleted.ToString();
}

void Driver::VerifyAll(World&) {
  for (World& world : worlds_) {
    ExpectSamePoints(*world.collection, world.model, std::nullopt, 1'000);
    for (const VectorField& field : world.schema.fields) {
      Query query;
      query.field = field.name;
      query.k = 10'000;
      query.params.exact = true;
      VectorValue vector = random_.Vector(field);
      query.target = vector;
      auto result = world.collection->Search(query, {});
      ASSERT_TRUE(result.ok()) << result.status().ToString();
      ExpectExactHits(query, vector.ToFloats(), field, world.model, *result);
    }
  }
}

}  // namespace sagitta::model
