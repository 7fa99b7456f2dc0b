#include "engine/segment_rebuild.h"

#include <gmock/gmock.h>

#include <fstream>
#include <random>
#include <thread>

#include "base/fault.h"
#include "base/file.h"
#include "tests/engine/shard_testing.h"

namespace sagitta::engine::testing {
namespace {

using Points = std::map<uint64_t, float>;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

CollectionSchema SchemaWith(uint32_t seal_rows, IndexKind kind = IndexKind::kAuto) {
  CollectionSchema schema = SmallSchema();
  schema.compaction.seal_rows = seal_rows;
  schema.fields[0].index.kind = kind;
  return schema;
}

// Upserts ids [first, first + n), each with its id as first element.
void Fill(TestShard& shard, uint64_t first, uint64_t n) {
  std::vector<UpsertRow> rows;
  for (uint64_t id = first; id < first + n; ++id) {
    rows.push_back(TestShard::Row(id, static_cast<float>(id), static_cast<int64_t>(id)));
  }
  const auto write = shard.Upsert(std::move(rows));
  ASSERT_TRUE(write->status.ok()) << write->status.ToString();
}

Points Range(uint64_t first, uint64_t n) {
  Points points;
  for (uint64_t id = first; id < first + n; ++id) points[id] = static_cast<float>(id);
  return points;
}

std::vector<std::string> Files(const TestShard& shard) {
  return *base::ListDirectory(shard.path() + "/segments");
}

std::unique_ptr<SegmentRebuild> Seal(TestShard& shard, uint64_t checkpoint_ops = UINT64_MAX) {
  auto rebuild = SegmentRebuild::PrepareSeal(shard->state(), checkpoint_ops);
  EXPECT_TRUE(rebuild.ok()) << rebuild.status().ToString();
  return rebuild.ok() ? std::move(*rebuild) : nullptr;
}

std::unique_ptr<SegmentRebuild> Rebuild(TestShard& shard, const std::vector<std::string>& ids) {
  auto rebuild = SegmentRebuild::PrepareRebuild(shard->state(), ids);
  EXPECT_TRUE(rebuild.ok()) << rebuild.status().ToString();
  return rebuild.ok() ? std::move(*rebuild) : nullptr;
}

class FaultGuard {
 public:
  ~FaultGuard() { base::ClearFaults(); }
};

TEST(SegmentRebuild, ASealWritesLiveRowsAndShortensTheLog) {
  TestShard shard;
  Fill(shard, 1, 100);
  shard.Delete({5, 6, 7});
  EXPECT_EQ(shard->state().log_ops(), 103u);
  shard->Freeze();
  const auto rebuild = Seal(shard);
  ASSERT_NE(rebuild, nullptr);
  EXPECT_EQ(rebuild->rows(), 97u);
  EXPECT_EQ(rebuild->source_rows(), 100u);
  EXPECT_GT(rebuild->MemoryBytes(), 0u);
  EXPECT_THAT(rebuild->IndexSteps(), IsEmpty());
  TestShard::Run(*rebuild);
  EXPECT_EQ(shard->state().log_ops(), 0u);
  Points expected = Range(1, 100);
  for (const uint64_t id : {5, 6, 7}) expected.erase(id);
  EXPECT_EQ(shard.Visible(), expected);
  EXPECT_THAT(Files(shard), ElementsAre(shard.SealedIds().at(0) + ".seg"));
  shard.Reopen();
  EXPECT_EQ(shard.Visible(), expected);
  EXPECT_THAT(shard.SealedIds(), SizeIs(1));
}

TEST(SegmentRebuild, NothingFrozenIsNothingToSeal) {
  TestShard shard;
  EXPECT_EQ(Seal(shard), nullptr);
  Fill(shard, 1, 10);
  EXPECT_EQ(Seal(shard), nullptr);
}

TEST(SegmentRebuild, ASealTakesAsManyAsFitFromTheOldestOn) {
  TestShard shard(SchemaWith(64));
  for (int i = 0; i < 5; ++i) {
    Fill(shard, 1 + 30 * i, i == 3 ? 100 : 30);
    shard->Freeze();
  }
  std::vector<uint64_t> sizes;
  while (auto rebuild = Seal(shard)) {
    sizes.push_back(rebuild->source_rows());
    TestShard::Run(*rebuild);
  }
  // 30 + 30, 30, 100 (over the bound by itself), 30.
  EXPECT_THAT(sizes, ElementsAre(60, 30, 100, 30));
  EXPECT_EQ(shard.Visible().size(), 190u);
  EXPECT_EQ(shard->state().sealed_upto(), shard->state().applied_seq());
}

TEST(SegmentRebuild, RowsThatDieMeanwhileAreDeadInTheNewSegment) {
  for (const bool seal : {true, false}) {
    TestShard shard;
    Fill(shard, 1, 200);
    if (!seal) shard.SealAll();
    shard.Delete({1, 2});
    shard->Freeze();
    auto rebuild = seal ? Seal(shard) : Rebuild(shard, shard.SealedIds());
    ASSERT_EQ(rebuild->rows(), 198u);
    shard.Delete({3, 64, 65});
    ASSERT_TRUE(rebuild->Write({}).ok());
    shard.Upsert({TestShard::Row(66, -66)});
    ASSERT_TRUE(rebuild->Verify({}).ok());
    shard.Delete({200});
    ASSERT_TRUE(rebuild->Install().ok());
    Points expected = Range(1, 200);
    for (const uint64_t id : {1, 2, 3, 64, 65, 200}) expected.erase(id);
    expected[66] = -66;
    EXPECT_EQ(shard.Visible(), expected);
    EXPECT_EQ(shard->state().Points(), expected.size());
    shard.Delete({100});
    expected.erase(100);
    shard.Reopen();
    EXPECT_EQ(shard.Visible(), expected) << (seal ? "seal" : "rebuild");
  }
}

TEST(SegmentRebuild, WithoutLiveRowsNoFileIsWritten) {
  TestShard shard;
  Fill(shard, 1, 5);
  shard.Delete({1, 2, 3, 4, 5});
  shard.SealAll();
  EXPECT_THAT(Files(shard), IsEmpty());
  EXPECT_EQ(shard->state().log_ops(), 0u);
  Fill(shard, 10, 5);
  shard.SealAll();
  EXPECT_THAT(Files(shard), SizeIs(1));
  shard.Delete({10, 11, 12, 13, 14});
  shard.Rebuild(shard.SealedIds());
  EXPECT_THAT(Files(shard), IsEmpty());
  EXPECT_THAT(shard->state().Segments(), SizeIs(1)) << "the growing one";
  shard.Reopen();
  EXPECT_THAT(shard.Visible(), IsEmpty());
}

TEST(SegmentRebuild, ALogOfDeletionsIsShortenedByItself) {
  TestShard shard;
  Fill(shard, 1, 100);
  shard.SealAll();
  for (uint64_t id = 1; id <= 50; ++id) shard.Delete({id});
  EXPECT_EQ(shard->state().log_ops(), 50u);
  EXPECT_EQ(Seal(shard, 50), nullptr);
  const auto checkpoint = Seal(shard, 49);
  ASSERT_NE(checkpoint, nullptr);
  EXPECT_EQ(checkpoint->rows(), 0u);
  TestShard::Run(*checkpoint);
  EXPECT_EQ(shard->state().log_ops(), 0u);
  shard.Reopen();
  EXPECT_EQ(shard.Visible(), Range(51, 50));
}

TEST(SegmentRebuild, ALogWithUnsealedRowsIsKept) {
  TestShard shard;
  Fill(shard, 1, 100);
  const auto checkpoint = Seal(shard, 10);
  ASSERT_NE(checkpoint, nullptr);
  TestShard::Run(*checkpoint);
  EXPECT_EQ(shard->state().sealed_upto(), 0u);
  shard.Reopen();
  EXPECT_EQ(shard.Visible(), Range(1, 100));
}

TEST(SegmentRebuild, NeighboursAreMergedInOrder) {
  TestShard shard;
  for (int i = 0; i < 4; ++i) {
    Fill(shard, 1 + 10 * i, 10);
    shard.SealAll();
  }
  const auto ids = shard.SealedIds();
  ASSERT_THAT(ids, SizeIs(4));
  shard.Rebuild({ids[1], ids[2]});
  ASSERT_THAT(shard.SealedIds(), SizeIs(3));
  EXPECT_EQ(shard.SealedIds()[0], ids[0]);
  EXPECT_EQ(shard.SealedIds()[2], ids[3]);
  EXPECT_EQ(shard.Visible(), Range(1, 40));
  EXPECT_THAT(Files(shard), SizeIs(3));
  uint64_t last = 0;
  for (const auto& segment : shard->state().Segments()) {
    for (uint32_t row = 0; row < segment->rows(); ++row) {
      EXPECT_GT(segment->internal_id(row), last);
      last = segment->internal_id(row);
    }
  }
}

TEST(SegmentRebuild, WhatIsNotThereOrNoNeighbourIsRefused) {
  TestShard shard;
  for (int i = 0; i < 3; ++i) {
    Fill(shard, 1 + 10 * i, 10);
    shard.SealAll();
  }
  Fill(shard, 100, 1);
  const auto ids = shard.SealedIds();
  const std::string growing = shard->state().Segments().back()->id();
  const std::vector<std::vector<std::string>> wrong = {{},
                                                       {"no such"},
                                                       {ids[0], ids[2]},
                                                       {ids[1], ids[0]},
                                                       {ids[0], ids[0]},
                                                       {ids[2], growing},
                                                       {growing}};
  for (const auto& list : wrong) {
    const auto rebuild = SegmentRebuild::PrepareRebuild(shard->state(), list);
    EXPECT_EQ(rebuild.status().code(), StatusCode::kFailedPrecondition) << list.size();
  }
  // Gone between preparing and installing.
  auto late = Rebuild(shard, {ids[0], ids[1]});
  shard.Rebuild({ids[1]});
  ASSERT_TRUE(late->Write({}).ok() && late->Verify({}).ok());
  EXPECT_EQ(late->Install().code(), StatusCode::kFailedPrecondition);
  late.reset();
  EXPECT_THAT(Files(shard), SizeIs(3));
}

TEST(SegmentRebuild, DestroyedBeforeItsEndItLeavesNothing) {
  TestShard shard;
  Fill(shard, 1, 100);
  shard->Freeze();
  for (int steps = 0; steps <= 2; ++steps) {
    auto rebuild = Seal(shard);
    ASSERT_TRUE(steps < 1 || rebuild->Write({}).ok());
    ASSERT_TRUE(steps < 2 || rebuild->Verify({}).ok());
    rebuild.reset();
    EXPECT_THAT(Files(shard), IsEmpty()) << steps;
    EXPECT_EQ(shard.Visible(), Range(1, 100));
  }
}

TEST(SegmentRebuild, AFailureAtAnyPointLeavesTheShardAsItWas) {
  const FaultGuard guard;
  for (const char* point :
       {"seal.before_write", "file.open_write", "file.write", "file.sync", "file.rename",
        "section_file.before_rename", "section_file.after_rename", "seal.after_write", "file.map",
        "payload_index.before_store", "seal.before_install", "manifest.before_commit",
        "store.manifest"}) {
    for (const auto action : {base::FaultAction::kIoError, base::FaultAction::kNoSpace}) {
      TestShard shard;
      Fill(shard, 1, 50);
      shard->Freeze();
      base::ArmFault(point, action);
      auto rebuild = Seal(shard);
      Status status = rebuild->Write({});
      if (status.ok()) status = rebuild->Verify({});
      if (status.ok()) status = rebuild->Install();
      EXPECT_FALSE(status.ok()) << point << " is never passed";
      base::ClearFaults();
      rebuild.reset();
      EXPECT_THAT(Files(shard), IsEmpty()) << point;
      EXPECT_EQ(shard.Visible(), Range(1, 50));
      shard.SealAll();
      EXPECT_EQ(shard.Visible(), Range(1, 50)) << point;
      EXPECT_THAT(Files(shard), SizeIs(1)) << point;
    }
  }
}

TEST(SegmentRebuild, CancelledItEndsAndLeavesNothing) {
  TestShard shard;
  Fill(shard, 1, 100);
  shard->Freeze();
  auto rebuild = Seal(shard);
  index::BuildContext context;
  context.cancel = CancelToken::Manual();
  context.cancel.Cancel();
  EXPECT_EQ(rebuild->Write(context).code(), StatusCode::kCancelled);
  rebuild.reset();
  EXPECT_THAT(Files(shard), IsEmpty());
}

TEST(SegmentRebuild, DamageOfWhatWasWrittenIsFoundBeforeItIsInstalled) {
  TestShard shard;
  Fill(shard, 1, 100);
  shard->Freeze();
  auto rebuild = Seal(shard);
  ASSERT_TRUE(rebuild->Write({}).ok());
  {
    std::fstream file(shard.path() + "/segments/" + Files(shard).at(0),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(2000);
    file.put('\x5a').put('\x5a');
  }
  const Status status = rebuild->Verify({});
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr(Files(shard).at(0)));
  rebuild.reset();
  EXPECT_THAT(Files(shard), IsEmpty());
  EXPECT_EQ(shard.Visible(), Range(1, 100));
}

TEST(SegmentRebuild, IndexesAreBuiltAsTheSchemaAsksNow) {
  TestShard shard(SchemaWith(0, IndexKind::kFlat));
  Fill(shard, 1, 500);
  shard.SealAll();
  CollectionSchema schema = *shard.live().Get();
  const auto before = shard->state().Segments().front();
  EXPECT_TRUE(before->Satisfies(0, schema.fields[0].index));
  for (const IndexKind kind :
       {IndexKind::kHnsw, IndexKind::kGraph, IndexKind::kIvfFlat, IndexKind::kFlat}) {
    schema.fields[0].index.kind = kind;
    shard.live().Set(schema);
    EXPECT_FALSE(shard->state().Segments().front()->Satisfies(0, schema.fields[0].index));
    auto rebuild = Rebuild(shard, shard.SealedIds());
    const auto steps = rebuild->IndexSteps();
    EXPECT_THAT(steps, SizeIs(kind == IndexKind::kFlat ? 0 : 1));
    double last = 0;
    index::BuildContext context;
    context.progress = [&](double share) { last = share; };
    ASSERT_TRUE(rebuild->Write(context).ok());
    EXPECT_EQ(last, kind == IndexKind::kFlat ? 0 : 1);
    ASSERT_TRUE(rebuild->Verify({}).ok());
    ASSERT_TRUE(rebuild->Install().ok());
    const auto after = shard->state().Segments().front();
    EXPECT_TRUE(after->Satisfies(0, schema.fields[0].index));
    EXPECT_EQ(after->index_kind(0), kind);
  }
  EXPECT_EQ(before->rows(), 500u) << "a reader of the old segment still has it";
}

TEST(SegmentRebuild, PayloadIndexesOfTheMomentComeAlong) {
  TestShard shard;
  Fill(shard, 1, 50);
  shard->Freeze();
  auto rebuild = Seal(shard);
  ASSERT_TRUE(rebuild->Write({}).ok());
  ASSERT_TRUE(rebuild->Verify({}).ok());
  // One is dropped and one appears after the new segment's were made.
  CollectionSchema schema = SmallSchema();
  schema.indexes = {{.path = "other", .kind = PayloadIndexKind::kKeyword}};
  shard.live().Set(schema);
  ASSERT_TRUE(rebuild->Install().ok());
  EXPECT_THAT(*shard->state().Segments().front()->payload_indexes(), IsEmpty());

  shard.live().Set(SmallSchema());
  shard.Rebuild(shard.SealedIds());
  const auto indexes = shard->state().Segments().front()->payload_indexes();
  ASSERT_TRUE(indexes->contains("n"));
  const auto answer = indexes->find("n")->second->Answer(Filter::Equals("n", 7), 50);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->matches.Count(), 1u);
  EXPECT_TRUE(answer->matches.Test(6));
}

TEST(SegmentRebuild, SealsAndRebuildsOfOneShardMayInterleave) {
  TestShard shard;
  for (int i = 0; i < 2; ++i) {
    Fill(shard, 1 + 10 * i, 10);
    shard.SealAll();
  }
  auto merge = Rebuild(shard, shard.SealedIds());
  ASSERT_TRUE(merge->Write({}).ok());
  Fill(shard, 21, 10);
  shard->Freeze();
  auto seal = Seal(shard);
  TestShard::Run(*seal);
  ASSERT_TRUE(merge->Verify({}).ok());
  shard.Delete({25, 5});
  ASSERT_TRUE(merge->Install().ok());
  Points expected = Range(1, 30);
  expected.erase(25);
  expected.erase(5);
  EXPECT_EQ(shard.Visible(), expected);
  EXPECT_THAT(shard.SealedIds(), SizeIs(2));
  shard.Reopen();
  EXPECT_EQ(shard.Visible(), expected);
}

TEST(SegmentRebuild, UnderWritesNothingIsLost) {
  TestShard shard(SchemaWith(64));
  Points expected;
  std::atomic<bool> done{false};
  std::thread writer([&] {
    std::mt19937 random(5);
    for (int i = 0; i < 600; ++i) {
      std::vector<UpsertRow> rows;
      std::vector<uint64_t> gone;
      for (uint64_t id = random() % 7; id < 300; id += 7 + random() % 60) {
        rows.push_back(TestShard::Row(id, static_cast<float>(i)));
        expected[id] = static_cast<float>(i);
      }
      for (uint64_t id = random() % 11; id < 300; id += 11 + random() % 90) {
        gone.push_back(id);
        expected.erase(id);
      }
      ASSERT_TRUE(shard.Upsert(std::move(rows))->status.ok());
      ASSERT_TRUE(shard.Delete(std::move(gone))->status.ok());
    }
    done = true;
  });
  int rebuilds = 0;
  for (int i = 0; !done; ++i) {
    shard->Freeze();
    if (auto seal = Seal(shard)) TestShard::Run(*seal);
    const auto ids = shard.SealedIds();
    if (i % 3 != 2 || ids.size() < 2) continue;
    shard.Rebuild({ids[ids.size() - 2], ids[ids.size() - 1]});
    ++rebuilds;
  }
  writer.join();
  EXPECT_GT(rebuilds, 0);
  EXPECT_EQ(shard.Visible(), expected);
  shard.SealAll();
  shard.Rebuild(shard.SealedIds());
  EXPECT_EQ(shard.Visible(), expected);
  shard.Reopen();
  EXPECT_EQ(shard.Visible(), expected);
}

}  // namespace
}  // namespace sagitta::engine::testing
