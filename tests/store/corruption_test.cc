// Bytes flipped and files cut in a closed database: refused at open, reported on read, or harmless.
// What is read without an error is always what was written.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "base/file.h"
#include "store/catalog_store.h"
#include "store/shard_store.h"
#include "tests/base/temp_directory.h"
#include "tests/store/store_testing.h"

namespace sagitta::store {
namespace {

constexpr uint64_t kFlushed = 60;  // rows in files; those after are in the log
constexpr uint64_t kRows = 80;

bool IsDamage(const Status& status) { return status.code() == StatusCode::kDataLoss; }

class CorruptionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    {
      auto store = MustOpen(directory_ / "db");
      ASSERT_NE(store, nullptr);
      for (uint64_t i = 1; i <= kFlushed; ++i) ASSERT_OK(PutOne(*store, i, i, i, i, false));
      ASSERT_OK(store->CommitManifest({1, 30, {{"segment", 30, "tombstones"}}}));
      ASSERT_OK(store->PutPayloadIndex("segment", "color", std::string(5000, 'c')));
      ASSERT_OK(store->Checkpoint(directory_ / "flushes"));
      for (uint64_t i = kFlushed + 1; i <= kRows; ++i) ASSERT_OK(PutOne(*store, i, i, i, i));
    }
    // Opened and closed once more, as any database is sooner or later.
    ASSERT_NE(MustOpen(directory_ / "db"), nullptr);
    std::filesystem::rename(directory_ / "db", directory_ / "whole");
    for (const auto& entry : std::filesystem::directory_iterator(directory_ / "whole")) {
      files_.push_back(entry.path().filename());
    }
    std::sort(files_.begin(), files_.end());
  }

  std::string FreshCopy() {
    const std::string path = directory_ / "db";
    std::filesystem::remove_all(path);
    std::filesystem::copy(directory_ / "whole", path);
    return path;
  }

  static void Flip(const std::string& file, uint64_t at, uint8_t mask) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(stream.get() ^ mask);
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(byte);
  }

  // Each row is read right or reported; counts reports. A row that is silently gone is a failure.
  static void CheckRow(const ShardStore& store, uint64_t row, int* reported) {
    const auto vector = store.ReadVector(row, 0);
    if (vector.ok()) {
      ASSERT_TRUE(vector->has_value()) << "row " << row << " is silently gone";
      ASSERT_EQ(**vector, VectorOf(row));
    } else {
      ASSERT_TRUE(IsDamage(vector.status())) << vector.status().ToString();
      ++*reported;
    }
    const std::string keys[] = {KeyOf(row)};
    std::vector<std::optional<IdEntry>> entries;
    const Status found = store.FindIds(keys, &entries);
    if (found.ok()) {
      ASSERT_TRUE(entries[0].has_value()) << "id " << row << " is silently gone";
      ASSERT_EQ(entries[0]->internal_id, row);
    } else {
      ASSERT_TRUE(IsDamage(found)) << found.ToString();
      ++*reported;
    }
    const uint64_t rows[] = {row};
    std::vector<std::optional<VectorValue>> vectors;
    const Status many = store.ReadVectors(rows, 0, &vectors);
    if (many.ok()) {
      ASSERT_TRUE(vectors[0].has_value()) << "row " << row << " is silently gone";
      ASSERT_EQ(*vectors[0], VectorOf(row));
    } else {
      ASSERT_TRUE(IsDamage(many)) << many.ToString();
      ++*reported;
    }
    std::vector<std::string> payloads;
    const Status read = store.ReadPayloads(rows, &payloads);
    if (read.ok()) {
      ASSERT_EQ(payloads[0], PayloadOf(row));
    } else {
      ASSERT_TRUE(IsDamage(read)) << read.ToString();
      ++*reported;
    }
  }

  static void CheckScan(const ShardStore& store, int* reported) {
    uint64_t next = 1;
    const Status scanned = store.ScanVectors(
        0, ~uint64_t{0}, [&](uint64_t row, uint16_t, Dtype dtype, std::string_view bytes) {
          EXPECT_EQ(row, next++);
          EXPECT_EQ(VectorValue(dtype, std::string(bytes)), VectorOf(row));
          return true;
        });
    if (scanned.ok()) {
      EXPECT_EQ(next, kRows + 1);
    } else {
      EXPECT_TRUE(IsDamage(scanned)) << scanned.ToString();
      ++*reported;
    }
    uint64_t seq = 31;
    const Status replayed = store.ReplayLog(30, [&](uint64_t at, std::span<const LogOp>) {
      EXPECT_EQ(at, seq++);
      return Status::Ok();
    });
    if (replayed.ok()) {
      EXPECT_EQ(seq, kRows + 1);
    } else {
      EXPECT_TRUE(IsDamage(replayed)) << replayed.ToString();
      ++*reported;
    }
  }

  static void CheckMeta(const ShardStore& store, int* reported) {
    const auto manifest = store.ReadManifest();
    if (manifest.ok()) {
      ASSERT_EQ(manifest->segments.size(), 1u);
      EXPECT_EQ(manifest->segments[0].tombstones, "tombstones");
    } else {
      EXPECT_TRUE(IsDamage(manifest.status())) << manifest.status().ToString();
      ++*reported;
    }
    const auto index = store.ReadPayloadIndex("segment", "color");
    if (index.ok()) {
      ASSERT_TRUE(index->has_value());
      EXPECT_EQ(**index, std::string(5000, 'c'));
    } else {
      EXPECT_TRUE(IsDamage(index.status())) << index.status().ToString();
      ++*reported;
    }
  }

  enum class Outcome { kRefused, kReported, kHarmless };

  Outcome OpenAndRead(const std::string& path) {
    auto store = ShardStore::Open(path, TestResources());
    if (!store.ok()) {
      EXPECT_TRUE(IsDamage(store.status())) << store.status().ToString();
      EXPECT_NE(store.status().message().find(path), std::string::npos)
          << store.status().ToString();
      return Outcome::kRefused;
    }
    int reported = 0;
    for (uint64_t row = 1; row <= kRows && !HasFatalFailure(); ++row) {
      CheckRow(**store, row, &reported);
    }
    CheckScan(**store, &reported);
    CheckMeta(**store, &reported);
    const Status verified = (*store)->VerifyChecksums();
    if (!verified.ok()) {
      EXPECT_TRUE(IsDamage(verified)) << verified.ToString();
      ++reported;
    }
    return reported > 0 ? Outcome::kReported : Outcome::kHarmless;
  }

  testing::TempDirectory directory_;
  std::vector<std::string> files_;
};

TEST_F(CorruptionTest, WholeDatabaseIsHarmless) {
  EXPECT_EQ(OpenAndRead(FreshCopy()), Outcome::kHarmless);
}

TEST_F(CorruptionTest, FlippedBytesNeverGiveWrongData) {
  std::mt19937 random(7);
  std::map<std::string, std::array<int, 3>> outcomes;  // by kind of file
  for (const std::string& name : files_) {
    const std::string whole = directory_ / ("whole/" + name);
    const uint64_t size = std::filesystem::file_size(whole);
    const bool data = name.ends_with(".sst") || name.ends_with(".blob") || name.ends_with(".log") ||
                      name.starts_with("MANIFEST");
    for (int flip = 0; size > 0 && flip < (data ? 12 : 2); ++flip) {
      // The ends are where lengths, footers and torn records are.
      const uint64_t near_end = std::min<uint64_t>(size, 64);
      const uint64_t at = flip % 3 == 0 ? size - 1 - random() % near_end : random() % size;
      const uint8_t mask = static_cast<uint8_t>(1 + random() % 255);
      const std::string path = FreshCopy();
      Flip(path + "/" + name, at, mask);
      SCOPED_TRACE(name + " byte " + std::to_string(at) + " of " + std::to_string(size) + " xor " +
                   std::to_string(mask));
      const Outcome outcome = OpenAndRead(path);
      const size_t dot = name.rfind('.');
      const std::string kind =
          dot == std::string::npos ? name.substr(0, name.find('-')) : name.substr(dot);
      ++outcomes[kind][static_cast<size_t>(outcome)];
      if (HasFailure()) return;
    }
  }
  for (const auto& [kind, count] : outcomes) {
    std::printf("%-12s refused %d, reported %d, harmless %d\n", kind.c_str(), count[0], count[1],
                count[2]);
  }
  // Every byte of a table or blob file is under RocksDB's checksum of the whole file.
  EXPECT_EQ(outcomes[".sst"][2], 0);
  EXPECT_EQ(outcomes[".blob"][2], 0);
}

TEST_F(CorruptionTest, VerificationNamesTheDamagedFile) {
  for (const std::string& name : files_) {
    if (!name.ends_with(".sst") && !name.ends_with(".blob")) continue;
    const std::string path = FreshCopy();
    auto store = MustOpen(path);
    ASSERT_NE(store, nullptr);
    ASSERT_OK(store->VerifyChecksums());
    Flip(path + "/" + name, std::filesystem::file_size(path + "/" + name) / 2, 0x04);
    const Status verified = store->VerifyChecksums();
    EXPECT_TRUE(IsDamage(verified)) << name << ": " << verified.ToString();
    EXPECT_NE(verified.message().find(name), std::string::npos) << verified.ToString();
  }
}

TEST_F(CorruptionTest, CutFilesNeverGiveWrongData) {
  for (const std::string& name : files_) {
    const uint64_t size = std::filesystem::file_size(directory_ / ("whole/" + name));
    for (const uint64_t keep : {uint64_t{0}, size / 2, size - 1}) {
      if (size == 0 || keep >= size) continue;
      const std::string path = FreshCopy();
      std::filesystem::resize_file(path + "/" + name, keep);
      SCOPED_TRACE(name + " cut to " + std::to_string(keep) + " of " + std::to_string(size));
      (void)OpenAndRead(path);
      if (HasFailure()) return;
    }
  }
}

TEST_F(CorruptionTest, MissingFilesNeverGiveWrongData) {
  for (const std::string& name : files_) {
    const std::string path = FreshCopy();
    std::filesystem::remove(path + "/" + name);
    SCOPED_TRACE(name + " removed");
    (void)OpenAndRead(path);
    if (HasFailure()) return;
  }
}

TEST_F(CorruptionTest, CatalogRefusesADamagedFile) {
  const std::string path = directory_ / "catalog";
  {
    auto catalog = CatalogStore::Open(path);
    ASSERT_TRUE(catalog.ok());
    ASSERT_OK((*catalog)->PutCollection({"uuid", std::string(200, '{')}));
  }
  std::string log;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".log" && entry.file_size() > 200) log = entry.path();
  }
  ASSERT_FALSE(log.empty());
  Flip(log, std::filesystem::file_size(log) - 100, 0x10);
  const auto damaged = CatalogStore::Open(path);
  ASSERT_FALSE(damaged.ok());
  EXPECT_TRUE(IsDamage(damaged.status())) << damaged.status().ToString();
  EXPECT_NE(damaged.status().message().find(path), std::string::npos);
}

}  // namespace
}  // namespace sagitta::store
