// Wire ↔ engine: requests and reports of the storage tuner. Pure, thread-safe.
#pragma once

#include "sagitta/tune.h"
#include "sagitta/v1/admin.pb.h"

namespace sagitta::server {

// INVALID_ARGUMENT naming the field. Vectors are moved out of `in`.
Result<StorageRequest> FromProto(v1::RecommendStorageRequest& in);
void ToProto(const StorageReport& in, v1::StorageReport* out);

}  // namespace sagitta::server
