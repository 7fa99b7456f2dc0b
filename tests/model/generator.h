// Generator: random points, payloads, filters and queries that reach the corners of the public
// contract: every kind of id, missing fields, ties, wrong-kind payload values, int64 extremes.
// Every vector element is exact in the field's storage type, so that no rounding can hide a
// difference. Not thread-safe.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "sagitta/filter.h"
#include "sagitta/schema.h"
#include "sagitta/write.h"

namespace sagitta::model {

class Generator {
 public:
  Generator(uint64_t seed, uint32_t ids) : random_(seed), ids_(ids) {}

  // Uniform in [low, high].
  int64_t Uniform(int64_t low, int64_t high);
  bool OneIn(int64_t n) { return Uniform(1, n) == 1; }

  PointId Id();
  std::vector<PointId> DistinctIds(size_t count);
  VectorValue Vector(const VectorField& field);
  UpsertPoint Upsert(const CollectionSchema& schema, PointId id);
  Payload RandomPayload();
  // A payload with at most two of the usual keys, for merges.
  Payload SmallPayload();
  std::string Path();
  Filter RandomFilter(int depth = 3);
  // Matches a few per cent of the points: for deletes and updates by filter.
  Filter NarrowFilter();
  PayloadIndex RandomIndex();
  IndexParams RandomIndexParams(const VectorField& field);

 private:
  VectorValue Bits(const VectorField& field);
  Value ValueFor(const std::string& path);
  Value OddValue();
  ValueObject Place();
  Filter Leaf();
  Filter SpecialLeaf();

  std::mt19937_64 random_;
  uint32_t ids_;
};

// The collections that the test drives: one plain, one with several shards and fields.
std::vector<CollectionSchema> ModelSchemas();

}  // namespace sagitta::model
