#include "cli/models_train.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

#include "cli/proto_json.h"
#include "cli/row_columns.h"
#include "cli/vector_reader.h"
#include "cli/wire_json.h"

namespace sagitta::cli {
namespace {

struct Options {
  v1::TrainBinarizerRequest request;
  std::optional<uint32_t> hidden;
  std::optional<uint64_t> seed;
  std::string queries, documents, old_queries, old_documents;
  bool wait = false;
};

using VectorList = google::protobuf::RepeatedPtrField<v1::Vector>;

Status ReadVectors(const std::string& path, VectorList* out) {
  constexpr uint64_t kMostRows = 1'000'000, kMostBytes = 1ull << 30;
  if (path.empty()) return Status::Ok();
  SAGITTA_ASSIGN_OR_RETURN(const VectorBlock block, ReadVectorFile(path, kMostRows, kMostBytes));
  for (size_t row = 0; row < block.rows; ++row) {
    VectorToWire(block.Row(row), out->Add());
  }
  return Status::Ok();
}

Status ReadPairs(const Options& o, v1::TrainBinarizerRequest* request) {
  if (o.queries.empty() && o.documents.empty() && o.old_queries.empty() &&
      o.old_documents.empty()) {
    return Status::Ok();
  }
  v1::TrainingPairs* pairs = request->mutable_pairs();
  SAGITTA_RETURN_IF_ERROR(ReadVectors(o.queries, pairs->mutable_queries()));
  SAGITTA_RETURN_IF_ERROR(ReadVectors(o.documents, pairs->mutable_documents()));
  SAGITTA_RETURN_IF_ERROR(ReadVectors(o.old_queries, pairs->mutable_old_queries()));
  return ReadVectors(o.old_documents, pairs->mutable_old_documents());
}

// The job's state; NOT_FOUND when the server no longer knows it.
Outcome FindJob(Connection& connection, uint64_t id, v1::Job* out) {
  v1::GetCompactionResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(connection.Call(connection.admin(),
                                               &v1::AdminService::Stub::GetCompaction,
                                               v1::GetCompactionRequest(), &response));
  for (const auto* jobs : {&response.running(), &response.recent()}) {
    for (const v1::Job& job : *jobs) {
      if (job.id() != id) continue;
      *out = job;
      return Outcome::Ok();
    }
  }
  return Outcome::Failure("the server no longer knows job " + std::to_string(id) +
                          "; sagitta models list shows what was published");
}

Outcome Wait(Session& session, Connection& connection, const std::string& name, uint64_t id) {
  Progress progress = session.NewProgress("train " + name, "", std::nullopt);
  v1::Job job;
  do {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    SAGITTA_CLI_RETURN_IF_FAILED(FindJob(connection, id, &job));
    progress.Update(0, job.progress());
  } while (job.state() == v1::JOB_STATE_QUEUED || job.state() == v1::JOB_STATE_RUNNING);
  if (job.state() != v1::JOB_STATE_DONE) return Outcome::Failure(job.error());
  progress.Finish();
  if (session.json()) {
    session.PrintJson(ProtoToJson(job));
  } else {
    session.out() << job.note() << "\n";
  }
  return Outcome::Ok();
}

// Of a job that has been started.
template <typename Response>
Outcome Report(Session& session, Connection& connection, const std::string& name,
               const Response& response, bool wait) {
  if (wait) return Wait(session, connection, name, response.job());
  if (session.json()) {
    session.PrintJson(ProtoToJson(response));
  } else {
    session.out() << "job " << response.job() << "; sagitta jobs shows it\n";
  }
  return Outcome::Ok();
}

Outcome Train(Session& session, const Options& o) {
  v1::TrainBinarizerRequest request = o.request;
  if (o.hidden) request.set_hidden(*o.hidden);
  if (o.seed) request.set_seed(*o.seed);
  SAGITTA_RETURN_IF_ERROR(ReadPairs(o, &request));
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::TrainBinarizerResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(connection->Call(
      connection->models(), &v1::ModelService::Stub::TrainBinarizer, request, &response));
  return Report(session, *connection, request.name(), response, o.wait);
}

struct AdapterOptions {
  v1::TrainAdapterRequest request;
  std::optional<uint64_t> seed;
  std::string from, to, kind;
  std::string ids_from = "row";
  DenseSourceOptions ids;
  bool wait = false;
};

Outcome ReadPairs(const AdapterOptions& o, v1::TrainAdapterRequest* request) {
  SAGITTA_RETURN_IF_ERROR(ReadVectors(o.from, request->mutable_from()));
  if (!o.to.empty()) return ReadVectors(o.to, request->mutable_to());
  DenseSourceOptions options = o.ids;
  if (o.ids_from != "row") options.ids_file = o.ids_from;
  SAGITTA_ASSIGN_OR_RETURN(const auto column, OpenIdColumn(options));
  std::vector<PointId> ids;
  SAGITTA_RETURN_IF_ERROR(column->Next(static_cast<size_t>(request->from_size()), &ids));
  for (const PointId& id : ids) IdToWire(id, request->add_points());
  return Outcome::Ok();
}

Outcome TrainAdapter(Session& session, const AdapterOptions& o) {
  v1::TrainAdapterRequest request = o.request;
  if (o.seed) request.set_seed(*o.seed);
  if (!o.kind.empty()) {
    v1::AdapterKind kind = v1::ADAPTER_KIND_UNSPECIFIED;
    std::string name = o.kind;
    std::transform(name.begin(), name.end(), name.begin(), ::toupper);
    v1::AdapterKind_Parse("ADAPTER_KIND_" + name, &kind);
    request.set_kind(kind);
  }
  SAGITTA_CLI_RETURN_IF_FAILED(ReadPairs(o, &request));
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::TrainAdapterResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(connection->Call(
      connection->models(), &v1::ModelService::Stub::TrainAdapter, request, &response));
  return Report(session, *connection, request.name(), response, o.wait);
}

template <typename T, typename Set>
void AddNumber(CLI::App& app, const char* name, const char* what, Set set) {
  app.add_option_function<T>(
      name, [set](const T& value) { set(value); }, what);
}

void AddText(CLI::App& app, const char* name, const char* what, std::string* out) {
  app.add_option(name, *out, what);
}

}  // namespace

void AddTrainCommand(CLI::App& group, Commands& commands) {
  auto* app = group.add_subcommand("train", "Train a model in the background");
  auto o = std::make_shared<Options>();
  v1::TrainBinarizerRequest* r = &o->request;
  app->add_option("name", *r->mutable_name(), "Of the model; it gets the next version")->required();
  app->add_option("collection", *r->mutable_collection(), "Name or alias; its vectors are learned")
      ->required();
  AddText(*app, "--field", "Vector field, where there are several", r->mutable_field());
  AddNumber<uint32_t>(*app, "--bits", "Of each number of a code, 1–4 [2]",
                      [r](uint32_t v) { r->set_bits(v); });
  AddNumber<uint32_t>(*app, "--width", "Numbers of a code [dim]",
                      [r](uint32_t v) { r->set_width(v); });
  app->add_option("--hidden", o->hidden, "Of each block's MLP; 0 = affine blocks [512]");
  AddNumber<uint32_t>(*app, "--steps", "[600, of pairs 300]", [r](uint32_t v) { r->set_steps(v); });
  AddNumber<uint32_t>(*app, "--batch", "Rows a step [512]", [r](uint32_t v) { r->set_batch(v); });
  AddNumber<float>(*app, "--learning-rate", "[1e-4, of pairs 1e-3]",
                   [r](float v) { r->set_learning_rate(v); });
  AddNumber<float>(*app, "--held-out", "Share of the rows that measures [0.1]",
                   [r](float v) { r->set_held_out(v); });
  app->add_option("--seed", o->seed, "[1]");
  AddNumber<uint32_t>(*app, "--sample-rows", "Of the collection that are trained on [50,000]",
                      [r](uint32_t v) { r->set_sample_rows(v); });
  AddNumber<uint32_t>(*app, "--checkpoint-seconds", "What a crash costs at most [30]",
                      [r](uint32_t v) { r->set_checkpoint_seconds(v); });
  AddText(*app, "--queries", "Vector file: row i is a query for row i of --documents", &o->queries);
  AddText(*app, "--documents", "Vector file; with it the collection's own are not read",
          &o->documents);
  AddText(*app, "--old-queries", "--queries, as the old version's embedding model makes them",
          &o->old_queries);
  AddText(*app, "--old-documents", "--documents likewise", &o->old_documents);
  AddText(*app, "--compatible-with", "NAME@VERSION whose codes its queries are to search",
          r->mutable_compatible_with());
  app->add_flag("--wait", o->wait, "Return when it has ended, with a progress bar");
  commands.Bind(app, [o](Session& session) { return Train(session, *o); });
}

void AddTrainAdapterCommand(CLI::App& group, Commands& commands) {
  auto* app = group.add_subcommand(
      "train-adapter", "Train a map from another embedding model's vectors to a field's");
  auto o = std::make_shared<AdapterOptions>();
  v1::TrainAdapterRequest* r = &o->request;
  app->add_option("name", *r->mutable_name(), "Of the model; it gets the next version")->required();
  app->add_option("collection", *r->mutable_collection(), "Name or alias")->required();
  AddText(*app, "--field", "Vector field, where there are several", r->mutable_field());
  app->add_option("--from", o->from, "Vector file of the other model: row i embeds what point i is")
      ->required();
  auto* to = app->add_option("--to", o->to,
                             "Vector file of the field's model, row by row; instead of points");
  app->add_option("--ids-from", o->ids_from,
                  "Ids of the points: row (the row's number), or a file as of sagitta import")
      ->capture_default_str()
      ->excludes(to);
  app->add_option("--id-offset", o->ids.id_offset, "Added to row numbers")->excludes(to);
  app->add_option("--kind", o->kind, "centre, procrustes, ridge or mlp [ridge]")
      ->check(CLI::IsMember({"centre", "procrustes", "ridge", "mlp"}, CLI::ignore_case));
  AddNumber<float>(*app, "--ridge", "Weight of the map's squared length [found by held-out pairs]",
                   [r](float v) { r->set_ridge(v); });
  AddNumber<float>(*app, "--held-out", "Share of the pairs that measures [0.1]",
                   [r](float v) { r->set_held_out(v); });
  AddNumber<uint32_t>(*app, "--hidden", "mlp: hidden numbers [256]",
                      [r](uint32_t v) { r->set_hidden(v); });
  AddNumber<uint32_t>(*app, "--steps", "mlp: [200]", [r](uint32_t v) { r->set_steps(v); });
  AddNumber<uint32_t>(*app, "--batch", "mlp: pairs a step [512]",
                      [r](uint32_t v) { r->set_batch(v); });
  AddNumber<float>(*app, "--learning-rate", "mlp: [1e-3]",
                   [r](float v) { r->set_learning_rate(v); });
  app->add_option("--seed", o->seed, "[1]");
  app->add_flag("--wait", o->wait, "Return when it has ended, with a progress bar");
  commands.Bind(app, [o](Session& session) { return TrainAdapter(session, *o); });
}

}  // namespace sagitta::cli
