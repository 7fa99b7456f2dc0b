#include "store/shard_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/fault.h"
#include "base/file.h"
#include "tests/base/temp_directory.h"
#include "tests/store/store_testing.h"

namespace sagitta::store {
namespace {

using testing::TempDirectory;

class ShardStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }
  void TearDown() override { base::ClearFaults(); }
  void Reopen() {
    store_.reset();
    store_ = MustOpen(directory_ / "db");
    ASSERT_NE(store_, nullptr);
  }
  std::optional<IdEntry> Find(uint64_t id) {
    const std::string keys[] = {KeyOf(id)};
    std::vector<std::optional<IdEntry>> entries;
    EXPECT_OK(store_->FindIds(keys, &entries));
    return entries.at(0);
  }
  std::string Payload(uint64_t row) {
    const uint64_t rows[] = {row};
    std::vector<std::string> payloads;
    EXPECT_OK(store_->ReadPayloads(rows, &payloads));
    return payloads.at(0);
  }
  std::optional<VectorValue> Vector(uint64_t row, uint16_t field = 0) {
    auto vector = store_->ReadVector(row, field);
    EXPECT_TRUE(vector.ok()) << vector.status().ToString();
    return *vector;
  }

  TempDirectory directory_;
  std::unique_ptr<ShardStore> store_;
};

TEST_F(ShardStoreTest, EmptyStore) {
  const auto applied = store_->ReadApplied();
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(applied->applied_seq, 0u);
  EXPECT_EQ(applied->next_internal_id, 1u);
  EXPECT_FALSE(Find(1).has_value());
  EXPECT_FALSE(Vector(1).has_value());
  EXPECT_EQ(Payload(1), "");
  EXPECT_OK(store_->health());
  EXPECT_OK(store_->VerifyChecksums());
  std::vector<std::optional<IdEntry>> entries;
  EXPECT_OK(store_->FindIds({}, &entries));
  EXPECT_TRUE(entries.empty());
}

TEST_F(ShardStoreTest, PointRoundTripThroughReopen) {
  const StoredVector vectors[] = {{0, VectorOf(7)},
                                  {3, VectorValue(Dtype::kI8, std::string("\x01\xff\x80", 3))},
                                  {65'535, VectorValue(Dtype::kF16, std::string(16'384, 'h'))}};
  auto batch = store_->NewBatch();
  batch->PutPoint("\x03name", 7, 42, -5, vectors, "a payload");
  batch->SetApplied(42, 8);
  EXPECT_GT(batch->bytes(), 16'384u);
  ASSERT_OK(store_->Commit(*batch, true));
  batch.reset();
  for (int round = 0; round < 2; ++round, Reopen()) {
    const std::string keys[] = {"\x03other", "\x03name"};
    std::vector<std::optional<IdEntry>> entries;
    ASSERT_OK(store_->FindIds(keys, &entries));
    EXPECT_FALSE(entries[0].has_value());
    ASSERT_TRUE(entries[1].has_value());
    EXPECT_EQ(entries[1]->internal_id, 7u);
    EXPECT_EQ(entries[1]->version, 42u);
    EXPECT_EQ(entries[1]->expires_at_ms, -5);
    const auto rev = store_->FindRev(7);
    ASSERT_TRUE(rev.ok() && rev->has_value());
    EXPECT_EQ((*rev)->ext_key, "\x03name");
    EXPECT_EQ((*rev)->version, 42u);
    EXPECT_EQ((*rev)->expires_at_ms, -5);
    for (const StoredVector& vector : vectors) EXPECT_EQ(Vector(7, vector.field), vector.value);
    EXPECT_FALSE(Vector(7, 1).has_value());
    EXPECT_EQ(Payload(7), "a payload");
    EXPECT_EQ(store_->ReadApplied()->applied_seq, 42u);
    EXPECT_EQ(store_->ReadApplied()->next_internal_id, 8u);
  }
}

TEST_F(ShardStoreTest, ReplacementKeepsTheIdAndDropsTheOldRow) {
  ASSERT_OK(PutOne(*store_, 5, 1, 1, 1000));
  const std::optional<IdEntry> old = Find(5);
  ASSERT_TRUE(old.has_value());
  auto batch = store_->NewBatch();
  batch->DeleteRow(KeyOf(5), *old, 1, /*remove_id=*/false);
  const StoredVector vectors[] = {{0, VectorOf(2)}};
  batch->PutPoint(KeyOf(5), 2, 2, 0, vectors, "");
  ASSERT_OK(store_->Commit(*batch, true));
  EXPECT_EQ(Find(5)->internal_id, 2u);
  EXPECT_FALSE(Vector(1).has_value());
  EXPECT_EQ(Payload(1), "");
  EXPECT_FALSE((*store_->FindRev(1)).has_value());
  EXPECT_EQ(Vector(2), VectorOf(2));
  EXPECT_EQ(Payload(2), "");
  int expired = 0;
  ASSERT_OK(store_->ScanExpired(1 << 30, [&](uint64_t, int64_t) { return ++expired > 0; }));
  EXPECT_EQ(expired, 0) << "the old row's expiry is gone, the new row has none";
}

TEST_F(ShardStoreTest, DeletionRemovesEverything) {
  ASSERT_OK(PutOne(*store_, 5, 1, 1, 1000));
  auto batch = store_->NewBatch();
  batch->DeleteRow(KeyOf(5), *Find(5), 1, /*remove_id=*/true);
  ASSERT_OK(store_->Commit(*batch, true));
  EXPECT_FALSE(Find(5).has_value());
  EXPECT_FALSE((*store_->FindRev(1)).has_value());
  EXPECT_FALSE(Vector(1).has_value());
  EXPECT_EQ(Payload(1), "");
}

TEST_F(ShardStoreTest, MalformedVectorFailsTheWholeBatch) {
  auto batch = store_->NewBatch();
  const StoredVector good[] = {{0, VectorOf(1)}};
  const StoredVector bad[] = {{4, VectorValue(Dtype::kF32, "12345")}};
  batch->PutPoint(KeyOf(1), 1, 1, 0, good, "");
  batch->PutPoint(KeyOf(2), 2, 1, 0, bad, "");
  const Status status = store_->Commit(*batch, true);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.field(), "vectors[4]");
  EXPECT_FALSE(Find(1).has_value());
  EXPECT_OK(store_->health());
}

TEST_F(ShardStoreTest, LookupsKeepTheCallersOrderAndRepeats) {
  for (uint64_t i = 1; i <= 1500; ++i) ASSERT_OK(PutOne(*store_, i, i, i, 0, false));
  std::vector<std::string> keys;
  std::vector<uint64_t> rows;
  for (uint64_t i = 0; i < 2000; ++i) {
    rows.push_back(i * 7919 % 1600);
    keys.push_back(KeyOf(rows.back()));
  }
  std::vector<std::optional<IdEntry>> entries;
  std::vector<std::string> payloads;
  ASSERT_OK(store_->FindIds(keys, &entries));
  ASSERT_OK(store_->ReadPayloads(rows, &payloads));
  for (size_t i = 0; i < rows.size(); ++i) {
    const bool there = rows[i] >= 1 && rows[i] <= 1500;
    ASSERT_EQ(entries[i].has_value(), there) << rows[i];
    if (there) {
      EXPECT_EQ(entries[i]->internal_id, rows[i]);
    }
    EXPECT_EQ(payloads[i], there ? PayloadOf(rows[i]) : "");
  }
}

TEST_F(ShardStoreTest, ScansAreInOrderInclusiveAndStop) {
  for (uint64_t i = 1; i <= 20; ++i) ASSERT_OK(PutOne(*store_, 100 - i, i, i));
  std::vector<uint64_t> seen;
  ASSERT_OK(store_->ScanVectors(
      5, 8, [&](uint64_t row, uint16_t field, Dtype dtype, std::string_view bytes) {
        EXPECT_EQ(field, 0);
        EXPECT_EQ(VectorValue(dtype, std::string(bytes)), VectorOf(row));
        seen.push_back(row);
        return true;
      }));
  EXPECT_EQ(seen, (std::vector<uint64_t>{5, 6, 7, 8}));
  seen.clear();
  ASSERT_OK(store_->ScanRevs(19, ~uint64_t{0}, [&](uint64_t row, const RevEntry& rev) {
    EXPECT_EQ(rev.ext_key, KeyOf(100 - row));
    seen.push_back(row);
    return true;
  }));
  EXPECT_EQ(seen, (std::vector<uint64_t>{19, 20}));
  seen.clear();
  ASSERT_OK(store_->ScanPayloads(0, 30, [&](uint64_t row, std::string_view payload) {
    EXPECT_EQ(payload, PayloadOf(row));
    seen.push_back(row);
    return seen.size() < 3;
  }));
  EXPECT_EQ(seen, (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_OK(store_->ScanVectors(9, 8, [](auto...) { return ADD_FAILURE(), true; }));
  std::vector<std::string> keys;
  ASSERT_OK(store_->ScanIds(KeyOf(97), [&](std::string_view key, const IdEntry& entry) {
    EXPECT_EQ(key, KeyOf(100 - entry.internal_id));
    keys.emplace_back(key);
    return true;
  }));
  EXPECT_EQ(keys, (std::vector<std::string>{KeyOf(98), KeyOf(99)}));
  keys.clear();
  ASSERT_OK(store_->ScanIds("", [&](std::string_view key, const IdEntry&) {
    keys.emplace_back(key);
    return true;
  }));
  EXPECT_EQ(keys.size(), 20u);
  EXPECT_EQ(keys.front(), KeyOf(80));
}

TEST_F(ShardStoreTest, ExpiredRowsComeOldestFirst) {
  ASSERT_OK(PutOne(*store_, 1, 1, 1, 300));
  ASSERT_OK(PutOne(*store_, 2, 2, 2, 100));
  ASSERT_OK(PutOne(*store_, 3, 3, 3, 0));
  ASSERT_OK(PutOne(*store_, 4, 4, 4, 200));
  ASSERT_OK(PutOne(*store_, 5, 5, 5, 201));
  std::vector<std::pair<uint64_t, int64_t>> seen;
  ASSERT_OK(store_->ScanExpired(200, [&](uint64_t row, int64_t at) {
    seen.emplace_back(row, at);
    return true;
  }));
  EXPECT_EQ(seen, (std::vector<std::pair<uint64_t, int64_t>>{{2, 100}, {4, 200}}));
  seen.clear();
  ASSERT_OK(store_->ScanExpired(std::numeric_limits<int64_t>::max(), [&](uint64_t row, int64_t at) {
    seen.emplace_back(row, at);
    return true;
  }));
  EXPECT_EQ(seen.size(), 4u);
}

TEST_F(ShardStoreTest, LogIsReplayedAfterAndStopsOnError) {
  for (uint64_t i = 1; i <= 5; ++i) ASSERT_OK(PutOne(*store_, i, i, i * 10));
  std::vector<uint64_t> seen;
  const auto visit = [&](uint64_t seq, std::span<const LogOp> ops) {
    EXPECT_EQ(ops.size(), 1u);
    EXPECT_EQ(ops[0].internal_id, seq / 10);
    seen.push_back(seq);
    return Status::Ok();
  };
  ASSERT_OK(store_->ReplayLog(20, visit));
  EXPECT_EQ(seen, (std::vector<uint64_t>{30, 40, 50}));
  const Status stopped = store_->ReplayLog(
      0, [](uint64_t, std::span<const LogOp>) { return Status::Internal("enough"); });
  EXPECT_EQ(stopped.message(), "enough");
  EXPECT_OK(store_->ReplayLog(~uint64_t{0}, visit));
}

TEST_F(ShardStoreTest, DedupIsRememberedForADay) {
  auto batch = store_->NewBatch();
  batch->PutDedup("first", 1000, "result 1");
  batch->PutDedup("second", 5000, "");
  ASSERT_OK(store_->Commit(*batch, true));
  EXPECT_EQ(*store_->FindDedup("first", 2000), "result 1");
  EXPECT_EQ(*store_->FindDedup("second", 6000), "");
  EXPECT_EQ(*store_->FindDedup("third", 2000), std::nullopt);
  EXPECT_EQ(*store_->FindDedup("first", 1000 + ShardStore::kDedupTtlMs - 1), "result 1");
  EXPECT_EQ(*store_->FindDedup("first", 1000 + ShardStore::kDedupTtlMs), std::nullopt);
  ASSERT_OK(store_->ExpireDedup(5000));
  EXPECT_EQ(*store_->FindDedup("first", 2000), std::nullopt);
  EXPECT_EQ(*store_->FindDedup("second", 6000), "");
}

TEST_F(ShardStoreTest, DedupUsedAgainOutlivesItsFirstUse) {
  for (const int64_t at : {1000, 9000}) {
    auto batch = store_->NewBatch();
    batch->PutDedup("again", at, "at " + std::to_string(at));
    ASSERT_OK(store_->Commit(*batch, true));
  }
  ASSERT_OK(store_->ExpireDedup(5000));
  EXPECT_EQ(*store_->FindDedup("again", 9000), "at 9000");
  ASSERT_OK(store_->ExpireDedup(9001));
  EXPECT_EQ(*store_->FindDedup("again", 9000), std::nullopt);
}

TEST_F(ShardStoreTest, ExpireDedupTakesManyInSeveralBatches) {
  auto batch = store_->NewBatch();
  for (int i = 0; i < 10'000; ++i) batch->PutDedup("request " + std::to_string(i), i, "r");
  ASSERT_OK(store_->Commit(*batch, false));
  ASSERT_OK(store_->ExpireDedup(9'999));
  EXPECT_EQ(*store_->FindDedup("request 0", 0), std::nullopt);
  EXPECT_EQ(*store_->FindDedup("request 9998", 0), std::nullopt);
  EXPECT_EQ(*store_->FindDedup("request 9999", 0), "r");
}

TEST_F(ShardStoreTest, CheckpointIsAWholeCopyOfItsMoment) {
  for (uint64_t i = 1; i <= 300; ++i) ASSERT_OK(PutOne(*store_, i, i, i, 0, false));
  const std::string copy = directory_ / "copy";
  ASSERT_OK(store_->Checkpoint(copy));
  EXPECT_EQ(store_->Checkpoint(copy).code(), StatusCode::kAlreadyExists);
  ASSERT_OK(PutOne(*store_, 301, 301, 301));
  auto restored = MustOpen(copy);
  ASSERT_NE(restored, nullptr);
  EXPECT_EQ(restored->ReadApplied()->applied_seq, 300u);
  EXPECT_OK(restored->VerifyChecksums());
  for (uint64_t i = 1; i <= 300; ++i) {
    const auto vector = restored->ReadVector(i, 0);
    ASSERT_TRUE(vector.ok() && vector->has_value()) << i;
    EXPECT_EQ(**vector, VectorOf(i));
  }
  EXPECT_FALSE((*restored->ReadVector(301, 0)).has_value());
}

TEST_F(ShardStoreTest, CheckpointSharesTablesAndBlobs) {
  for (uint64_t i = 1; i <= 300; ++i) ASSERT_OK(PutOne(*store_, i, i, i, 0, false));
  const std::string copy = directory_ / "copy";
  ASSERT_OK(store_->Checkpoint(copy));
  size_t blobs = 0;
  for (const auto& file : std::filesystem::directory_iterator(copy)) {
    const auto type = file.path().extension();
    if (type != ".sst" && type != ".blob") continue;
    EXPECT_EQ(file.hard_link_count(), 2u) << file.path();
    blobs += type == ".blob" ? 1 : 0;
  }
  EXPECT_GT(blobs, 0u);
}

TEST_F(ShardStoreTest, SecondOpenIsRefused) {
  const auto second = ShardStore::Open(directory_ / "db", TestResources());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kFailedPrecondition) << second.status().ToString();
}

TEST_F(ShardStoreTest, MissingDatabaseIsNotMadeUnasked) {
  const auto absent = ShardStore::Open(directory_ / "absent", TestResources(), false);
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.status().code(), StatusCode::kDataLoss);
  EXPECT_FALSE(base::FileExists(directory_ / "absent"));
}

TEST_F(ShardStoreTest, VectorsOfManyRowsAsOfEach) {
  for (uint64_t i = 1; i <= 1200; ++i) ASSERT_OK(PutOne(*store_, i, i, i, 0, false));
  const auto before = store_->Snapshot();
  {
    auto batch = store_->NewBatch();
    batch->DeleteRow(KeyOf(7), {7, 7, 0}, 1, true);
    ASSERT_OK(store_->Commit(*batch, false));
  }
  // More than one look-up takes at once; in no order, some twice, some absent.
  std::vector<uint64_t> rows;
  for (uint64_t i = 0; i < 1500; ++i) rows.push_back(1 + i * 7919 % 1300);
  rows.push_back(rows.front());
  for (const StoreSnapshot* at : {static_cast<const StoreSnapshot*>(nullptr), before.get()}) {
    for (int round = 0; round < 2; ++round) {
      std::vector<std::optional<VectorValue>> vectors;
      ASSERT_OK(store_->ReadVectors(rows, 0, &vectors, at));
      ASSERT_EQ(vectors.size(), rows.size());
      for (size_t i = 0; i < rows.size(); ++i) {
        ASSERT_EQ(vectors[i], *store_->ReadVector(rows[i], 0, at)) << rows[i];
        ASSERT_EQ(vectors[i].has_value(), rows[i] <= 1200 && (rows[i] != 7 || at != nullptr));
      }
      ASSERT_OK(store_->Flush());  // then from files
    }
  }
  std::vector<std::optional<VectorValue>> none;
  ASSERT_OK(store_->ReadVectors({}, 0, &none));
  EXPECT_TRUE(none.empty());
  ASSERT_OK(store_->ReadVectors(rows, 1, &none));
  EXPECT_EQ(none, std::vector<std::optional<VectorValue>>(rows.size()));
}

TEST_F(ShardStoreTest, SpaceIsCounted) {
  const DiskUse before = store_->CountDisk();
  for (uint64_t i = 1; i <= 100; ++i) ASSERT_OK(PutOne(*store_, i, i, i, 0, false));
  EXPECT_GT(store_->MemtableBytes(), 100u * 640);
  EXPECT_GT(store_->CountDisk().wal, before.wal + 100 * 640);
}

TEST_F(ShardStoreTest, IoErrorMakesTheStoreReadOnlyUntilReopened) {
  ASSERT_OK(PutOne(*store_, 1, 1, 1));
  base::ArmFault("store.commit", base::FaultAction::kIoError);
  EXPECT_EQ(PutOne(*store_, 2, 2, 2).code(), StatusCode::kUnavailable);
  base::ClearFaults();
  EXPECT_EQ(PutOne(*store_, 3, 3, 3).code(), StatusCode::kUnavailable);
  EXPECT_EQ(store_->health().code(), StatusCode::kUnavailable);
  EXPECT_EQ(Vector(1), VectorOf(1)) << "reads go on";
  Reopen();
  EXPECT_OK(store_->health());
  ASSERT_OK(PutOne(*store_, 2, 2, 2));
  EXPECT_FALSE(Find(3).has_value());
}

TEST_F(ShardStoreTest, FullDiskPasses) {
  ASSERT_OK(PutOne(*store_, 1, 1, 1));
  base::ArmFault("store.commit", base::FaultAction::kNoSpace);
  EXPECT_EQ(PutOne(*store_, 2, 2, 2).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(store_->health().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(PutOne(*store_, 2, 2, 2).code(), StatusCode::kResourceExhausted);
  base::ClearFaults();
  ASSERT_OK(PutOne(*store_, 2, 2, 2));
  EXPECT_OK(store_->health());
  EXPECT_EQ(Vector(2), VectorOf(2));
}

}  // namespace
}  // namespace sagitta::store
