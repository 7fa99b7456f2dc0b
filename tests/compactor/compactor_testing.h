// A collection in a directory of its own, with an oracle beside it, for the compactor's tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/fault.h"
#include "base/file.h"
#include "compactor/compactor.h"
#include "engine/collection_core.h"
#include "tests/base/temp_directory.h"

namespace sagitta::compactor::testing {

// Leaves no fault armed for the next test.
class FaultTest : public ::testing::Test {
 protected:
  ~FaultTest() override { base::ClearFaults(); }
};

inline constexpr uint32_t kDim = 8;

// Small numbers, so that a few thousand rows make every kind of job.
inline CollectionSchema FastSchema(uint32_t shards = 1) {
  CollectionSchema schema;
  schema.name = "c";
  schema.shards = shards;
  schema.fields = {{.name = "v", .dim = kDim}};
  schema.indexes = {{.path = "n", .kind = PayloadIndexKind::kInt64}};
  schema.compaction = {.seal_rows = 256,
                       .seal_idle_ms = 30,
                       .seal_min_rows = 20,
                       .max_segment_rows = 20'000,
                       .deleted_ratio = 0.2f};
  return schema;
}

// The vector of the `version`-th state of a point.
inline std::vector<float> VectorOf(uint64_t id, uint64_t version) {
  std::vector<float> vector(kDim);
  uint64_t x = id * 0x9E3779B97F4A7C15u + version * 0xD1B54A32D192ED03u + 1;
  for (float& element : vector) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    element = static_cast<float>(x % 2000) / 1000.0f - 1.0f;
  }
  return vector;
}

inline UpsertPoint PointOf(uint64_t id, uint64_t version, int64_t ttl_ms = 0) {
  UpsertPoint upsert;
  upsert.point.id = PointId(id);
  upsert.point.vectors["v"] = VectorValue(VectorOf(id, version));
  upsert.point.payload = {{"n", static_cast<int64_t>(id % 10)}};
  upsert.ttl_ms = ttl_ms;
  return upsert;
}

// Waits, at most half a minute, until `done`.
inline ::testing::AssertionResult Eventually(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return ::testing::AssertionFailure() << "not within 30 s";
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return ::testing::AssertionSuccess();
}

class World {
 public:
  explicit World(CollectionSchema schema = FastSchema(), uint64_t memory = uint64_t{1} << 30)
      : path_(directory_.path()), memory_(memory), schema_(std::move(schema)) {
    Open(true);
  }
  // In a directory that outlives it; what is there is opened.
  World(CollectionSchema schema, std::string path)
      : path_(std::move(path)), memory_(uint64_t{1} << 30), schema_(std::move(schema)) {
    Open(!base::FileExists(path_ + "/shard-0000"));
  }
  ~World() { Close(); }

  void Open(bool create) {
    auto opened = engine::CollectionCore::Open(
        path_, schema_,
        {.store = resources_, .memory = &memory_, .search_pool = &pool_, .min_free_disk_bytes = 0},
        create);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    core_ = std::move(*opened);
  }
  void Close() {
    compactor_.reset();
    core_.reset();
  }
  void StartCompactor(bool paused = false, uint32_t threads = 2) {
    compactor_ = Compactor::Create({.threads = threads, .memory = &memory_, .paused = paused});
    compactor_->Add(core_, "c");
  }
  void StopCompactor() { compactor_.reset(); }
  void SetSchema(CollectionSchema schema) {
    schema_ = std::move(schema);
    core_->SetSchema(schema_);
    if (compactor_ != nullptr) compactor_->Wake();
  }

  engine::CollectionCore& core() { return *core_; }
  std::shared_ptr<engine::CollectionCore> shared_core() { return core_; }
  Compactor& compactor() { return *compactor_; }
  base::MemoryBudget& memory() { return memory_; }
  const CollectionSchema& schema() const { return schema_; }
  engine::Shard& shard(size_t i = 0) { return *core_->shards()[i]; }
  std::map<uint64_t, uint64_t>& oracle() { return oracle_; }

  // Upserts ids [first, first + n), in batches.
  void Fill(uint64_t first, uint64_t n, uint64_t version = 0) {
    for (uint64_t at = first; at < first + n; at += 200) {
      std::vector<UpsertPoint> points;
      for (uint64_t id = at; id < std::min(first + n, at + 200); ++id) {
        points.push_back(PointOf(id, version));
        oracle_[id] = version;
      }
      const auto result = core_->Upsert(std::move(points), {.durability = Durability::kOs});
      ASSERT_TRUE(result.ok()) << result.status().ToString();
    }
  }
  void Delete(uint64_t first, uint64_t n, uint64_t step = 1) {
    std::vector<PointId> ids;
    for (uint64_t id = first; id < first + n; id += step) {
      ids.emplace_back(id);
      oracle_.erase(id);
    }
    const auto result = core_->Delete(ids, {.durability = Durability::kOs});
    ASSERT_TRUE(result.ok()) << result.status().ToString();
  }
  Status WaitIdle() {
    return compactor_->WaitIdle(
        core_.get(),
        CancelToken::WithDeadline(std::chrono::steady_clock::now() + std::chrono::seconds(60)), {});
  }

  std::vector<engine::SegmentFacts> Segments(size_t shard = 0) {
    return core_->shards()[shard]->Facts().segments;
  }
  size_t SealedCount(size_t shard = 0) {
    const auto segments = Segments(shard);
    return static_cast<size_t>(std::count_if(segments.begin(), segments.end(), [](const auto& s) {
      return s.state == engine::SegmentFacts::State::kSealed;
    }));
  }
  std::set<std::string> Files(size_t shard = 0) {
    const auto names = base::ListDirectory(core_->shards()[shard]->state().SegmentDirectory());
    EXPECT_TRUE(names.ok());
    return names.ok() ? std::set<std::string>(names->begin(), names->end())
                      : std::set<std::string>();
  }
  // Kinds of the jobs that ended as `state`, oldest first.
  std::vector<std::string> Jobs(JobState state = JobState::kDone) {
    std::vector<std::string> kinds;
    for (const JobInfo& job : compactor_->Status().recent) {
      if (job.state == state) kinds.insert(kinds.begin(), job.kind);
    }
    return kinds;
  }

  // Whether the collection holds exactly what the oracle says, by count, by scroll and by search.
  void ExpectOracle() {
    const auto count = core_->Count(std::nullopt, {});
    ASSERT_TRUE(count.ok());
    EXPECT_EQ(count->count, oracle_.size());
    std::map<uint64_t, std::vector<float>> found;
    ScrollRequest request{.cursor = "", .limit = 5000, .filter = {}, .select = {.vectors = true}};
    do {
      const auto page = core_->Scroll(request, {});
      ASSERT_TRUE(page.ok()) << page.status().ToString();
      for (const Point& point : page->points) {
        found[std::get<uint64_t>(point.id.value())] = point.vectors.at("v").ToFloats();
      }
      request.cursor = page->next_cursor;
    } while (!request.cursor.empty());
    ASSERT_EQ(found.size(), oracle_.size());
    for (const auto& [id, version] : oracle_) ASSERT_EQ(found[id], VectorOf(id, version)) << id;
    for (uint64_t query = 0; query < 5; ++query) ExpectNearest(VectorOf(query, 999), std::nullopt);
  }

  // Whether an exact search finds what brute force over the oracle does, among ids ≡ n mod 10 if
  // given.
  void ExpectNearest(const std::vector<float>& target, std::optional<int64_t> n) {
    Query query;
    query.target = VectorValue(std::span<const float>(target));
    query.k = 10;
    query.params.exact = true;
    if (n.has_value()) query.filter = Filter::Equals("n", *n);
    const auto result = core_->Search(query, {});
    ASSERT_TRUE(result.ok()) << result.status().ToString();
    std::vector<std::pair<float, uint64_t>> expected;
    for (const auto& [id, version] : oracle_) {
      if (n.has_value() && static_cast<int64_t>(id % 10) != *n) continue;
      const auto vector = VectorOf(id, version);
      float sum = 0;
      for (uint32_t i = 0; i < kDim; ++i) sum += (vector[i] - target[i]) * (vector[i] - target[i]);
      expected.emplace_back(std::sqrt(sum), id);
    }
    std::sort(expected.begin(), expected.end());
    expected.resize(std::min<size_t>(expected.size(), query.k));
    ASSERT_EQ(result->hits.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_NEAR(result->hits[i].score, expected[i].first, 1e-4);
      EXPECT_EQ(result->hits[i].point.id, PointId(expected[i].second));
    }
  }

 private:
  ::sagitta::testing::TempDirectory directory_;
  const std::string path_;
  std::shared_ptr<store::StoreResources> resources_ = store::StoreResources::Create(32 << 20, 2);
  base::MemoryBudget memory_;
  base::ThreadPool pool_{"search", 2, 64};
  CollectionSchema schema_;
  std::shared_ptr<engine::CollectionCore> core_;
  std::unique_ptr<Compactor> compactor_;
  std::map<uint64_t, uint64_t> oracle_;  // id → version of its vector
};

}  // namespace sagitta::compactor::testing
