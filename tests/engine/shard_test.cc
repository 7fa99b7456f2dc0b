#include "engine/shard.h"

#include <gmock/gmock.h>

#include <random>
#include <thread>

#include "base/fault.h"
#include "tests/engine/shard_testing.h"

namespace sagitta::engine::testing {
namespace {

using Points = std::map<uint64_t, float>;

TEST(Shard, AWriteIsVisibleWhenItIsDone) {
  TestShard shard;
  const auto write = shard.Upsert({TestShard::Row(1, 10), TestShard::Row(2, 20)});
  ASSERT_TRUE(write->status.ok()) << write->status.ToString();
  EXPECT_EQ(write->result.affected, 2u);
  EXPECT_EQ(shard.Visible(), (Points{{1, 10}, {2, 20}}));
  EXPECT_EQ(shard->state().Points(), 2u);
}

TEST(Shard, AnUpdateReplacesAndADeleteRemoves) {
  TestShard shard;
  shard.Upsert({TestShard::Row(1, 10), TestShard::Row(2, 20), TestShard::Row(3, 30)});
  shard.Upsert({TestShard::Row(2, 21)});
  const auto deleted = shard.Delete({1, 99});
  EXPECT_EQ(deleted->result.affected, 1u);
  EXPECT_EQ(shard.Visible(), (Points{{2, 21}, {3, 30}}));
}

TEST(Shard, ConditionsAreHeldAgainstThePresentState) {
  TestShard shard;
  const uint64_t version = shard.Upsert({TestShard::Row(1, 10)})->result.seq;
  UpsertRow absent = TestShard::Row(1, 11);
  absent.only_if_absent = true;
  auto write = shard.Upsert({absent});
  EXPECT_EQ(write->result.affected, 0u);
  EXPECT_EQ(write->result.skipped, std::vector<std::string>{PointId(1).Encode()});
  UpsertRow wrong = TestShard::Row(1, 12);
  wrong.only_if_version = version + 1;
  EXPECT_EQ(shard.Upsert({wrong})->result.affected, 0u);
  UpsertRow right = TestShard::Row(1, 13);
  right.only_if_version = version;
  EXPECT_EQ(shard.Upsert({right})->result.affected, 1u);
  UpsertRow missing = TestShard::Row(7, 13);
  missing.only_if_version = version;
  EXPECT_EQ(shard.Upsert({missing})->result.skipped.size(), 1u);
  EXPECT_EQ(shard.Visible(), (Points{{1, 13}}));
}

TEST(Shard, AnExpiredPointCountsAsAbsent) {
  TestShard shard;
  shard.Upsert({TestShard::Row(1, 10, 0, 1)});
  EXPECT_EQ(shard.Delete({1})->result.affected, 0u);
  shard.Upsert({TestShard::Row(2, 20, 0, 1)});
  UpsertRow absent = TestShard::Row(2, 21);
  absent.only_if_absent = true;
  EXPECT_EQ(shard.Upsert({absent})->result.affected, 1u);
  EXPECT_EQ(shard.Visible(), (Points{{2, 21}}));
}

TEST(Shard, ExpiredRowsAreThoseToSweep) {
  TestShard shard;
  shard.Upsert({TestShard::Row(1, 1, 0, 1), TestShard::Row(2, 2, 0, 2), TestShard::Row(3, 3),
                TestShard::Row(4, 4, 0, NowMs() + 3'600'000)});
  const auto rows = shard->ExpiredRows(10);
  ASSERT_TRUE(rows.ok());
  ASSERT_EQ(rows->size(), 2u);
  EXPECT_EQ((*rows)[0].ext_key, PointId(1).Encode());
  EXPECT_EQ(shard->ExpiredRows(1)->size(), 1u);
}

TEST(Shard, ARequestIdIsAppliedOnce) {
  TestShard shard;
  const auto first = shard.Upsert({TestShard::Row(1, 10)}, "r");
  EXPECT_FALSE(first->result.replayed);
  shard.Upsert({TestShard::Row(1, 11)});
  for (int i = 0; i < 2; ++i) {
    const auto again = shard.Upsert({TestShard::Row(1, 10)}, "r");
    EXPECT_TRUE(again->result.replayed);
    EXPECT_EQ(again->result.seq, first->result.seq);
    EXPECT_EQ(again->result.affected, 1u);
    shard.Reopen();
  }
  EXPECT_EQ(shard.Visible(), (Points{{1, 11}}));
}

TEST(Shard, ARequestIdTwiceInOneGroupIsAppliedOnce) {
  TestShard shard;
  std::vector<std::shared_ptr<ShardWrite>> writes;
  for (int i = 0; i < 50; ++i) {
    auto write = std::make_shared<ShardWrite>();
    write->upserts = {TestShard::Row(1, static_cast<float>(i))};
    write->request_id = "same";
    writes.push_back(shard.Start(write));
  }
  int applied = 0;
  for (const auto& write : writes) {
    write->done->wait();
    ASSERT_TRUE(write->status.ok());
    applied += write->result.replayed ? 0 : 1;
  }
  EXPECT_EQ(applied, 1);
  EXPECT_EQ(shard.Visible(), (Points{{1, 0}}));
}

TEST(Shard, PayloadUpdatesKeepTheVector) {
  TestShard shard;
  shard.Upsert({TestShard::Row(1, 10, 5)});
  auto write = shard.Update({1, 2}, {.op = PayloadOp::kMerge, .payload = {{"x", "y"}}, .keys = {}});
  ASSERT_TRUE(write->status.ok());
  EXPECT_EQ(write->result.affected, 1u);
  EXPECT_EQ(write->result.skipped, std::vector<std::string>{PointId(2).Encode()});
  EXPECT_EQ(shard.Visible(), (Points{{1, 10}}));
  const ShardView view = shard->View();
  const SegmentView& segment = view.segments.back();
  const uint64_t id = segment.segment->internal_id(segment.rows - 1);
  std::vector<std::string> payloads;
  ASSERT_TRUE(view.store->ReadPayloads(std::span(&id, 1), &payloads, view.at.get()).ok());
  EXPECT_EQ(*filter::DecodePayload(payloads[0]), (Payload{{"n", 5}, {"x", "y"}}));
}

TEST(Shard, AViewDoesNotChange) {
  TestShard shard;
  shard.Upsert({TestShard::Row(1, 10), TestShard::Row(2, 20)});
  const ShardView view = shard->View();
  shard.Upsert({TestShard::Row(1, 11), TestShard::Row(3, 30)});
  shard.Delete({2});
  ASSERT_EQ(view.segments.size(), 1u);
  EXPECT_EQ(view.segments[0].rows, 2u);
  EXPECT_FALSE(view.segments[0].IsDead(0) || view.segments[0].IsDead(1));
  std::vector<std::optional<store::IdEntry>> entries;
  const std::vector<std::string> keys = {PointId(2).Encode(), PointId(3).Encode()};
  ASSERT_TRUE(view.store->FindIds(keys, &entries, view.at.get()).ok());
  EXPECT_TRUE(entries[0].has_value());
  EXPECT_FALSE(entries[1].has_value());
}

TEST(Shard, ConcurrentWritersLoseNothing) {
  TestShard shard;
  std::vector<std::shared_ptr<ShardWrite>> writes;
  for (int i = 0; i < 400; ++i) {
    auto write = std::make_shared<ShardWrite>();
    for (int j = 0; j < 20; ++j) {
      write->upserts.push_back(TestShard::Row((i * 7 + j) % 1000, static_cast<float>(i)));
    }
    writes.push_back(shard.Start(write));
  }
  Points expected;
  for (int i = 0; i < 400; ++i) {
    for (int j = 0; j < 20; ++j) expected[(i * 7 + j) % 1000] = static_cast<float>(i);
    writes[i]->done->wait();
    ASSERT_TRUE(writes[i]->status.ok());
  }
  EXPECT_EQ(shard.Visible(), expected);
  shard.Reopen();
  EXPECT_EQ(shard.Visible(), expected);
}

TEST(Shard, AFullMemoryBudgetRefusesAndNamesTheNumbers) {
  TestShard shard(SmallSchema(), 8 << 20);
  ASSERT_TRUE(shard->Admit(1000).ok());
  const Status refused = shard->Admit(9 << 20);
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(refused.message(), ::testing::HasSubstr("of 8388608 bytes"));
  EXPECT_GT(refused.retry_after_ms(), 0u);
}

TEST(Shard, WritesWaitWhileTooManySegmentsAreUnsealedAndThenGoOn) {
  CollectionSchema schema = SmallSchema();
  schema.compaction.seal_rows = 64;
  TestShard shard(schema);
  std::vector<std::shared_ptr<ShardWrite>> writes;
  for (uint64_t i = 0; i < 20; ++i) {
    auto write = std::make_shared<ShardWrite>();
    for (uint64_t j = 0; j < 64; ++j) write->upserts.push_back(TestShard::Row(i * 64 + j, 1));
    write->durability = Durability::kOs;
    writes.push_back(shard.Start(write));
    // Each in a group of its own, so that each fills a segment.
    while (i < 8 && shard->state().FrozenCount() <= i) std::this_thread::yield();
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(writes.back()->done->try_wait());
  while (!writes.back()->done->try_wait()) {
    auto rebuild = SegmentRebuild::PrepareSeal(shard->state(), 1 << 20);
    ASSERT_TRUE(rebuild.ok());
    if (*rebuild != nullptr) TestShard::Run(**rebuild);
  }
  for (const auto& write : writes) EXPECT_TRUE(write->status.ok()) << write->status.ToString();
  EXPECT_EQ(shard.Visible().size(), 20u * 64);
}

TEST(Shard, StopAnswersEveryWaitingWrite) {
  TestShard shard;
  std::vector<std::shared_ptr<ShardWrite>> writes;
  for (uint64_t i = 0; i < 200; ++i) {
    auto write = std::make_shared<ShardWrite>();
    write->upserts = {TestShard::Row(i, 1)};
    writes.push_back(shard.Start(write));
  }
  shard->Stop();
  size_t applied = 0;
  for (const auto& write : writes) {
    write->done->wait();
    applied += write->status.ok() ? 1 : 0;
    EXPECT_TRUE(write->status.ok() || write->status.code() == StatusCode::kUnavailable);
  }
  EXPECT_EQ(shard->Admit(1).code(), StatusCode::kUnavailable);
  EXPECT_EQ(shard.Visible().size(), applied);
}

TEST(Shard, StatsAndFactsSayWhatIsThere) {
  TestShard shard;
  shard.Upsert({TestShard::Row(1, 1), TestShard::Row(2, 2)});
  shard.SealAll();
  shard.Upsert({TestShard::Row(2, 3), TestShard::Row(3, 3)});
  const ShardStats stats = shard->Stats();
  EXPECT_EQ(stats.points, 3u);
  EXPECT_EQ(stats.unsealed_rows, 2u);
  ASSERT_EQ(stats.segments.size(), 2u);
  EXPECT_EQ(stats.segments[0].state, "sealed");
  EXPECT_EQ(stats.segments[0].deleted, 1u);
  EXPECT_EQ(stats.segments[1].state, "mutable");
  EXPECT_GT(stats.space.disk_segments, 0u);
  EXPECT_GT(stats.space.memory_vectors, 0u);
  const ShardFacts facts = shard->Facts();
  EXPECT_EQ(facts.segments[1].state, SegmentFacts::State::kGrowing);
  EXPECT_TRUE(facts.segments[0].satisfied);  // AUTO is FLAT for so few rows
  EXPECT_EQ(facts.log_ops, 2u);
}

}  // namespace
}  // namespace sagitta::engine::testing
