// The rows that the tuner measures on, and what exact search says of them.
#pragma once

#include <vector>

#include "engine/collection_core.h"
#include "sagitta/tune.h"

namespace sagitta::compactor {

struct StorageSample {
  engine::FieldLayout layout;
  uint64_t rows_live = 0;  // that have the field
  size_t segments = 1;     // sealed ones, at least 1
  Dtype dtype = Dtype::kF32;
  std::vector<std::byte> bytes;  // n rows of dtype
  size_t n = 0;
  std::vector<float> queries;  // as IndexQuery::vector, dim floats each
  size_t query_count = 0;

  // The first `count` rows.
  index::VectorRows rows(size_t count) const;
  const float* query(size_t i) const { return queries.data() + i * layout.dim; }
};

// INVALID_ARGUMENT naming the field of the request; FAILED_PRECONDITION for too few rows.
Result<StorageSample> DrawStorageSample(const engine::CollectionCore& collection,
                                        const StorageRequest& request, const CancelToken& cancel);

// The key of the k-th nearest of the first `rows` rows, for each of the first `queries` queries.
Result<std::vector<float>> ExactLimits(const StorageSample& sample, size_t rows, size_t queries,
                                       uint32_t k, const CancelToken& cancel);

}  // namespace sagitta::compactor
