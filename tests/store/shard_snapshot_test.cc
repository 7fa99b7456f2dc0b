// Reads at a snapshot: every kind of read, before and after what follows was flushed, compacted and
// its blobs collected; and while a writer goes on.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "store/shard_store_impl.h"
#include "tests/base/temp_directory.h"
#include "tests/store/store_testing.h"

namespace sagitta::store {
namespace {

constexpr uint64_t kRows = 60;
constexpr uint64_t kAll = ~uint64_t{0};

// What every read but ReadApplied answers, as one value to compare.
struct View {
  std::vector<std::optional<uint64_t>> found;  // FindIds of ids 1 … 2 · kRows
  std::vector<std::string> payloads;           // ReadPayloads of rows 1 … 3 · kRows
  std::map<uint64_t, std::string> revs;        // FindRev
  std::map<uint64_t, VectorValue> vectors;     // ReadVector
  std::map<uint64_t, VectorValue> scanned_vectors;
  std::map<uint64_t, std::string> scanned_payloads;
  std::map<uint64_t, std::string> scanned_revs;
  std::map<std::string, uint64_t> scanned_ids;
  std::map<uint64_t, int64_t> expired;

  friend bool operator==(const View&, const View&) = default;
};

void LookUp(const ShardStore& store, const StoreSnapshot* at, View* view) {
  std::vector<std::string> keys;
  for (uint64_t id = 1; id <= 2 * kRows; ++id) keys.push_back(KeyOf(id));
  std::vector<std::optional<IdEntry>> entries;
  ASSERT_OK(store.FindIds(keys, &entries, at));
  for (const auto& entry : entries) {
    view->found.push_back(entry ? std::optional(entry->internal_id) : std::nullopt);
  }
  std::vector<uint64_t> rows;
  for (uint64_t row = 1; row <= 3 * kRows; ++row) {
    rows.push_back(row);
    const auto rev = store.FindRev(row, at);
    ASSERT_TRUE(rev.ok()) << rev.status().ToString();
    if (rev->has_value()) view->revs[row] = (*rev)->ext_key;
    const auto vector = store.ReadVector(row, 0, at);
    ASSERT_TRUE(vector.ok()) << vector.status().ToString();
    if (vector->has_value()) view->vectors[row] = **vector;
  }
  ASSERT_OK(store.ReadPayloads(rows, &view->payloads, at));
}

void ScanAll(const ShardStore& store, const StoreSnapshot* at, View* view) {
  ASSERT_OK(store.ScanVectors(
      0, kAll,
      [&](uint64_t row, uint16_t, Dtype dtype, std::string_view bytes) {
        view->scanned_vectors[row] = VectorValue(dtype, std::string(bytes));
        return true;
      },
      at));
  ASSERT_OK(store.ScanPayloads(
      0, kAll,
      [&](uint64_t row, std::string_view payload) {
        view->scanned_payloads[row] = payload;
        return true;
      },
      at));
  ASSERT_OK(store.ScanRevs(
      0, kAll,
      [&](uint64_t row, const RevEntry& rev) {
        view->scanned_revs[row] = rev.ext_key;
        return true;
      },
      at));
  ASSERT_OK(store.ScanIds(
      "",
      [&](std::string_view key, const IdEntry& entry) {
        view->scanned_ids[std::string(key)] = entry.internal_id;
        return true;
      },
      at));
  ASSERT_OK(store.ScanExpired(
      1'000'000,
      [&](uint64_t row, int64_t at_ms) {
        view->expired[row] = at_ms;
        return true;
      },
      at));
}

View ViewAt(const ShardStore& store, const StoreSnapshot* at) {
  View view;
  LookUp(store, at, &view);
  ScanAll(store, at, &view);
  return view;
}

class ShardSnapshotTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto resources = std::static_pointer_cast<RocksResources>(TestResources());
    auto handle = RocksHandle::Open(ShardSpec(directory_ / "db", *resources, true));
    ASSERT_TRUE(handle.ok()) << handle.status().ToString();
    handle_ = handle->get();
    store_ = std::make_unique<RocksShardStore>(std::move(*handle), std::move(resources));
    for (uint64_t i = 1; i <= kRows; ++i) ASSERT_OK(PutOne(*store_, i, i, i, 1000 + i, false));
    FlushAndCompact();
  }

  rocksdb::ColumnFamilyHandle* family(Family family) const {
    return handle_->family(FamilyIndex(family));
  }

  // Rewrites every file, and every blob that is still needed into a new blob file.
  void FlushAndCompact() {
    ASSERT_TRUE(handle_->db()->Flush(rocksdb::FlushOptions(), handle_->families()).ok());
    rocksdb::CompactRangeOptions options;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    options.blob_garbage_collection_policy = rocksdb::BlobGarbageCollectionPolicy::kForce;
    options.blob_garbage_collection_age_cutoff = 1.0;
    for (rocksdb::ColumnFamilyHandle* each : handle_->families()) {
      const rocksdb::Status done = handle_->db()->CompactRange(options, each, nullptr, nullptr);
      ASSERT_TRUE(done.ok()) << done.ToString();
    }
  }

  uint64_t BlobBytes() const {
    uint64_t bytes = 0;
    handle_->db()->GetIntProperty(family(Family::kVec), rocksdb::DB::Properties::kLiveBlobFileSize,
                                  &bytes);
    return bytes;
  }

  // Replaces ids 1 … 20, deletes 21 … 40, leaves the rest, and inserts as many again.
  void ChangeMuch() {
    for (uint64_t id = 1; id <= 40; ++id) {
      auto batch = store_->NewBatch();
      const bool replace = id <= 20;
      batch->DeleteRow(KeyOf(id), {id, id, static_cast<int64_t>(1000 + id)}, 1, !replace);
      const uint64_t row = kRows + id;
      const StoredVector vectors[] = {{0, VectorOf(row)}};
      if (replace) batch->PutPoint(KeyOf(id), row, row, 0, vectors, PayloadOf(row));
      ASSERT_OK(store_->Commit(*batch, false));
    }
    for (uint64_t id = kRows + 1; id <= 2 * kRows; ++id) {
      ASSERT_OK(PutOne(*store_, id, kRows + id, kRows + id, 5000, false));
    }
  }

  testing::TempDirectory directory_;
  std::unique_ptr<ShardStore> store_;
  RocksHandle* handle_ = nullptr;
};

TEST_F(ShardSnapshotTest, SeesItsMomentThroughChangesFlushAndCollection) {
  const View before = ViewAt(*store_, nullptr);
  ASSERT_EQ(before.vectors.size(), kRows);
  ASSERT_EQ(before.expired.size(), kRows);
  ASSERT_EQ(before.scanned_vectors, before.vectors);
  auto first = store_->Snapshot();
  ChangeMuch();
  auto second = store_->Snapshot();
  const View after = ViewAt(*store_, nullptr);
  EXPECT_EQ(after.vectors.size(), 2 * kRows - 20);
  EXPECT_EQ(after.expired.size(), 20 + kRows);
  EXPECT_TRUE(ViewAt(*store_, first.get()) == before);
  EXPECT_TRUE(ViewAt(*store_, second.get()) == after);
  FlushAndCompact();
  EXPECT_TRUE(ViewAt(*store_, first.get()) == before);
  EXPECT_TRUE(ViewAt(*store_, second.get()) == after);
  EXPECT_TRUE(ViewAt(*store_, nullptr) == after);
}

TEST_F(ShardSnapshotTest, KeepsDataUntilItIsGone) {
  auto snapshot = store_->Snapshot();
  const uint64_t whole = BlobBytes();
  ASSERT_GT(whole, kRows * 640);
  for (uint64_t id = 1; id <= kRows; ++id) {
    auto batch = store_->NewBatch();
    batch->DeleteRow(KeyOf(id), {id, id, static_cast<int64_t>(1000 + id)}, 1, true);
    ASSERT_OK(store_->Commit(*batch, false));
  }
  FlushAndCompact();
  EXPECT_GE(BlobBytes(), kRows * 640);
  EXPECT_EQ(ViewAt(*store_, snapshot.get()).scanned_vectors.size(), kRows);
  snapshot.reset();
  FlushAndCompact();
  EXPECT_LT(BlobBytes(), 640u);
  EXPECT_TRUE(ViewAt(*store_, nullptr).scanned_vectors.empty());
}

TEST_F(ShardSnapshotTest, NullIsTheNewestState) {
  ASSERT_OK(PutOne(*store_, 900, 900, 900));
  EXPECT_TRUE((*store_->FindRev(900)).has_value());
  EXPECT_TRUE((*store_->FindRev(900, store_->Snapshot().get())).has_value());
}

// Each batch moves id 7 to a new row: at any snapshot exactly one row of it is there, whole.
TEST_F(ShardSnapshotTest, ReadersSeeWholeBatchesWhileAWriterGoesOn) {
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    uint64_t row = 7;
    for (uint64_t seq = 1000; !stop.load(); ++seq) {
      auto batch = store_->NewBatch();
      batch->DeleteRow(KeyOf(7), {row, seq - 1, row == 7 ? 1007 : 0}, 1, false);
      row = seq;
      const StoredVector vectors[] = {{0, VectorOf(row)}};
      batch->PutPoint(KeyOf(7), row, seq, 0, vectors, PayloadOf(row));
      EXPECT_OK(store_->Commit(*batch, false));
    }
  });
  const std::string keys[] = {KeyOf(7)};
  for (int round = 0; round < 300 && !HasFailure(); ++round) {
    const auto at = store_->Snapshot();
    std::vector<std::optional<IdEntry>> entries;
    EXPECT_OK(store_->FindIds(keys, &entries, at.get()));
    if (entries.size() != 1 || !entries[0].has_value()) {
      ADD_FAILURE() << "id 7 is gone";
      break;
    }
    const uint64_t row = entries[0]->internal_id;
    const auto vector = store_->ReadVector(row, 0, at.get());
    EXPECT_TRUE(vector.ok() && vector->has_value() && **vector == VectorOf(row)) << row;
    uint64_t rows_of_7 = 0;
    EXPECT_OK(store_->ScanRevs(
        0, kAll,
        [&](uint64_t, const RevEntry& rev) {
          rows_of_7 += rev.ext_key == keys[0];
          return true;
        },
        at.get()));
    EXPECT_EQ(rows_of_7, 1u);
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace sagitta::store
