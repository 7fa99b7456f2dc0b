#include "engine/payload_index_build.h"

#include <gmock/gmock.h>

#include <thread>

#include "base/fault.h"
#include "tests/engine/shard_testing.h"

namespace sagitta::engine::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const PayloadIndex kByN{.path = "n", .kind = PayloadIndexKind::kInt64};

CollectionSchema WithoutIndexes() {
  CollectionSchema schema = SmallSchema();
  schema.indexes.clear();
  return schema;
}

void Fill(TestShard& shard, uint64_t first, uint64_t n) {
  std::vector<UpsertRow> rows;
  for (uint64_t id = first; id < first + n; ++id) {
    rows.push_back(TestShard::Row(id, 1, static_cast<int64_t>(id % 10)));
  }
  ASSERT_TRUE(shard.Upsert(std::move(rows))->status.ok());
}

int64_t NumberOf(std::string_view payload) {
  const auto decoded = filter::DecodePayload(payload);
  EXPECT_TRUE(decoded.ok());
  return *decoded->find("n")->second.AsInt64();
}

// The rows that the index gives for n == number.
std::vector<uint32_t> Lookup(const Segment& segment, int64_t number) {
  const auto indexes = segment.payload_indexes();
  std::vector<uint32_t> rows;
  if (!indexes->contains("n")) return {UINT32_MAX};
  const auto answer =
      indexes->find("n")->second->Answer(Filter::Equals("n", number), segment.rows());
  if (!answer.has_value() || answer->has_unsure) return {UINT32_MAX};
  for (uint32_t row = 0; row < segment.rows(); ++row) {
    if (answer->matches.Test(row)) rows.push_back(row);
  }
  return rows;
}

// Whether each segment's index finds exactly the live rows that the store's payloads say.
void ExpectIndexed(TestShard& shard) {
  const ShardView view = shard->View();
  for (const SegmentView& segment : view.segments) {
    ASSERT_TRUE(segment.indexes->contains("n")) << segment.segment->id();
    base::Bitset found[10];
    for (int64_t n = 0; n < 10; ++n) {
      found[n] =
          segment.indexes->find("n")->second->Answer(Filter::Equals("n", n), segment.rows)->matches;
    }
    const Status read = ReadPayloadsOf(*segment.segment, segment.rows, *view.store, view.at.get(),
                                       {}, [&](uint32_t row, std::string_view payload) {
                                         if (segment.IsDead(row)) return Status::Ok();
                                         const int64_t number = NumberOf(payload);
                                         for (int64_t n = 0; n < 10; ++n)
                                           EXPECT_EQ(found[n].Test(row), n == number);
                                         return Status::Ok();
                                       });
    EXPECT_TRUE(read.ok()) << read.ToString();
  }
}

TEST(ReadPayloadsOf, EachRowOnceInOrderAndNothingForTheDead) {
  TestShard shard;
  // Over a block, with deleted rows at its ends and between.
  Fill(shard, 0, 9000);
  std::vector<uint64_t> dead = {0, 1, 17, 4095, 4096, 5000, 8999};
  shard.Delete(dead);
  const auto segment = shard->state().Segments().front();
  uint32_t next = 0;
  const Status status = ReadPayloadsOf(*segment, 9000, shard->state().store(), nullptr, {},
                                       [&](uint32_t row, std::string_view payload) {
                                         EXPECT_EQ(row, next++);
                                         const bool gone =
                                             std::find(dead.begin(), dead.end(), row) != dead.end();
                                         EXPECT_EQ(payload.empty(), gone) << row;
                                         EXPECT_TRUE(gone || NumberOf(payload) == row % 10);
                                         return Status::Ok();
                                       });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(next, 9000u);
}

TEST(ReadPayloadsOf, RowsFarApartAreLookedUp) {
  TestShard shard;
  Fill(shard, 0, 5000);
  shard.SealAll();
  std::vector<uint64_t> dead;
  for (uint64_t id = 0; id < 5000; ++id) {
    if (id % 100 != 7) dead.push_back(id);
  }
  shard.Delete(dead);
  shard.Rebuild(shard.SealedIds());
  const auto segment = shard->state().Segments().front();
  ASSERT_EQ(segment->rows(), 50u);
  uint32_t next = 0;
  ASSERT_TRUE(ReadPayloadsOf(*segment, 50, shard->state().store(), nullptr, {},
                             [&](uint32_t row, std::string_view payload) {
                               EXPECT_EQ(row, next++);
                               EXPECT_EQ(NumberOf(payload), 7);
                               return Status::Ok();
                             })
                  .ok());
  EXPECT_EQ(next, 50u);
}

TEST(ReadPayloadsOf, EndsWithTheVisitorsErrorAndWhenCancelled) {
  TestShard shard;
  Fill(shard, 0, 100);
  const auto segment = shard->state().Segments().front();
  int visits = 0;
  const auto visit = [&](uint32_t, std::string_view) {
    return ++visits == 5 ? Status::Internal("enough") : Status::Ok();
  };
  EXPECT_EQ(ReadPayloadsOf(*segment, 100, shard->state().store(), nullptr, {}, visit).code(),
            StatusCode::kInternal);
  EXPECT_EQ(visits, 5);
  CancelToken cancel = CancelToken::Manual();
  cancel.Cancel();
  EXPECT_EQ(ReadPayloadsOf(*segment, 100, shard->state().store(), nullptr, cancel, visit).code(),
            StatusCode::kCancelled);
  EXPECT_EQ(visits, 5);
}

TEST(BuildPayloadIndex, AsOfAViewItHoldsWhatDiedSince) {
  TestShard shard(WithoutIndexes());
  Fill(shard, 0, 20);
  const ShardView view = shard->View();
  shard.Delete({13});
  const auto segment = shard->state().Segments().front();
  const auto then =
      BuildPayloadIndex(kByN, *segment, 20, shard->state().store(), {}, view.at.get());
  const auto now = BuildPayloadIndex(kByN, *segment, 20, shard->state().store(), {});
  ASSERT_TRUE(then.ok() && now.ok());
  EXPECT_EQ((*then)->Answer(Filter::Equals("n", 3), 20)->matches.Count(), 2u);
  EXPECT_EQ((*now)->Answer(Filter::Equals("n", 3), 20)->matches.Count(), 1u);
}

TEST(EnsurePayloadIndexes, BuildsOnceAndLoadsWhatIsStored) {
  TestShard shard(WithoutIndexes());
  Fill(shard, 0, 20);
  shard.SealAll();
  shard.live().Set(SmallSchema());
  base::RecordFaultPoints(true);
  const auto built = [] {
    const auto points = base::RecordedFaultPoints();
    return std::count(points.begin(), points.end(), "payload_index.before_store") != 0;
  };
  auto sealed = std::static_pointer_cast<SealedSegment>(shard->state().Segments().front());
  EXPECT_FALSE(HasPayloadIndex(*sealed, kByN));
  ASSERT_TRUE(EnsurePayloadIndexes(shard->state(), *sealed, {kByN}, {}).ok());
  EXPECT_TRUE(HasPayloadIndex(*sealed, kByN));
  EXPECT_FALSE(HasPayloadIndex(*sealed, {.path = "n", .kind = PayloadIndexKind::kDouble}));
  EXPECT_THAT(Lookup(*sealed, 3), ElementsAre(3, 13));
  EXPECT_TRUE(built());

  base::ClearFaults();
  sealed.reset();
  shard.Reopen();
  EXPECT_THAT(Lookup(*shard->state().Segments().front(), 3), ElementsAre(3, 13));
  EXPECT_FALSE(built()) << "the stored form was there";
  base::RecordFaultPoints(false);
}

TEST(EnsurePayloadIndexes, ADamagedStoredFormIsBuiltAnew) {
  TestShard shard;
  Fill(shard, 0, 20);
  shard.SealAll();
  auto sealed = std::static_pointer_cast<SealedSegment>(shard->state().Segments().front());
  store::ShardStore& store = shard->state().store();
  const auto good = store.ReadPayloadIndex(sealed->id(), "n");
  ASSERT_TRUE(good.ok() && good->has_value());
  std::string damaged = **good;
  damaged[damaged.size() / 2] ^= 1;
  for (const std::string& bytes : {damaged, std::string(), std::string("garbage")}) {
    ASSERT_TRUE(store.PutPayloadIndex(sealed->id(), "n", bytes).ok());
    sealed->DropPayloadIndex("n");
    ASSERT_TRUE(EnsurePayloadIndexes(shard->state(), *sealed, {kByN}, {}).ok());
    EXPECT_THAT(Lookup(*sealed, 4), ElementsAre(4, 14));
    EXPECT_EQ(**store.ReadPayloadIndex(sealed->id(), "n"), **good);
  }
}

TEST(EnsurePayloadIndexes, AnotherKindAtThePathIsReplaced) {
  TestShard shard;
  Fill(shard, 0, 20);
  shard.SealAll();
  auto sealed = std::static_pointer_cast<SealedSegment>(shard->state().Segments().front());
  const PayloadIndex as_double{.path = "n", .kind = PayloadIndexKind::kDouble};
  ASSERT_TRUE(EnsurePayloadIndexes(shard->state(), *sealed, {as_double}, {}).ok());
  EXPECT_TRUE(HasPayloadIndex(*sealed, as_double));
  EXPECT_THAT(Lookup(*sealed, 3), ElementsAre(3, 13));
}

TEST(AddPayloadIndex, EverySegmentGetsIt) {
  TestShard shard(WithoutIndexes());
  Fill(shard, 0, 100);
  shard.SealAll();
  Fill(shard, 100, 50);
  shard->Freeze();
  Fill(shard, 200, 30);
  shard.Delete({3, 103, 203});
  shard.live().Set(SmallSchema());
  ASSERT_TRUE(AddPayloadIndex(shard->state(), kByN, {}).ok());
  ExpectIndexed(shard);
  Fill(shard, 300, 20);
  shard->Freeze();
  Fill(shard, 400, 20);
  ExpectIndexed(shard);
  EXPECT_EQ(shard->View().segments.size(), 4u);
}

TEST(AddPayloadIndex, WhileWritesAndSealsGoOn) {
  CollectionSchema schema = WithoutIndexes();
  schema.compaction.seal_rows = 256;
  TestShard shard(schema);
  Fill(shard, 0, 3000);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint64_t i = 0; !stop || i < 50; ++i) {
      Fill(shard, (i * 37) % 4000, 40);
      shard.Delete({(i * 53) % 4000, (i * 59) % 4000});
    }
  });
  std::thread sealer([&] {
    while (!stop) {
      auto seal = SegmentRebuild::PrepareSeal(shard->state(), UINT64_MAX);
      ASSERT_TRUE(seal.ok());
      if (*seal != nullptr) TestShard::Run(**seal);
    }
  });
  CollectionSchema indexed = schema;
  indexed.indexes = {kByN};
  for (int i = 0; i < 10; ++i) {
    shard.live().Set(indexed);
    EXPECT_TRUE(AddPayloadIndex(shard->state(), kByN, {}).ok());
    if (i == 9) break;
    shard.live().Set(schema);
    EXPECT_TRUE(RemovePayloadIndex(shard->state(), "n").ok());
  }
  stop = true;
  writer.join();
  sealer.join();
  // A seal that was under way when the schema changed may have left one without.
  ASSERT_TRUE(AddPayloadIndex(shard->state(), kByN, {}).ok());
  ExpectIndexed(shard);
}

TEST(AddPayloadIndex, CancelledItSaysSo) {
  TestShard shard(WithoutIndexes());
  Fill(shard, 0, 100);
  shard.live().Set(SmallSchema());
  CancelToken cancel = CancelToken::Manual();
  cancel.Cancel();
  EXPECT_EQ(AddPayloadIndex(shard->state(), kByN, cancel).code(), StatusCode::kCancelled);
}

TEST(RemovePayloadIndex, FromMemoryAndFromTheStore) {
  TestShard shard;
  Fill(shard, 0, 100);
  shard.SealAll();
  Fill(shard, 100, 10);
  const std::string id = shard.SealedIds().at(0);
  ASSERT_TRUE(shard->state().store().ReadPayloadIndex(id, "n")->has_value());
  shard.live().Set(WithoutIndexes());
  ASSERT_TRUE(RemovePayloadIndex(shard->state(), "n").ok());
  for (const auto& segment : shard->state().Segments()) {
    EXPECT_THAT(*segment->payload_indexes(), IsEmpty());
  }
  EXPECT_FALSE(shard->state().store().ReadPayloadIndex(id, "n")->has_value());
}

}  // namespace
}  // namespace sagitta::engine::testing
