#include "engine/shard_recovery.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "tests/engine/shard_testing.h"

namespace sagitta::engine::testing {
namespace {

namespace fs = std::filesystem;
using Points = std::map<uint64_t, float>;

CollectionSchema ManySegments() {
  CollectionSchema schema = SmallSchema();
  schema.compaction.seal_rows = 64;
  return schema;
}

std::vector<UpsertRow> Rows(uint64_t first, uint64_t count, float value) {
  std::vector<UpsertRow> rows;
  for (uint64_t i = 0; i < count; ++i) rows.push_back(TestShard::Row(first + i, value));
  return rows;
}

void FlipByte(const std::string& path, uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(byte);
}

size_t Degraded(TestShard& shard) {
  size_t count = 0;
  for (const auto& segment : shard->state().Segments()) count += segment->degraded() ? 1 : 0;
  return count;
}

TEST(ShardRecovery, RowsThatWereNeverSealedComeBack) {
  TestShard shard;
  shard.Upsert(Rows(0, 100, 1));
  shard.Upsert(Rows(50, 100, 2));
  shard.Delete({3, 60, 140});
  const Points before = shard.Visible();
  shard.Reopen();
  EXPECT_EQ(shard.Visible(), before);
  EXPECT_EQ(shard->state().Points(), before.size());
}

TEST(ShardRecovery, DeathsAfterTheSealAreReplayed) {
  TestShard shard;
  shard.Upsert(Rows(0, 100, 1));
  shard.SealAll();
  shard.Upsert(Rows(10, 20, 2));
  shard.Delete({0, 1, 2});
  const Points before = shard.Visible();
  ASSERT_EQ(before.size(), 97u);
  shard.Reopen();
  EXPECT_EQ(shard.Visible(), before);
  shard.SealAll();
  shard.Reopen();
  EXPECT_EQ(shard.Visible(), before);
}

TEST(ShardRecovery, InternalIdsAreNotUsedAgain) {
  TestShard shard;
  shard.Upsert(Rows(0, 10, 1));
  const auto last_id = [&] {
    uint64_t last = 0;
    for (const auto& segment : shard->state().Segments()) {
      if (segment->rows() > 0) last = std::max(last, segment->internal_id(segment->rows() - 1));
    }
    return last;
  };
  const uint64_t before = last_id();
  shard.Delete({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  shard.SealAll();
  shard.Reopen();
  EXPECT_TRUE(shard.Visible().empty());
  shard.Upsert(Rows(0, 1, 2));
  EXPECT_GT(last_id(), before);
}

TEST(ShardRecovery, ManyUnsealedRowsAreCutIntoSegments) {
  TestShard shard(ManySegments());
  for (uint64_t i = 0; i < 5; ++i) shard.Upsert(Rows(i * 100, 100, 1));
  const Points before = shard.Visible();
  shard.Reopen();
  EXPECT_EQ(shard.Visible(), before);
  EXPECT_GT(shard->state().Segments().size(), 2u);
  shard.SealAll();
  shard.Reopen();
  EXPECT_EQ(shard.Visible(), before);
}

// The payload index must come back with the rows, sealed or not.
TEST(ShardRecovery, PayloadIndexesComeBack) {
  TestShard shard;
  shard.Upsert({TestShard::Row(1, 1, 7)});
  shard.SealAll();
  shard.Upsert({TestShard::Row(2, 2, 7)});
  shard.Reopen();
  const ShardView view = shard->View();
  ASSERT_EQ(view.segments.size(), 2u);
  for (const SegmentView& segment : view.segments) {
    const auto it = segment.indexes->find("n");
    ASSERT_NE(it, segment.indexes->end());
    const auto answer = it->second->Answer(Filter::Equals("n", Value(7)), segment.rows);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->matches.Count(), 1u);
  }
}

class DamagedFile : public ::testing::TestWithParam<const char*> {};

TEST_P(DamagedFile, IsServedFromTheStoreAndSealedAgain) {
  TestShard shard;
  for (uint64_t i = 0; i < 3; ++i) {
    shard.Upsert(Rows(i * 100, 100, static_cast<float>(i)));
    shard.SealAll();
  }
  shard.Upsert(Rows(40, 120, 9));
  shard.Delete({5, 205});
  const Points before = shard.Visible();
  const auto ids = shard.SealedIds();
  ASSERT_EQ(ids.size(), 3u);
  shard.Close();
  const std::string damage = GetParam();
  const std::vector<size_t> which =
      damage.starts_with("all") ? std::vector<size_t>{0, 1, 2} : std::vector<size_t>{1};
  for (const size_t i : which) {
    const std::string path = shard.path() + "/segments/" + ids[i] + ".seg";
    if (damage.ends_with("removed")) fs::remove(path);
    if (damage.ends_with("flipped")) FlipByte(path, fs::file_size(path) / 3);
    if (damage.ends_with("truncated")) fs::resize_file(path, fs::file_size(path) / 2);
    if (damage.ends_with("emptied")) fs::resize_file(path, 0);
  }
  shard.Open(false);
  EXPECT_EQ(shard.Visible(), before);
  EXPECT_GT(Degraded(shard), 0u);
  // A crash before the repair changes nothing.
  shard.Upsert(Rows(1000, 10, 5));
  shard.Reopen();
  EXPECT_GT(Degraded(shard), 0u);
  Points expected = before;
  for (uint64_t id = 1000; id < 1010; ++id) expected[id] = 5;
  EXPECT_EQ(shard.Visible(), expected);
  shard.SealAll();
  EXPECT_EQ(Degraded(shard), 0u);
  EXPECT_EQ(shard.Visible(), expected);
  shard.Reopen();
  EXPECT_EQ(Degraded(shard), 0u);
  EXPECT_EQ(shard.Visible(), expected);
  for (const size_t i : which) {
    EXPECT_FALSE(fs::exists(shard.path() + "/segments/" + ids[i] + ".seg"));
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, DamagedFile,
                         ::testing::Values("one removed", "one flipped", "one truncated",
                                           "one emptied", "all removed", "all flipped"),
                         [](const auto& info) {
                           std::string name = info.param;
                           name[3] = '_';
                           return name;
                         });

TEST(ShardRecovery, FilesThatNoManifestListsAreRemoved) {
  TestShard shard;
  shard.Upsert(Rows(0, 10, 1));
  shard.SealAll();
  shard.Close();
  const std::string stray = shard.path() + "/segments/0b5d2f44-0000-4000-8000-000000000000.seg.tmp";
  std::ofstream(stray) << "half";
  shard.Open(false);
  EXPECT_FALSE(fs::exists(stray));
  EXPECT_EQ(shard.Visible().size(), 10u);
}

TEST(ShardRecovery, AMissingStoreIsDataLossNamingIt) {
  TestShard shard;
  shard.Close();
  fs::remove_all(shard.path() + "/db");
  const Status status = shard.TryOpen(false);
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), ::testing::HasSubstr(shard.path() + "/db"));
}

// Random writes, freezes, seals, rebuilds and restarts against a map.
TEST(ShardRecovery, RandomHistoriesEqualAMap) {
  for (const uint32_t seed : {1u, 2u, 3u}) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    TestShard shard(ManySegments());
    Points model;
    for (int step = 0; step < 400; ++step) {
      const uint32_t what = random() % 100;
      if (what < 60) {
        std::map<uint64_t, float> batch;
        for (uint32_t i = 0; i < 1 + random() % 40; ++i) {
          batch[random() % 500] = static_cast<float>(random() % 1000);
        }
        std::vector<UpsertRow> rows;
        for (const auto& [id, value] : batch) rows.push_back(TestShard::Row(id, value));
        ASSERT_TRUE(shard.Upsert(std::move(rows))->status.ok());
        for (const auto& [id, value] : batch) model[id] = value;
      } else if (what < 80) {
        std::set<uint64_t> ids;
        for (uint32_t i = 0; i < 1 + random() % 20; ++i) ids.insert(random() % 500);
        ASSERT_TRUE(shard.Delete({ids.begin(), ids.end()})->status.ok());
        for (const uint64_t id : ids) model.erase(id);
      } else if (what < 90) {
        shard.SealAll();
      } else if (what < 95) {
        const auto ids = shard.SealedIds();
        if (ids.size() >= 2) {
          const size_t from = random() % (ids.size() - 1);
          shard.Rebuild({ids[from], ids[from + 1]});
        }
      } else {
        shard.Reopen();
      }
      if (step % 20 == 0) {
        ASSERT_EQ(shard.Visible(), model) << "step " << step;
      }
    }
    EXPECT_EQ(shard.Visible(), model);
  }
}

}  // namespace
}  // namespace sagitta::engine::testing
