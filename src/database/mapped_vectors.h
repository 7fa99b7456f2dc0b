// Vectors that say that they are of another embedding model (VectorValue::adapter), replaced by
// what the adapter makes of them, so that the engine sees none but its fields' own. Thread-safe.
#pragma once

#include <span>
#include <vector>

#include "database/model_store.h"
#include "sagitta/query.h"
#include "sagitta/write.h"

namespace sagitta::database {

bool HasMappedVectors(const Query& query);
bool HasMappedVectors(std::span<const UpsertPoint> points);

// INVALID_ARGUMENT "vector.adapter", "rerank.vector.adapter" where there is no such adapter or it
// makes no vectors of the field, and the vector's path where it takes none like it; DATA_LOSS.
// Fields that are not there are left for the engine to refuse.
Status MapVectors(const CollectionSchema& schema, const ModelStore& models, Query* query);
// The same, as "points[i].vectors.NAME" and "points[i].vectors.NAME.adapter". For fields of I8 and
// U8 what is mapped is rounded, and bounded by what they hold.
Status MapVectors(const CollectionSchema& schema, const ModelStore& models,
                  std::vector<UpsertPoint>* points);

}  // namespace sagitta::database
