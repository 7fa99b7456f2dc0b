// Shared by the tuner's tests: a collection whose vectors have structure, as those of models do.
#pragma once

#include <cmath>
#include <random>

#include "tests/database/database_testing.h"

namespace sagitta::database {

inline constexpr uint32_t kStorageDim = 48;

// Around a few centres, with a spread that falls from direction to direction.
inline std::vector<float> StructuredVector(uint64_t id) {
  std::mt19937_64 shape(3), random(id * 2654435761u + 17);
  std::normal_distribution<float> normal;
  std::vector<float> centres(40 * kStorageDim);
  for (float& v : centres) v = normal(shape);
  const float* centre = centres.data() + random() % 40 * kStorageDim;
  std::vector<float> values(kStorageDim);
  for (uint32_t d = 0; d < kStorageDim; ++d) {
    const float spread = std::exp(-0.06f * static_cast<float>(d));
    values[d] = (centre[d] + normal(random)) * spread;
  }
  return values;
}

inline CollectionSchema StorageSchema(uint32_t shards, Metric metric = Metric::kL2) {
  CollectionSchema schema = SchemaOf("tuned", shards);
  schema.fields[0].dim = kStorageDim;
  schema.fields[0].metric = metric;
  schema.fields[0].index.kind = IndexKind::kFlat;
  return schema;
}

inline void FillStructured(Collection& collection, uint64_t n) {
  for (uint64_t first = 0; first < n; first += 1000) {
    std::vector<UpsertPoint> points(std::min<uint64_t>(1000, n - first));
    for (uint64_t i = 0; i < points.size(); ++i) {
      points[i].point.id = first + i;
      points[i].point.vectors["v"] =
          VectorValue(std::span<const float>(StructuredVector(first + i)));
    }
    ASSERT_OK(collection.Upsert(std::move(points), {}).status());
  }
  ASSERT_OK(collection.Compact());
  ASSERT_OK(collection.WaitIndexed({}, {}));
}

}  // namespace sagitta::database
