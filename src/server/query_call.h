// Answering one query, or a batch of them, that came over the wire. Thread-safe.
#pragma once

#include "sagitta/v1/query.pb.h"
#include "server/unary_call.h"

namespace sagitta::server {

// Errors name fields of the request ("query.k"). May take bytes out of it.
Status AnswerQuery(Call& call, v1::QueryRequest& in, v1::QueryResponse* out);
Status AnswerQueryBatch(Call& call, v1::QueryBatchRequest& in, v1::QueryBatchResponse* out);

}  // namespace sagitta::server
