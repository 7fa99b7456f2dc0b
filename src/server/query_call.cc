#include "server/query_call.h"

#include "base/stopwatch.h"
#include "server/convert_query.h"
#include "server/convert_value.h"

namespace sagitta::server {
namespace {

constexpr int kMaxQueries = 1024;

// The engine names fields within the query: "k", "filter.and[1]".
Status InQuery(const Status& status, const std::string& field) {
  if (status.field().empty() || status.field().starts_with(field)) return status;
  return status.WithFieldPrefix(field + ".");
}

}  // namespace

Status AnswerQuery(Call& call, v1::QueryRequest& in, v1::QueryResponse* out) {
  if (!in.has_query()) return Status::InvalidArgument("query", "is needed");
  SAGITTA_ASSIGN_OR_RETURN(Query query, FromProto(*in.mutable_query(), "query"));
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(in.collection()));
  const base::Stopwatch watch;
  auto result = collection->Search(query, call.Read(in.options()));
  if (!result.ok()) return InQuery(result.status(), "query");
  const double seconds = watch.Seconds();
  call.state.metrics().RecordQuery(result->info);
  ToProto(std::move(*result), seconds, out);
  return Status::Ok();
}

namespace {

// Those that cannot be converted fail alone, as those do that the engine refuses.
struct Batch {
  std::vector<Query> queries;
  std::vector<int> positions;  // of queries, in the request
};

Status ConvertBatch(v1::QueryBatchRequest& in, Batch* batch, v1::QueryBatchResponse* out) {
  if (in.queries_size() < 1 || in.queries_size() > kMaxQueries) {
    return Status::InvalidArgument(
        "queries", "has " + std::to_string(in.queries_size()) + " entries, allowed are 1–1,024");
  }
  for (int i = 0; i < in.queries_size(); ++i) {
    auto* outcome = out->add_outcomes();
    auto query = FromProto(*in.mutable_queries(i), Indexed("queries", i));
    if (!query.ok()) {
      *outcome->mutable_error() = ToRpcStatus(query.status());
      continue;
    }
    batch->queries.push_back(std::move(*query));
    batch->positions.push_back(i);
  }
  return Status::Ok();
}

}  // namespace

Status AnswerQueryBatch(Call& call, v1::QueryBatchRequest& in, v1::QueryBatchResponse* out) {
  Batch batch;
  SAGITTA_RETURN_IF_ERROR(ConvertBatch(in, &batch, out));
  SAGITTA_ASSIGN_OR_RETURN(auto collection, call.Open(in.collection()));
  if (batch.queries.empty()) return Status::Ok();
  const base::Stopwatch watch;
  SAGITTA_ASSIGN_OR_RETURN(auto results,
                           collection->SearchBatch(batch.queries, call.Read(in.options())));
  const double seconds = watch.Seconds();
  for (size_t i = 0; i < results.size(); ++i) {
    auto* outcome = out->mutable_outcomes(batch.positions[i]);
    if (results[i].ok()) {
      call.state.metrics().RecordQuery(results[i]->info);
      ToProto(std::move(*results[i]), seconds, outcome->mutable_response());
    } else {
      *outcome->mutable_error() =
          ToRpcStatus(InQuery(results[i].status(), Indexed("queries", batch.positions[i])));
    }
  }
  return Status::Ok();
}

}  // namespace sagitta::server
