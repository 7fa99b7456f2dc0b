// sagitta query: the nearest points to a vector or to a point.

#include <memory>

#include "cli/json_text.h"
#include "cli/print_points.h"
#include "cli/query_options.h"
#include "cli/session.h"
#include "cli/vector_reader.h"
#include "cli/wire_json.h"

namespace sagitta::cli {
namespace {

struct Options {
  std::string collection;
  QueryOptions query;
  SelectOptions select;
  std::string vector;
  std::string file;
  uint64_t row = 0;
  std::string id;
  uint32_t offset = 0;
  std::optional<float> threshold;
  bool explain = false;
  std::string group_by;
  uint32_t group_size = 1;
  std::string rerank_field;
  std::string rerank_vector;
  std::string rerank_adapter;
  uint32_t rerank_candidates = 0;
  uint64_t min_seq = 0;
};

Outcome ReadTarget(const Options& o, v1::Query* out) {
  if ((!o.vector.empty()) + (!o.file.empty()) + (!o.id.empty()) != 1) {
    return Outcome::Usage("exactly one of --vector, --vectors and --id is needed");
  }
  if (!o.id.empty()) {
    if (!o.query.adapter.empty()) return Outcome::Usage("--adapter goes with a vector, not --id");
    google::protobuf::RepeatedPtrField<v1::PointId> ids;
    SAGITTA_CLI_RETURN_IF_FAILED(ParseIds({o.id}, &ids));
    *out->mutable_point() = ids.Get(0);
    return Outcome::Ok();
  }
  if (!o.vector.empty()) {
    SAGITTA_ASSIGN_OR_RETURN(const auto json, ParseJsonArgument(o.vector, "--vector"));
    const Status parsed = VectorFromJson(json, out->mutable_vector()).WithFieldPrefix("--vector");
    return parsed.ok() ? Outcome::Ok() : Outcome::Usage(parsed);
  }
  SAGITTA_ASSIGN_OR_RETURN(auto reader, OpenVectorFile(o.file));
  SAGITTA_RETURN_IF_ERROR(reader->Seek(o.row));
  VectorBlock block;
  SAGITTA_RETURN_IF_ERROR(reader->Read(1, &block));
  if (block.rows == 0) {
    return Status(StatusCode::kOutOfRange,
                  o.file + ": has no row " + std::to_string(o.row) + " (the first is 0)");
  }
  VectorToWire(block.Row(0), out->mutable_vector());
  return Outcome::Ok();
}

Outcome ReadRerank(const Options& o, v1::Query* out) {
  if (o.rerank_field.empty() != o.rerank_vector.empty()) {
    return Outcome::Usage("--rerank-field and --rerank-vector go together");
  }
  if (o.rerank_field.empty()) {
    if (o.rerank_candidates == 0 && o.rerank_adapter.empty()) return Outcome::Ok();
    return Outcome::Usage("--rerank-candidates and --rerank-adapter need --rerank-field");
  }
  v1::Rerank* rerank = out->mutable_rerank();
  rerank->set_field(o.rerank_field);
  rerank->set_candidates(o.rerank_candidates);
  SAGITTA_ASSIGN_OR_RETURN(const auto json, ParseJsonArgument(o.rerank_vector, "--rerank-vector"));
  const Status parsed =
      VectorFromJson(json, rerank->mutable_vector()).WithFieldPrefix("--rerank-vector");
  rerank->mutable_vector()->set_adapter(o.rerank_adapter);
  return parsed.ok() ? Outcome::Ok() : Outcome::Usage(parsed);
}

Outcome RunQuery(const Options& o, Session& session) {
  v1::QueryRequest request;
  request.set_collection(o.collection);
  v1::Query* query = request.mutable_query();
  SAGITTA_CLI_RETURN_IF_FAILED(ReadTarget(o, query));
  SAGITTA_CLI_RETURN_IF_FAILED(o.query.Apply(query));
  SAGITTA_CLI_RETURN_IF_FAILED(ReadRerank(o, query));
  query->set_offset(o.offset);
  if (o.threshold) query->set_score_threshold(*o.threshold);
  if (!o.group_by.empty()) {
    query->mutable_group_by()->set_path(o.group_by);
    query->mutable_group_by()->set_group_size(o.group_size);
  }
  query->set_explain(o.explain);
  o.select.Apply(query->mutable_select());
  request.mutable_options()->set_min_seq(o.min_seq);
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::QueryResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(
      connection->Call(connection->queries(), &v1::QueryService::Stub::Query, request, &response));
  PrintQueryResponse(session, response, request.query().has_group_by());
  return Outcome::Ok();
}

}  // namespace

void QueryOptions::AddTo(CLI::App& app) {
  app.add_option("--field", field, "Vector field; not needed where there is one");
  app.add_option("-k,--k", k, "Hits wanted, 1–10,000")->capture_default_str();
  app.add_option("--ef", ef, "HNSW, GRAPH: candidates");
  app.add_option("--nprobe", nprobe, "IVF: lists read");
  app.add_option("--oversampling", oversampling, "× k candidates reranked, 1–100");
  app.add_flag("--exact", exact, "Full scan, no index");
  app.add_option("--filter", filter, "Only points that match: JSON, or @FILE");
  app.add_option("--adapter", adapter,
                 "NAME@VERSION; the vector is of the embedding model that it maps from");
}

Outcome QueryOptions::Apply(v1::Query* out) const {
  out->set_field(field);
  out->set_k(k);
  if (ef) out->mutable_params()->set_ef(*ef);
  if (nprobe) out->mutable_params()->set_nprobe(*nprobe);
  if (oversampling) out->mutable_params()->set_oversampling(*oversampling);
  if (exact) out->mutable_params()->set_exact(true);
  if (!adapter.empty()) out->mutable_vector()->set_adapter(adapter);
  return filter.empty() ? Outcome::Ok() : ParseFilterOption(filter, out->mutable_filter());
}

void AddQueryCommand(CLI::App& app, Commands& commands) {
  auto* sub = app.add_subcommand("query", "The nearest points to a vector or to a point");
  auto o = std::make_shared<Options>();
  sub->add_option("collection", o->collection, "Name or alias")->required();
  sub->add_option("--vector", o->vector,
                  "JSON list of numbers, packed bits as a JSON string of hex, or @FILE");
  sub->add_option("--vectors", o->file, "Vector file (npy, fvecs, bvecs, idx), with --row");
  sub->add_option("--row", o->row, "Row of --vectors, from 0")->capture_default_str();
  sub->add_option("--id", o->id, "A stored point");
  o->query.AddTo(*sub);
  sub->add_option("--offset", o->offset, "Hits passed over");
  sub->add_option("--threshold", o->threshold, "The worst score that is returned");
  sub->add_option("--group-by", o->group_by, "Payload path; k is then the number of groups");
  sub->add_option("--group-size", o->group_size, "Hits per group")->capture_default_str();
  sub->add_option("--rerank-field", o->rerank_field,
                  "Rank what is found again, by this field's stored vectors");
  sub->add_option("--rerank-vector", o->rerank_vector, "Compared with them, as --vector");
  sub->add_option("--rerank-adapter", o->rerank_adapter, "Of --rerank-vector, as --adapter");
  sub->add_option("--rerank-candidates", o->rerank_candidates,
                  "Points that are found before; 10 × (offset + k) when not given");
  sub->add_flag("--explain", o->explain, "Also how each segment was searched, and for how long");
  sub->add_option("--min-seq", o->min_seq, "Wait until this write is visible");
  o->select.AddTo(*sub);
  commands.Bind(sub, [o](Session& session) { return RunQuery(*o, session); });
}

}  // namespace sagitta::cli
