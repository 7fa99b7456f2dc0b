// A collection put together by hand for tests of reads: stores, growing and sealed segments with
// payload indexes, and beside them a plain model that answers by brute force. Not thread-safe.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "engine/mutable_segment.h"
#include "engine/shard_view.h"
#include "sagitta/query.h"
#include "tests/base/temp_directory.h"

namespace sagitta::engine {

#define ASSERT_OK(expr)                              \
  do {                                               \
    const ::sagitta::Status status_ = (expr);        \
    ASSERT_TRUE(status_.ok()) << status_.ToString(); \
  } while (0)

class ReadWorld {
 public:
  static constexpr int64_t kNow = 1'000'000;  // what the views say

  explicit ReadWorld(CollectionSchema schema, size_t segment_capacity = 4096);
  ~ReadWorld();

  const CollectionSchema& schema() const { return schema_; }
  const std::map<PointId, Point>& points() const { return points_; }  // expired ones too
  uint32_t ShardOf(const PointId& id) const;

  // Vectors are in their field's storage dtype. The version is set here.
  void Upsert(Point point);
  void Delete(const PointId& id);
  // Turns the shard's growing segment into a sealed one.
  void Seal(uint32_t shard, IndexKind kind = IndexKind::kFlat);
  // Freezes the shard's growing segment as one that stands in for a damaged file.
  void Degrade(uint32_t shard);
  // Takes an index away from one segment, as while it is being made for all.
  void DropIndex(uint32_t shard, size_t segment, const std::string& path);
  std::vector<ShardView> Views() const;

  // The model's answers.
  bool Alive(const Point& point) const;
  std::vector<PointId> Matching(const std::optional<Filter>& filter) const;
  struct Ranked {
    float score;
    PointId id;
  };
  // Every live point that matches and has the field, best first, ties by id; `self` left out.
  std::vector<Ranked> Rank(const VectorField& field, const std::vector<float>& vector,
                           const std::optional<Filter>& filter,
                           const std::optional<PointId>& self) const;

 private:
  struct Shard;
  std::shared_ptr<MutableSegment> NewGrowing();
  void Kill(Shard& shard, uint64_t internal_id);

  const CollectionSchema schema_;
  const std::vector<FieldLayout> layouts_;
  const size_t capacity_;
  testing::TempDirectory directory_;
  base::MemoryBudget budget_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::map<PointId, Point> points_;
  std::map<PointId, uint64_t> rows_;  // internal ids
  uint64_t seq_ = 0;
  int files_ = 0;
};

// A world of random fields, points and segments. Elements are small integers, so that L2, L1 and
// inner product are exact in float and ties are many.
class RandomWorld {
 public:
  explicit RandomWorld(uint64_t seed);

  ReadWorld& world() { return *world_; }
  const VectorField& RandomField();
  std::vector<float> RandomVector(const VectorField& field);
  std::optional<Filter> RandomFilter();
  PointId RandomId();
  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  bool OneIn(size_t n) { return Below(n) == 0; }
  // Upserts, deletes and seals.
  void Change(size_t operations);
  Point RandomPoint();

 private:
  CollectionSchema RandomSchema();

  std::mt19937_64 random_;
  std::unique_ptr<ReadWorld> world_;
};

// As a field stores it.
VectorValue StoredVector(const VectorField& field, const std::vector<float>& values);

}  // namespace sagitta::engine
