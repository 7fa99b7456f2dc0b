// How points, hits and write results are printed. Thread-compatible.
#pragma once

#include "cli/session.h"
#include "sagitta/v1/points.pb.h"
#include "sagitta/v1/query.pb.h"

namespace sagitta::cli {

using WirePoints = google::protobuf::RepeatedPtrField<v1::Point>;

void PrintPoints(Session& session, const WirePoints& points);
void PrintWriteResult(Session& session, const v1::WriteResult& result);
// Groups where the query asked for them, else hits.
void PrintQueryResponse(Session& session, const v1::QueryResponse& response, bool grouped);

}  // namespace sagitta::cli
