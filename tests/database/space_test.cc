// What a collection takes on the disk, against the bytes of its vectors and graph: while it is
// loaded, and once it is indexed and at rest.
#include <sys/stat.h>

#include <chrono>
#include <random>
#include <thread>

#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

constexpr uint32_t kWideDim = 256;
constexpr uint64_t kPoints = 20'000;

// As du counts it.
uint64_t BlocksOf(const std::string& directory) {
  uint64_t blocks = 0;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(directory, error), end;
       !error && it != end; it.increment(error)) {
    struct stat info {};
    if (::stat(it->path().c_str(), &info) == 0) blocks += static_cast<uint64_t>(info.st_blocks);
  }
  return blocks * 512;
}

std::vector<UpsertPoint> WidePoints(uint64_t first, uint64_t count) {
  std::mt19937 random(static_cast<uint32_t>(first));
  std::vector<UpsertPoint> points(count);
  std::vector<float> values(kWideDim);
  for (uint64_t i = 0; i < count; ++i) {
    for (float& value : values) value = static_cast<float>(random() % 1000) / 999;  // no integers
    points[i].point.id = first + i;
    points[i].point.vectors["v"] = VectorValue(std::span<const float>(values));
  }
  return points;
}

TEST(Space, OfACollectionAtRestIsItsVectorsTwiceAndItsGraph) {
  const testing::TempDirectory directory;
  const auto database = MustOpen(directory.path());
  ASSERT_NE(database, nullptr);
  CollectionSchema schema = SchemaOf("wide", 1);
  schema.fields[0].dim = kWideDim;
  schema.fields[0].index.hnsw.m = 8;
  schema.fields[0].index.hnsw.ef_construction = 40;
  schema.compaction.seal_rows = 4096;
  const auto collection = database->CreateCollection(schema);
  ASSERT_OK(collection.status());
  uint64_t most = 0;
  for (uint64_t first = 0; first < kPoints; first += 500) {
    ASSERT_OK((*collection)->Upsert(WidePoints(first, 500), {}).status());
    most = std::max(most, BlocksOf(directory.path()));
  }
  ASSERT_OK((*collection)->WaitIndexed({}, {}));
  SpaceUse space;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    space = (*collection)->Stats()->space;
  } while (space.disk_wal > (64u << 10) && std::chrono::steady_clock::now() < deadline);
  EXPECT_LE(space.disk_wal, 64u << 10) << "no log stays";
  const uint64_t vectors = kPoints * kWideDim * sizeof(float);
  EXPECT_EQ(space.mapped_vectors, vectors);
  const uint64_t disk = BlocksOf(directory.path());
  EXPECT_LT(disk, vectors * 23 / 10 + space.mapped_index());
  EXPECT_NEAR(static_cast<double>(space.disk_segments + space.disk_rocksdb + space.disk_wal),
              static_cast<double>(disk), 1 << 20)
      << "the statistics say what du says";
  // Vectors in the log, in tables, and in segments that others replace.
  EXPECT_LT(most, vectors * 5);
}

}  // namespace
}  // namespace sagitta::database
