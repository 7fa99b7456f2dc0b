// Wire ↔ engine: queries, scrolls and their results. Pure, thread-safe. See convert_value.h.
#pragma once

#include "sagitta/query.h"
#include "sagitta/status.h"
#include "sagitta/v1/points.pb.h"
#include "sagitta/v1/query.pb.h"

namespace sagitta::server {

// Takes the vector's bytes out of `in`. `field` is "query", or "queries[i]".
Result<Query> FromProto(v1::Query& in, std::string_view field);
void ToProto(QueryResult in, double engine_seconds, v1::QueryResponse* out);

Result<ScrollRequest> FromProto(const v1::ScrollRequest& in);
void ToProto(ScrollPage in, v1::ScrollResponse* out);

}  // namespace sagitta::server
