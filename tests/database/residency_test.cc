// Where vectors are kept: by the setting, by the memory limit, and with the same answers.
#include <linux/magic.h>
#include <sys/vfs.h>

#include <chrono>
#include <functional>
#include <random>
#include <thread>

#include "tests/database/database_testing.h"

namespace sagitta::database {
namespace {

constexpr uint32_t kWideDim = 256;
constexpr uint64_t kPoints = 12'000;  // 12 MiB of vectors

std::vector<float> WideVector(uint64_t id) {
  std::mt19937 random(static_cast<uint32_t>(id) * 7 + 1);
  std::vector<float> values(kWideDim);
  for (float& value : values) value = static_cast<float>(random() % 1000) / 999;
  return values;
}

constexpr uint64_t kVectors = kPoints * kWideDim * sizeof(float);
// That stay: the system keeps pages in groups, and those at the ends hold other sections too.
constexpr uint64_t kAtMost = kVectors / 3;

class ResidencyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    struct statfs system {};
    ASSERT_EQ(::statfs(directory_.path().c_str(), &system), 0);
    if (system.f_type == TMPFS_MAGIC) GTEST_SKIP() << "a tmpfs has no place to page out to";
  }

  void Open(uint64_t memory_limit = 0) {
    database_ = nullptr;
    DatabaseOptions options = SmallOptions(directory_.path());
    options.memory_limit_bytes = memory_limit;
    auto database = Database::Open(options);
    ASSERT_OK(database.status());
    database_ = std::move(*database);
  }

  void Fill(IndexKind kind, Residency residency) {
    CollectionSchema schema = SchemaOf("wide", 1);
    schema.fields[0].dim = kWideDim;
    schema.fields[0].index.kind = kind;
    schema.fields[0].index.residency = residency;
    const auto made = database_->CreateCollection(schema);
    ASSERT_OK(made.status());
    for (uint64_t first = 0; first < kPoints; first += 1000) {
      std::vector<UpsertPoint> points(1000);
      for (uint64_t i = 0; i < points.size(); ++i) {
        points[i].point.id = first + i;
        points[i].point.vectors["v"] = VectorValue(std::span<const float>(WideVector(first + i)));
      }
      ASSERT_OK((*made)->Upsert(std::move(points), {}).status());
    }
    ASSERT_OK((*made)->Compact());
    ASSERT_OK((*made)->WaitIndexed({}, {}));
  }

  std::shared_ptr<Collection> collection() const { return *database_->GetCollection("wide"); }

  void Set(Residency residency) {
    IndexParams index = collection()->Schema().fields[0].index;
    index.residency = residency;
    ASSERT_OK(database_->UpdateCollection("wide", {.fields = {{"v", index}}}).status());
  }

  SegmentStats Segment() const {
    const auto stats = collection()->Stats();
    EXPECT_TRUE(stats.ok()) << stats.status().ToString();
    std::vector<SegmentStats> sealed = stats->shards[0].segments;
    std::erase_if(sealed, [](const SegmentStats& segment) { return segment.state != "sealed"; });
    EXPECT_EQ(sealed.size(), 1u);
    return sealed.empty() ? SegmentStats{.vectors_on_disk = {false}} : sealed[0];
  }

  bool Wait(const std::function<bool(const SegmentStats&)>& done) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      if (done(Segment())) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return false;
  }

  // Not always at once: the system may hold some pages back; the keeper trims what stays.
  bool WaitPagedOut() const {
    return Wait(
        [](const SegmentStats& segment) { return segment.space.resident_vectors < kAtMost; });
  }

  std::vector<std::string> Answers() const {
    std::vector<std::string> ids;
    for (uint64_t id = 0; id < kPoints; id += 1200) {
      Query query;
      query.target = VectorValue(std::span<const float>(WideVector(id + 500'000)));
      query.k = 5;
      const auto found = collection()->Search(query, {});
      EXPECT_TRUE(found.ok()) << found.status().ToString();
      for (const Hit& hit : found->hits) ids.push_back(hit.point.id.ToString());
    }
    return ids;
  }

  testing::TempDirectory directory_;
  std::unique_ptr<Database> database_;
};

TEST_F(ResidencyTest, DiskKeepsVectorsOutOfMemoryAndAnswersTheSame) {
  Open();
  Fill(IndexKind::kGraph, Residency::kMemory);
  ASSERT_EQ(Segment().vectors_on_disk, std::vector<bool>{false});
  EXPECT_EQ(Segment().space.mapped_vectors, kVectors);
  EXPECT_EQ(Segment().space.resident_vectors, kVectors);
  const std::vector<std::string> answers = Answers();
  ASSERT_EQ(answers.size(), 50u);

  Set(Residency::kDisk);
  ASSERT_TRUE(Wait([](const SegmentStats& segment) { return segment.vectors_on_disk[0]; }));
  EXPECT_TRUE(WaitPagedOut());
  EXPECT_GE(Segment().space.resident_index,
            Segment().space.mapped_codes + Segment().space.mapped_links);
  EXPECT_TRUE(collection()->Stats()->indexed) << "nothing is built anew";
  EXPECT_EQ(Answers(), answers);
  const uint64_t read = Segment().space.resident_vectors;
  EXPECT_GT(read, 0u) << "what ranked the answers";
  EXPECT_LT(read, kVectors / 2);

  // An exact scan reads all; they go again.
  Query exact;
  exact.target = VectorValue(std::span<const float>(WideVector(1)));
  exact.params.exact = true;
  ASSERT_OK(collection()->Search(exact, {}).status());
  EXPECT_TRUE(WaitPagedOut());

  Set(Residency::kMemory);
  EXPECT_TRUE(
      Wait([](const SegmentStats& segment) { return segment.space.resident_vectors == kVectors; }));
  EXPECT_EQ(Answers(), answers);
}

TEST_F(ResidencyTest, SurvivesAReopenAndARebuild) {
  Open();
  Fill(IndexKind::kGraph, Residency::kDisk);
  ASSERT_TRUE(Wait([](const SegmentStats& segment) { return segment.vectors_on_disk[0]; }));
  Open();
  EXPECT_EQ(collection()->Schema().fields[0].index.residency, Residency::kDisk);
  ASSERT_TRUE(Wait([](const SegmentStats& segment) { return segment.vectors_on_disk[0]; }));
  EXPECT_TRUE(WaitPagedOut());

  IndexParams index = collection()->Schema().fields[0].index;
  index.kind = IndexKind::kFlatCodes;
  ASSERT_OK(database_->UpdateCollection("wide", {.fields = {{"v", index}}}).status());
  ASSERT_OK(collection()->WaitIndexed({}, {}));
  EXPECT_EQ(Segment().indexes, std::vector<std::string>{"FLAT_CODES"});
  ASSERT_TRUE(Wait([](const SegmentStats& segment) { return segment.vectors_on_disk[0]; }));
  EXPECT_TRUE(WaitPagedOut());
}

TEST_F(ResidencyTest, TheMemoryLimitDecidesForAuto) {
  Open();
  Fill(IndexKind::kGraph, Residency::kAuto);
  EXPECT_EQ(Segment().vectors_on_disk, std::vector<bool>{false});
  const SpaceUse space = Segment().space;
  const uint64_t needed = space.mapped_index() + space.memory_total();
  const std::vector<std::string> answers = Answers();
  const uint64_t cache = uint64_t{32} << 20;

  Open(3 * cache + needed);  // of which the cache takes 32 MiB
  EXPECT_EQ(database_->Memory().limit, 3 * cache + needed);
  std::this_thread::sleep_for(std::chrono::seconds(5));  // the keeper looks every two
  EXPECT_EQ(Segment().vectors_on_disk, std::vector<bool>{false}) << "there is room";

  Open(needed + (uint64_t{8} << 20));  // no room for 12 MiB more
  ASSERT_TRUE(Wait([](const SegmentStats& segment) { return segment.vectors_on_disk[0]; }));
  EXPECT_TRUE(WaitPagedOut());
  EXPECT_EQ(Answers(), answers);
}

TEST_F(ResidencyTest, UnknownValuesAreRefused) {
  Open();
  CollectionSchema schema = SchemaOf("bad", 1);
  schema.fields[0].index.residency = static_cast<Residency>(9);
  ExpectInvalid(database_->CreateCollection(schema).status(), "fields[0].index.residency");
}

}  // namespace
}  // namespace sagitta::database
