#include "server/convert_storage.h"

#include "server/convert_schema.h"
#include "server/convert_value.h"

namespace sagitta::server {
namespace {

void ToProto(const StorageOption& in, v1::StorageOption* out) {
  out->set_name(in.name);
  server::ToProto(in.index, out->mutable_index());
  out->set_memory_bytes(in.memory_bytes);
  out->set_disk_bytes(in.disk_bytes);
  out->set_raw_recall(in.raw_recall);
  out->set_recall(in.recall);
  out->set_query_micros(in.query_micros);
  out->set_build_seconds(in.build_seconds);
  out->set_rows(in.rows);
  out->set_in_budget(in.in_budget);
  out->set_reaches_target(in.reaches_target);
  out->set_pareto(in.pareto);
}

}  // namespace

Result<StorageRequest> FromProto(v1::RecommendStorageRequest& in) {
  StorageRequest out;
  out.field = in.field();
  out.budget_bytes = in.budget_bytes();
  out.target_recall = in.target_recall();
  if (in.k() != 0) out.k = in.k();
  if (in.sample_rows() != 0) out.sample_rows = in.sample_rows();
  if (in.sample_queries() != 0) out.sample_queries = in.sample_queries();
  if (in.seed() != 0) out.seed = in.seed();
  for (int i = 0; i < in.queries_size(); ++i) {
    SAGITTA_ASSIGN_OR_RETURN(
        VectorValue query, FromProto(*in.mutable_queries(i), "queries[" + std::to_string(i) + "]"));
    out.queries.push_back(std::move(query));
  }
  return out;
}

void ToProto(const StorageReport& in, v1::StorageReport* out) {
  out->set_rows(in.rows);
  out->set_sampled_rows(in.sampled_rows);
  out->set_queries(in.queries);
  out->set_budget_bytes(in.budget_bytes);
  out->set_seconds(in.seconds);
  for (const StorageOption& option : in.options) ToProto(option, out->add_options());
  out->set_found(in.found);
  out->set_explanation(in.explanation);
}

}  // namespace sagitta::server
