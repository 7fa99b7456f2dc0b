// What a change of settings or of payload indexes makes of a schema. Pure, thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "sagitta/schema.h"

namespace sagitta::database {

// INVALID_ARGUMENT names the part of the update: "fields[i].name", "fields[i].index.hnsw.m",
// "compaction.seal_rows".
Result<CollectionSchema> WithUpdate(const CollectionSchema& schema, const CollectionUpdate& update);

// None when the very index is there already; ALREADY_EXISTS when the path has one of another kind;
// INVALID_ARGUMENT "index.path" or "index.kind"; FAILED_PRECONDITION when there are as many as may
// be.
Result<std::optional<CollectionSchema>> WithIndex(const CollectionSchema& schema,
                                                  const PayloadIndex& index);

// NOT_FOUND when there is none.
Result<CollectionSchema> WithoutIndex(const CollectionSchema& schema, std::string_view path);

}  // namespace sagitta::database
