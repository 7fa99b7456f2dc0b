// Random batches against a plain map, through reopens, flushes and checkpoints.
#include <gtest/gtest.h>

#include <random>

#include "store/shard_store.h"
#include "tests/base/temp_directory.h"
#include "tests/store/store_testing.h"

namespace sagitta::store {
namespace {

struct ModelPoint {
  IdEntry entry;
  std::map<uint16_t, VectorValue> vectors;
  std::string payload;
};

class ShardModelTest : public ::testing::TestWithParam<uint32_t> {
 protected:
  static constexpr uint16_t kFields = 3;
  static constexpr int kIds = 400;

  void SetUp() override {
    random_.seed(GetParam());
    store_ = MustOpen(directory_ / "db");
    ASSERT_NE(store_, nullptr);
  }
  uint64_t Below(uint64_t n) { return random_() % n; }

  std::vector<StoredVector> SomeVectors() {
    std::vector<StoredVector> vectors;
    for (uint16_t field = 0; field < kFields; ++field) {
      if (Below(3) == 0) continue;
      // On both sides of the size from which values go to blob files.
      vectors.push_back({field, VectorOf(Below(1000), field, Below(2) == 0 ? 8 : 200)});
    }
    return vectors;
  }

  void RandomBatch() {
    const uint64_t seq = ++seq_;
    auto batch = store_->NewBatch();
    std::vector<LogOp> ops;
    for (uint64_t i = 0, n = 1 + Below(40); i < n; ++i) {
      const std::string key = KeyOf(Below(kIds));
      const auto old = model_.find(key);
      const bool was = old != model_.end();
      if (Below(4) == 0) {
        if (!was) continue;
        batch->DeleteRow(key, old->second.entry, kFields, true);
        ops.push_back({LogOp::Kind::kDelete, old->second.entry.internal_id, 0});
        model_.erase(old);
        continue;
      }
      ModelPoint point;
      point.entry = {next_row_++, seq, Below(3) == 0 ? static_cast<int64_t>(1 + Below(1000)) : 0};
      if (Below(5) != 0) point.payload.assign(Below(300), 'p');
      const std::vector<StoredVector> vectors = SomeVectors();
      for (const StoredVector& vector : vectors) point.vectors[vector.field] = vector.value;
      uint64_t replaced = 0;
      if (was) {
        replaced = old->second.entry.internal_id;
        batch->DeleteRow(key, old->second.entry, kFields, false);
      }
      batch->PutPoint(key, point.entry.internal_id, seq, point.entry.expires_at_ms, vectors,
                      point.payload);
      ops.push_back({LogOp::Kind::kPut, point.entry.internal_id, replaced});
      model_[key] = std::move(point);
    }
    batch->AppendLog(seq, ops);
    log_[seq] = ops.size();
    batch->SetApplied(seq, next_row_);
    ASSERT_OK(store_->Commit(*batch, Below(2) == 0));
  }

  void CommitManifest() {
    const uint64_t sealed = Below(2) == 0 ? seq_ : sealed_;
    ASSERT_OK(store_->CommitManifest({++generation_, sealed, {{"s", 1, std::string(50, 't')}}}));
    sealed_ = sealed;
    log_.erase(log_.begin(), log_.upper_bound(sealed));
  }

  void ComparePoints(const ShardStore& store) {
    std::map<std::string, IdEntry> ids;
    ASSERT_OK(store.ScanIds("", [&](std::string_view key, const IdEntry& entry) {
      ids[std::string(key)] = entry;
      return true;
    }));
    ASSERT_EQ(ids.size(), model_.size());
    for (const auto& [key, point] : model_) {
      ASSERT_TRUE(ids.contains(key));
      EXPECT_EQ(ids[key].internal_id, point.entry.internal_id);
      EXPECT_EQ(ids[key].version, point.entry.version);
      EXPECT_EQ(ids[key].expires_at_ms, point.entry.expires_at_ms);
      for (uint16_t field = 0; field < kFields; ++field) {
        const auto vector = store.ReadVector(point.entry.internal_id, field);
        ASSERT_TRUE(vector.ok());
        const auto expected = point.vectors.find(field);
        ASSERT_EQ(vector->has_value(), expected != point.vectors.end());
        if (vector->has_value()) {
          EXPECT_EQ(**vector, expected->second);
        }
      }
    }
  }

  // Nothing is left of rows that are gone.
  void CompareScans(const ShardStore& store) {
    std::map<uint64_t, const ModelPoint*> rows;
    size_t vectors = 0;
    size_t payloads = 0;
    size_t expiring = 0;
    for (const auto& [key, point] : model_) {
      rows[point.entry.internal_id] = &point;
      vectors += point.vectors.size();
      payloads += !point.payload.empty();
      expiring += point.entry.expires_at_ms != 0;
    }
    const uint64_t all = ~uint64_t{0};
    size_t seen = 0;
    ASSERT_OK(store.ScanVectors(0, all, [&](uint64_t row, uint16_t, Dtype, std::string_view) {
      EXPECT_TRUE(rows.contains(row));
      return ++seen > 0;
    }));
    EXPECT_EQ(seen, vectors);
    seen = 0;
    ASSERT_OK(store.ScanPayloads(0, all, [&](uint64_t row, std::string_view payload) {
      EXPECT_EQ(payload, rows.at(row)->payload);
      return ++seen > 0;
    }));
    EXPECT_EQ(seen, payloads);
    seen = 0;
    ASSERT_OK(store.ScanRevs(0, all, [&](uint64_t row, const RevEntry& rev) {
      EXPECT_EQ(&model_.at(rev.ext_key), rows.at(row));
      return ++seen > 0;
    }));
    EXPECT_EQ(seen, rows.size());
    seen = 0;
    ASSERT_OK(store.ScanExpired(5000, [&](uint64_t row, int64_t at) {
      EXPECT_EQ(at, rows.at(row)->entry.expires_at_ms);
      return ++seen > 0;
    }));
    EXPECT_EQ(seen, expiring);
  }

  void CompareLog(const ShardStore& store) {
    std::map<uint64_t, size_t> log;
    ASSERT_OK(store.ReplayLog(0, [&](uint64_t seq, std::span<const LogOp> ops) {
      log[seq] = ops.size();
      return Status::Ok();
    }));
    EXPECT_EQ(log, log_);
    EXPECT_EQ(store.ReadApplied()->applied_seq, seq_);
    EXPECT_EQ(store.ReadApplied()->next_internal_id, next_row_);
    EXPECT_EQ(store.ReadManifest()->generation, generation_);
    EXPECT_EQ(store.ReadManifest()->sealed_upto, sealed_);
  }

  void Compare(const ShardStore& store) {
    ComparePoints(store);
    CompareScans(store);
    CompareLog(store);
  }

  testing::TempDirectory directory_;
  std::unique_ptr<ShardStore> store_;
  std::mt19937_64 random_;
  std::map<std::string, ModelPoint> model_;
  std::map<uint64_t, size_t> log_;
  uint64_t seq_ = 0;
  uint64_t sealed_ = 0;
  uint64_t generation_ = 0;
  uint64_t next_row_ = 1;
};

TEST_P(ShardModelTest, RandomBatchesThroughReopens) {
  for (int step = 0; step < 400; ++step) {
    RandomBatch();
    if (HasFatalFailure()) return;
    if (Below(30) == 0) CommitManifest();
    if (Below(40) == 0) ASSERT_OK(store_->Flush());
    if (Below(60) == 0) {
      store_.reset();
      store_ = MustOpen(directory_ / "db");
      ASSERT_NE(store_, nullptr);
      Compare(*store_);
    }
    if (Below(150) == 0) {
      // A checkpoint flushes: later steps read from files as well as from memtables.
      const std::string copy = directory_ / ("copy" + std::to_string(step));
      ASSERT_OK(store_->Checkpoint(copy));
      Compare(*MustOpen(copy));
    }
    if (HasFailure()) return;
  }
  Compare(*store_);
  EXPECT_OK(store_->VerifyChecksums());
}

INSTANTIATE_TEST_SUITE_P(Seeds, ShardModelTest, ::testing::Values(1, 2, 3));

}  // namespace
}  // namespace sagitta::store
