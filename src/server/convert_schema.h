// Wire ↔ engine: collection schemas and their settings. Pure, thread-safe. See convert_value.h.
#pragma once

#include "sagitta/schema.h"
#include "sagitta/status.h"
#include "sagitta/v1/collections.pb.h"

namespace sagitta::server {

// Defaults are filled in; ranges are left to CollectionSchema::Validate, enum values are checked
// here.
Result<CollectionSchema> FromProto(const v1::CollectionSchema& in, std::string_view field);
void ToProto(const CollectionSchema& in, v1::CollectionSchema* out);

Result<IndexParams> FromProto(const v1::IndexParams& in, std::string_view field);
void ToProto(const IndexParams& in, v1::IndexParams* out);
Result<PayloadIndex> FromProto(const v1::PayloadIndex& in, std::string_view field);
Result<CollectionUpdate> FromProto(const v1::UpdateCollectionRequest& in);

}  // namespace sagitta::server
