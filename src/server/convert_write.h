// Wire ↔ engine: upserts, deletes, payload updates and their results. Pure, thread-safe. See
// convert_value.h.
#pragma once

#include <vector>

#include "sagitta/status.h"
#include "sagitta/v1/points.pb.h"
#include "sagitta/write.h"

namespace sagitta::server {

// The points of a request in either form; takes their bytes out of it. `only_field` is the
// collection's one field, which a column without a name means; empty when the collection has
// several.
Result<std::vector<UpsertPoint>> FromProto(v1::UpsertRequest& in, std::string_view only_field);

Result<WriteOptions> FromProto(const v1::WriteOptions& in);
Result<PayloadUpdate> FromProto(const v1::UpdatePayloadRequest& in);
void ToProto(const WriteResult& in, v1::WriteResult* out);

}  // namespace sagitta::server
