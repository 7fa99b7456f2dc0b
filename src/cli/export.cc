// sagitta export: a collection's points into a file, with resume.

#include <memory>

#include "base/file.h"
#include "cli/export_writer.h"
#include "cli/hex.h"
#include "cli/json_text.h"
#include "cli/read_options.h"
#include "cli/session.h"
#include "cli/vector_reader.h"

namespace sagitta::cli {
namespace {

struct Options {
  std::string output;
  std::string collection;
  std::string format;
  std::string field;
  std::string filter;
  uint32_t page = 1000;
  bool no_vectors = false;
  bool no_payload = false;
  bool resume = false;

  std::string mark_path() const { return output + ".resume"; }
};

Outcome FindField(const Options& o, Connection& connection, v1::VectorField* field) {
  v1::GetCollectionRequest request;
  request.set_name(o.collection);
  v1::GetCollectionResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(connection.Call(
      connection.collections(), &v1::CollectionService::Stub::GetCollection, request, &response));
  for (const auto& candidate : response.schema().fields()) {
    if (candidate.name() == o.field || (o.field.empty() && response.schema().fields_size() == 1)) {
      *field = candidate;
      return Outcome::Ok();
    }
  }
  if (o.format != "npy" && o.field.empty()) return Outcome::Ok();
  return Outcome::Usage("--field: " + o.collection +
                        (o.field.empty() ? " has several vector fields; name one"
                                         : " has no vector field " + o.field));
}

Outcome OpenWriter(const Options& o, const v1::VectorField& field, bool keep,
                   std::unique_ptr<ExportWriter>* out) {
  if (o.format == "npy") {
    SAGITTA_ASSIGN_OR_RETURN(
        *out, OpenNpyWriter(o.output, keep, field.name(), field.dim(), field.storage()));
  } else {
    SAGITTA_ASSIGN_OR_RETURN(*out, OpenJsonlWriter(o.output, keep));
  }
  return Outcome::Ok();
}

// The mark of an earlier export of the same collection, filter and form.
Outcome LoadMark(const Options& o, nlohmann::json* mark) {
  const auto text = base::ReadFile(o.mark_path());
  if (!text.ok()) return Status::NotFound(o.mark_path() + ": nothing to resume");
  SAGITTA_ASSIGN_OR_RETURN(*mark, ParseJson(*text, o.mark_path()));
  if (!mark->is_object() || mark->value("collection", "") != o.collection ||
      mark->value("filter", "") != o.filter || mark->value("format", "") != o.format ||
      !mark->contains("writer") || !FromHex(mark->value("cursor", "x"))) {
    return Status::InvalidArgument("", o.mark_path() + ": is of another export");
  }
  return Outcome::Ok();
}

Status SaveMark(const Options& o, const std::string& cursor, ExportWriter& writer) {
  nlohmann::json mark = {{"collection", o.collection},
                         {"filter", o.filter},
                         {"format", o.format},
                         {"cursor", ToHex(cursor)}};
  SAGITTA_RETURN_IF_ERROR(writer.Flush(&mark["writer"]));
  return base::WriteFileAtomically(o.mark_path(), DumpJson(mark, 2) + "\n");
}

Outcome CountPoints(const v1::ScrollRequest& scroll, Connection& connection, uint64_t* total) {
  v1::CountRequest request;
  request.set_collection(scroll.collection());
  if (scroll.has_filter()) *request.mutable_filter() = scroll.filter();
  v1::CountResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(
      connection.Call(connection.points(), &v1::PointService::Stub::Count, request, &response));
  *total = response.count();
  return Outcome::Ok();
}

Outcome CopyPages(const Options& o, Session& session, Connection& connection,
                  v1::ScrollRequest request, ExportWriter& writer) {
  uint64_t total = 0;
  SAGITTA_CLI_RETURN_IF_FAILED(CountPoints(request, connection, &total));
  Progress progress = session.NewProgress("export", "points", total);
  progress.Update(writer.points());
  auto last_mark = std::chrono::steady_clock::now();
  for (;;) {
    v1::ScrollResponse response;
    SAGITTA_CLI_RETURN_IF_FAILED(
        connection.Call(connection.points(), &v1::PointService::Stub::Scroll, request, &response));
    for (const auto& point : response.points()) SAGITTA_RETURN_IF_ERROR(writer.Write(point));
    progress.Update(writer.points());
    request.set_cursor(response.next_cursor());
    if (request.cursor().empty()) break;
    const auto now = std::chrono::steady_clock::now();
    if (o.output != "-" && now - last_mark > std::chrono::seconds(1)) {
      SAGITTA_RETURN_IF_ERROR(SaveMark(o, request.cursor(), writer));
      last_mark = now;
    }
  }
  SAGITTA_RETURN_IF_ERROR(writer.Finish());
  progress.Finish();
  return Outcome::Ok();
}

Outcome RunExport(Options o, Session& session) {
  if (o.format.empty()) o.format = FileExtension(o.output) == "npy" ? "npy" : "jsonl";
  const bool to_stdout = o.output == "-";
  if (to_stdout && (o.format == "npy" || o.resume)) {
    return Outcome::Usage("standard output takes jsonl only, and cannot be resumed");
  }
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::VectorField field;
  SAGITTA_CLI_RETURN_IF_FAILED(FindField(o, *connection, &field));
  v1::ScrollRequest request;
  request.set_collection(o.collection);
  request.set_limit(o.page);
  if (!o.filter.empty()) {
    SAGITTA_CLI_RETURN_IF_FAILED(ParseFilterOption(o.filter, request.mutable_filter()));
  }
  request.mutable_select()->set_vectors(o.format == "npy" || !o.no_vectors);
  if (!o.field.empty() || o.format == "npy") {
    request.mutable_select()->add_vector_fields(field.name());
  }
  request.mutable_select()->set_payload(o.format != "npy" && !o.no_payload);
  nlohmann::json mark;
  if (o.resume) SAGITTA_CLI_RETURN_IF_FAILED(LoadMark(o, &mark));
  std::unique_ptr<ExportWriter> writer;
  SAGITTA_CLI_RETURN_IF_FAILED(OpenWriter(o, field, o.resume, &writer));
  if (o.resume) {
    request.set_cursor(*FromHex(mark["cursor"].get<std::string>()));
    SAGITTA_RETURN_IF_ERROR(writer->Reopen(mark["writer"]));
  }
  SAGITTA_CLI_RETURN_IF_FAILED(CopyPages(o, session, *connection, request, *writer));
  if (!to_stdout) SAGITTA_RETURN_IF_ERROR(base::RemoveFile(o.mark_path()));
  session.err() << FormatCount(writer->points()) << " points exported\n";
  return Outcome::Ok();
}

}  // namespace

void AddExportCommand(CLI::App& app, Commands& commands) {
  auto* sub = app.add_subcommand("export", "Write a collection's points into a file");
  auto o = std::make_shared<Options>();
  sub->add_option("output", o->output, "File to write; - is standard output")->required();
  sub->add_option("--collection,-c", o->collection, "Name or alias")->required();
  sub->add_option("--format", o->format, "jsonl, or npy: one field's vectors, and <output>.ids")
      ->check(CLI::IsMember({"jsonl", "npy"}));
  sub->add_option("--field", o->field,
                  "Only this vector field; npy needs it where there are several");
  sub->add_option("--filter", o->filter, "Only points that match: JSON, or @FILE");
  sub->add_option("--page", o->page, "Points a request")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  sub->add_flag("--no-vectors", o->no_vectors, "jsonl: ids and payloads only");
  sub->add_flag("--no-payload", o->no_payload, "jsonl: no payloads");
  sub->add_flag("--resume", o->resume, "Go on after <output>.resume, which a broken export leaves");
  commands.Bind(sub, [o](Session& session) { return RunExport(*o, session); });
}

}  // namespace sagitta::cli
