// sagitta models …: list, show, export, import, evaluate, delete. Training is models_train.cc's.

#include <memory>

#include "base/file.h"
#include "cli/models_train.h"
#include "cli/proto_json.h"
#include "cli/session.h"

namespace sagitta::cli {
namespace {

using Stub = v1::ModelService::Stub;
using Models = google::protobuf::RepeatedPtrField<v1::Model>;

struct Options {
  std::string model;
  std::string file;
  std::string collection;
  std::string field;
  bool yes = false;
};

std::string Found(const v1::ModelMetrics& before, const v1::ModelMetrics& after,
                  double (v1::ModelMetrics::*metric)() const) {
  return FormatFixed((before.*metric)(), 4) + " -> " + FormatFixed((after.*metric)(), 4);
}

bool IsAdapter(const v1::Model& m) { return m.kind() == v1::MODEL_KIND_ADAPTER; }

std::string Kind(const v1::Model& m) {
  return IsAdapter(m) ? EnumName(*v1::AdapterKind_descriptor(), m.adapter()) : "BINARIZER";
}

// What it makes of vectors.
std::string MadeOf(const v1::Model& m) {
  if (IsAdapter(m)) return "dim " + std::to_string(m.to_dim());
  return std::to_string(m.width()) + " x " + std::to_string(m.bits()) + " bit";
}

void PrintModels(Session& session, const Models& models) {
  Table table({{"MODEL"},
               {"KIND"},
               {"METRIC"},
               {"DIM", Table::Align::kRight},
               {"TO", Table::Align::kRight},
               {"SIZE", Table::Align::kRight},
               {"CREATED"},
               {"TRAINED FOR"},
               {"ROWS", Table::Align::kRight},
               {"CODED"},
               {"FLOAT QUERIES"},
               {"COMPATIBLE WITH"},
               {"MAPPED", Table::Align::kRight}});
  for (const auto& m : models) {
    table.AddRow({m.name() + "@" + std::to_string(m.version()), Kind(m),
                  EnumName(*v1::Metric_descriptor(), m.metric()), std::to_string(m.dim()),
                  MadeOf(m), FormatBytes(m.bytes()), FormatTime(m.created_ms()),
                  m.collection() + "." + m.field(), FormatCount(m.rows()),
                  IsAdapter(m) ? "" : Found(m.before(), m.after(), &v1::ModelMetrics::coded),
                  Found(m.before(), m.after(), &v1::ModelMetrics::float_query), m.compatible_with(),
                  IsAdapter(m) ? FormatCount(m.mapped()) : ""});
  }
  table.Print(session.out());
}

void PrintModel(Session& session, const v1::Model& model) {
  if (session.json()) return session.PrintJson(ProtoToJson(model));
  Models one;
  *one.Add() = model;
  PrintModels(session, one);
}

Outcome List(Session& session) {
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::ListModelsResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(connection->Call(connection->models(), &Stub::ListModels,
                                                v1::ListModelsRequest(), &response));
  if (session.json()) {
    session.PrintJson(ProtoToJson(response)["models"]);
  } else {
    PrintModels(session, response.models());
  }
  return Outcome::Ok();
}

Outcome Show(Session& session, const Options& o) {
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::GetModelRequest request;
  request.set_model(o.model);
  v1::GetModelResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(
      connection->Call(connection->models(), &Stub::GetModel, request, &response));
  PrintModel(session, response.model());
  return Outcome::Ok();
}

Outcome Export(Session& session, const Options& o) {
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::ExportModelRequest request;
  request.set_model(o.model);
  std::string bytes;
  uint64_t total = 0;
  do {
    request.set_offset(bytes.size());
    v1::ExportModelResponse response;
    SAGITTA_CLI_RETURN_IF_FAILED(
        connection->Call(connection->models(), &Stub::ExportModel, request, &response));
    total = response.total_bytes();
    if (response.data().empty() && bytes.size() < total) {
      return Outcome::Failure("the server sent no more than " + FormatBytes(bytes.size()));
    }
    bytes += response.data();
  } while (bytes.size() < total);
  return base::WriteFileAtomically(o.file, bytes);
}

Outcome Send(Connection& connection, const std::string& name, const std::string& bytes,
             v1::Model* model) {
  constexpr size_t kPart = 1 << 20;
  grpc::ClientContext context;
  connection.Prepare(&context, -1);
  const auto stream = connection.models().ImportModel(&context);
  v1::ImportModelRequest request;
  request.set_name(name);
  for (size_t at = 0; !request.last(); at += kPart) {
    request.set_data(bytes.substr(at, kPart));
    request.set_last(at + kPart >= bytes.size());
    v1::ImportModelResponse response;
    if (!stream->Write(request) || !stream->Read(&response)) break;  // Finish says why
    if (response.has_model()) *model = response.model();
  }
  stream->WritesDone();
  return connection.Explain(stream->Finish());
}

Outcome Import(Session& session, const Options& o) {
  SAGITTA_ASSIGN_OR_RETURN(const std::string bytes, base::ReadFile(o.file));
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::Model model;
  SAGITTA_CLI_RETURN_IF_FAILED(Send(*connection, o.model, bytes, &model));
  PrintModel(session, model);
  return Outcome::Ok();
}

Outcome Evaluate(Session& session, const Options& o) {
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::EvaluateModelRequest request;
  request.set_model(o.model);
  request.set_collection(o.collection);
  request.set_field(o.field);
  v1::EvaluateModelResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(
      connection->Call(connection->models(), &Stub::EvaluateModel, request, &response, -1));
  if (session.json()) {
    session.PrintJson(ProtoToJson(response));
    return Outcome::Ok();
  }
  session.out() << "recall@10 by codes, " << FormatCount(response.queries()) << " queries among "
                << FormatCount(response.documents()) << " vectors\n";
  Table table({{"CODE"}, {"CODED QUERIES"}, {"FLOAT QUERIES"}});
  const auto add = [&](const std::string& code, const v1::ModelMetrics& found) {
    table.AddRow({code, FormatFixed(found.coded(), 4), FormatFixed(found.float_query(), 4)});
  };
  add("untrained", response.untrained());
  add(o.model, response.model());
  table.Print(session.out());
  return Outcome::Ok();
}

Outcome Delete(Session& session, const Options& o) {
  SAGITTA_CLI_RETURN_IF_FAILED(session.Confirm("delete model " + o.model, o.yes));
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::DeleteModelRequest request;
  request.set_model(o.model);
  v1::DeleteModelResponse response;
  return connection->Call(connection->models(), &Stub::DeleteModel, request, &response);
}

}  // namespace

void AddModelCommands(CLI::App& app, Commands& commands) {
  auto* group =
      app.add_subcommand("models", "Trained codes, and adapters between embedding models");
  group->require_subcommand(1);
  auto o = std::make_shared<Options>();
  const auto add = [&](const char* name, const char* what, auto run) {
    auto* command = group->add_subcommand(name, what);
    commands.Bind(command, [o, run](Session& session) { return run(session, *o); });
    return command;
  };
  commands.Bind(group->add_subcommand("list", "All versions of all models"),
                [](Session& session) { return List(session); });
  add("show", "One version", Show)->add_option("model", o->model, "NAME@VERSION")->required();
  AddTrainCommand(*group, commands);
  AddTrainAdapterCommand(*group, commands);
  auto* out = add("export", "Write a version to a file", Export);
  out->add_option("model", o->model, "NAME@VERSION")->required();
  out->add_option("file", o->file, "To write")->required();
  auto* in = add("import", "Make a new version of a file that was exported", Import);
  in->add_option("name", o->model, "Of the model")->required();
  in->add_option("file", o->file, "To read")->required();
  auto* evaluate = add("evaluate", "What it finds, beside the untrained code", Evaluate);
  evaluate->add_option("model", o->model, "NAME@VERSION")->required();
  evaluate->add_option("collection", o->collection, "Name or alias")->required();
  evaluate->add_option("--field", o->field, "Vector field, where there are several");
  auto* drop = add("delete", "Delete a version that no collection names", Delete);
  drop->add_option("model", o->model, "NAME@VERSION")->required();
  drop->add_flag("--yes,-y", o->yes, "Do not ask");
}

}  // namespace sagitta::cli
