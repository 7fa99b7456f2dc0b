#include "tests/model/driver.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <limits>

#include "tests/model/checks.h"

namespace sagitta::model {
namespace {

constexpr uint32_t kIds = 2'800;  // small, so that ids are overwritten, deleted and written again
constexpr uint64_t kOperationsPerEvent = 700;

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Driver::Driver(std::string path, uint64_t seed) : path_(std::move(path)), random_(seed, kIds) {
  for (const CollectionSchema& schema : ModelSchemas()) {
    worlds_.push_back({schema, Model(schema), nullptr, 0});
  }
}

void Driver::Open() {
  for (World& world : worlds_) world.collection.reset();
  database_.reset();
  DatabaseOptions options;
  options.path = path_;
  options.search_threads = static_cast<uint32_t>(random_.Uniform(1, 3));
  options.compaction_threads = 1;
  auto opened = Database::Open(options);
  ASSERT_TRUE(opened.ok()) << opened.status().ToString();
  database_ = std::move(opened).value();
  for (World& world : worlds_) {
    auto collection = database_->GetCollection(world.schema.name);
    if (!collection.ok()) collection = database_->CreateCollection(world.schema);
    ASSERT_TRUE(collection.ok()) << collection.status().ToString();
    world.collection = *collection;
  }
}

void Driver::Run(uint64_t operations) {
  Open();
  uint64_t progress = 0;
  const auto start = std::chrono::steady_clock::now();
  next_event_ = kOperationsPerEvent;
  while (operations_ < operations && !::testing::Test::HasFailure()) {
    World& world = worlds_[static_cast<size_t>(random_.Uniform(0, 1))];
    if (operations_ >= next_event_) {
      next_event_ += kOperationsPerEvent;
      Event(world);
    } else {
      Step(world);
    }
    if (operations_ >= progress) {
      std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      std::cout << operations_ << " operations, " << worlds_[0].model.points().size() << " + "
                << worlds_[1].model.points().size() << " live points, " << seconds.count() << " s"
                << std::endl;
      progress += operations / 10;
    }
  }
  if (!::testing::Test::HasFailure()) Open();
  if (!::testing::Test::HasFailure()) VerifyAll(worlds_[0]);
}

void Driver::Choose(World& world, std::span<const Choice> choices) {
  int64_t total = 0;
  for (const Choice& choice : choices) total += choice.weight;
  int64_t at = random_.Uniform(0, total - 1);
  for (const Choice& choice : choices) {
    at -= choice.weight;
    if (at < 0) return (this->*choice.action)(world);
  }
}

void Driver::Step(World& world) {
  static constexpr Choice kSteps[] = {
      {13, &Driver::Upsert},       {4, &Driver::Delete},        {1, &Driver::DeleteByFilter},
      {5, &Driver::UpdatePayload}, {1, &Driver::RetriedUpsert}, {1, &Driver::RefusedWrite},
      {5, &Driver::Get},           {3, &Driver::Scroll},        {6, &Driver::Search},
      {1, &Driver::SearchGroups}};
  Choose(world, kSteps);
}

void Driver::Event(World& world) {
  static constexpr Choice kEvents[] = {
      {5, &Driver::Reopen},      {4, &Driver::ChangePayloadIndex}, {2, &Driver::ChangeSettings},
      {3, &Driver::Expiry},      {2, &Driver::SnapshotRoundTrip},  {2, &Driver::Compact},
      {1, &Driver::WaitIndexed}, {1, &Driver::VerifyAll}};
  operations_ += 1;
  Choose(world, kEvents);
}

void Driver::Reopen(World&) { Open(); }

void Driver::Compact(World& world) {
  Status status = world.collection->Compact();
  EXPECT_TRUE(status.ok()) << status.ToString();
}

void Driver::WaitIndexed(World& world) {
  Status status = world.collection->WaitIndexed({}, {});
  EXPECT_TRUE(status.ok()) << status.ToString();
}

WriteOptions Driver::RandomWriteOptions() {
  WriteOptions options;
  if (!random_.OneIn(4)) options.durability = Durability::kOs;  // a clean close keeps these too
  if (random_.OneIn(10)) options.request_id = "request-" + std::to_string(++requests_);
  return options;
}

void Driver::ExpectSameResult(World& world, const WriteResult& got, const WriteResult& expected) {
  EXPECT_EQ(got.affected, expected.affected);
  std::vector<PointId> got_skipped = got.skipped, expected_skipped = expected.skipped;
  std::sort(got_skipped.begin(), got_skipped.end());
  std::sort(expected_skipped.begin(), expected_skipped.end());
  EXPECT_EQ(got_skipped.size(), expected_skipped.size());
  EXPECT_TRUE(got_skipped == expected_skipped);
  EXPECT_FALSE(got.replayed);
  EXPECT_GE(got.seq, world.last_seq + (expected.affected > 0 ? 1 : 0));
  world.last_seq = got.seq;
}

void Driver::Upsert(World& world) {
  std::vector<UpsertPoint> points;
  for (PointId& id : random_.DistinctIds(static_cast<size_t>(random_.Uniform(1, 40)))) {
    UpsertPoint upsert = random_.Upsert(world.schema, std::move(id));
    const ModelPoint* old = world.model.Find(upsert.point.id);
    if (random_.OneIn(10)) upsert.only_if_absent = true;
    if (!upsert.only_if_absent && random_.OneIn(8)) {
      upsert.only_if_version = old != nullptr && !random_.OneIn(3) ? old->version : 1;
    }
    if (random_.OneIn(30)) upsert.point.expires_at_ms = NowMs() + 86'400'000;
    points.push_back(std::move(upsert));
  }
  operations_ += points.size();
  auto result = world.collection->Upsert(points, RandomWriteOptions());
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  ExpectSameResult(world, *result, world.model.Upsert(points, result->seq));
}

void Driver::Delete(World& world) {
  auto ids = random_.DistinctIds(static_cast<size_t>(random_.Uniform(1, 30)));
  operations_ += ids.size();
  auto result = world.collection->Delete(ids, RandomWriteOptions());
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  ExpectSameResult(world, *result, world.model.Delete(ids, result->seq));
}

void Driver::DeleteByFilter(World& world) {
  Filter filter = random_.NarrowFilter();
  operations_ += 1;
  auto result = world.collection->DeleteByFilter(filter, RandomWriteOptions());
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  ExpectSameResult(world, *result, world.model.DeleteByFilter(filter, result->seq));
}

void Driver::UpdatePayload(World& world) {
  PayloadUpdate update;
  update.op = static_cast<PayloadOp>(random_.Uniform(0, 2));
  if (random_.OneIn(6)) {
    update.filter = random_.NarrowFilter();
  } else {
    update.ids = random_.DistinctIds(static_cast<size_t>(random_.Uniform(1, 20)));
  }
  if (update.op == PayloadOp::kDelete) {
    for (int64_t i = random_.Uniform(1, 2); i > 0; --i) update.keys.push_back(random_.Path());
  } else {
    update.payload =
        update.op == PayloadOp::kSet ? random_.RandomPayload() : random_.SmallPayload();
  }
  operations_ += std::max<size_t>(1, update.ids.size());
  auto result = world.collection->UpdatePayload(update, RandomWriteOptions());
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  ExpectSameResult(world, *result, world.model.UpdatePayload(update, result->seq));
}

void Driver::RetriedUpsert(World& world) {
  std::vector<UpsertPoint> points;
  for (PointId& id : random_.DistinctIds(5))
    points.push_back(random_.Upsert(world.schema, std::move(id)));
  WriteOptions options = RandomWriteOptions();
  options.request_id = "retry-" + std::to_string(++requests_);
  operations_ += points.size() + 1;
  auto first = world.collection->Upsert(points, options);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  ExpectSameResult(world, *first, world.model.Upsert(points, first->seq));
  if (random_.OneIn(20)) Open();
  // The retry comes after another write of the same points, which it must not undo.
  auto ids = std::vector<PointId>{points[0].point.id};
  auto removed = world.collection->Delete(ids, {});
  ASSERT_TRUE(removed.ok()) << removed.status().ToString();
  ExpectSameResult(world, *removed, world.model.Delete(ids, removed->seq));
  auto again = world.collection->Upsert(points, options);
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_TRUE(again->replayed);
  EXPECT_EQ(again->seq, first->seq);
  EXPECT_EQ(again->affected, first->affected);
}

void Driver::RefusedWrite(World& world) {
  std::vector<UpsertPoint> points;
  for (PointId& id : random_.DistinctIds(4))
    points.push_back(random_.Upsert(world.schema, std::move(id)));
  auto& [name, vector] = *points.back().point.vectors.begin();
  if (random_.OneIn(2)) {
    vector.bytes.resize(vector.bytes.size() - 4);
  } else {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::copy_n(reinterpret_cast<const char*>(&nan), 4, vector.bytes.begin());
  }
  operations_ += 1;
  auto result = world.collection->Upsert(points, RandomWriteOptions());
  ASSERT_FALSE(result.ok()) << "a bad vector was taken";
  EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(result.status().field().find("points[" + std::to_string(points.size() - 1) + "]"),
            std::string::npos)
      << result.status().ToString();
}

void Driver::Get(World& world) {
  auto ids = random_.DistinctIds(static_cast<size_t>(random_.Uniform(1, 25)));
  operations_ += ids.size();
  Select select{.payload = true, .payload_keys = {}, .vectors = true, .vector_fields = {}};
  ReadOptions options;
  options.min_seq = world.last_seq;
  auto points = world.collection->Get(ids, select, options);
  ASSERT_TRUE(points.ok()) << points.status().ToString();
  size_t next = 0;
  for (const PointId& id : ids) {
    const ModelPoint* expected = world.model.Find(id);
    if (expected == nullptr) continue;
    ASSERT_LT(next, points->size()) << id.ToString() << " is missing";
    ASSERT_EQ((*points)[next].id, id) << id.ToString() << " is missing";
    ExpectSamePoint((*points)[next++], *expected);
  }
  EXPECT_EQ(next, points->size()) << "a point that should not be there";
}

void Driver::Scroll(World& world) {
  operations_ += 1;
  std::optional<Filter> filter;
  if (!random_.OneIn(10)) filter = random_.RandomFilter();
  ExpectSamePoints(*world.collection, world.model, filter,
                   static_cast<uint32_t>(random_.Uniform(20, 1'500)));
}

}  // namespace sagitta::model
