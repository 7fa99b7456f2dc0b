// One upsert, as the unary call and the stream both do it. Thread-safe.
#pragma once

#include "sagitta/v1/points.pb.h"
#include "server/unary_call.h"

namespace sagitta::server {

// Takes the vectors' bytes out of `in`.
Result<WriteResult> ApplyUpsert(Call& call, v1::UpsertRequest& in);

}  // namespace sagitta::server
