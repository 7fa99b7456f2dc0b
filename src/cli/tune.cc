// sagitta tune: which index and codec a field is best stored by, measured on its own rows.
#include <charconv>
#include <fstream>
#include <memory>

#include "cli/proto_json.h"
#include "cli/session.h"
#include "cli/tune_plot.h"
#include "cli/vector_reader.h"
#include "cli/wire_json.h"

namespace sagitta::cli {
namespace {

constexpr size_t kPlotWidth = 64, kPlotHeight = 16;

struct Options {
  std::string collection, field, budget, queries_file, svg_file;
  double target = 0;
  uint32_t k = 0, sample = 0, queries = 0;
  uint64_t seed = 0;
  bool apply = false, yes = false;
};

// "512MiB", "2GB", "1000000" or "25%" (of f32 vectors).
Result<uint64_t> ParseBudget(const std::string& text, uint64_t f32_bytes) {
  double number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit(end.ptr, text.data() + text.size());
  for (char& c : unit) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const std::pair<const char*, double> units[] = {{"", 1},
                                                  {"B", 1},
                                                  {"KB", 1e3},
                                                  {"MB", 1e6},
                                                  {"GB", 1e9},
                                                  {"KIB", 1024.0},
                                                  {"K", 1024.0},
                                                  {"MIB", 1048576.0},
                                                  {"M", 1048576.0},
                                                  {"GIB", 1073741824.0},
                                                  {"G", 1073741824.0},
                                                  {"%", static_cast<double>(f32_bytes) / 100}};
  for (const auto& [name, factor] : units) {
    const double bytes = number * factor;
    if (end.ec == std::errc() && unit == name && bytes >= 1 && bytes < 1e18) {
      return static_cast<uint64_t>(bytes);
    }
  }
  return Status::InvalidArgument("budget", "'" + text +
                                               "' is no number of bytes above 0, as 500000, 64MiB "
                                               "or 25% (of f32 vectors)");
}

const v1::VectorField* FindField(const v1::CollectionSchema& schema, const std::string& name) {
  for (const auto& field : schema.fields()) {
    if (name.empty() ? schema.fields_size() == 1 : field.name() == name) return &field;
  }
  return nullptr;
}

Status ReadQueries(const std::string& path, v1::RecommendStorageRequest* request) {
  SAGITTA_ASSIGN_OR_RETURN(auto reader, OpenVectorFile(path));
  constexpr size_t kMostQueries = 10'000, kBlock = 1'000;
  while (true) {
    VectorBlock block;
    SAGITTA_RETURN_IF_ERROR(reader->Read(kBlock, &block));
    if (block.rows == 0) return Status::Ok();
    if (request->queries_size() + block.rows > kMostQueries) {
      return Status::InvalidArgument("queries-file", "has more than 10,000 rows");
    }
    for (size_t i = 0; i < block.rows; ++i) VectorToWire(block.Row(i), request->add_queries());
  }
}

Outcome Build(const Options& o, Connection& connection, v1::CollectionSchema* schema,
              v1::RecommendStorageRequest* request) {
  v1::GetCollectionRequest get;
  get.set_name(o.collection);
  v1::GetCollectionResponse got;
  SAGITTA_CLI_RETURN_IF_FAILED(connection.Call(
      connection.collections(), &v1::CollectionService::Stub::GetCollection, get, &got));
  *schema = got.schema();
  const v1::VectorField* field = FindField(*schema, o.field);
  if (field == nullptr) {
    return Outcome::Usage(o.field.empty()
                              ? o.collection + " has several vector fields: give --field"
                              : o.collection + " has no vector field " + o.field);
  }
  request->set_collection(o.collection);
  request->set_field(field->name());
  request->set_target_recall(o.target);
  request->set_k(o.k);
  request->set_sample_rows(o.sample);
  request->set_sample_queries(o.queries);
  request->set_seed(o.seed);
  if (!o.budget.empty()) {
    v1::GetStatsRequest stats;
    stats.set_collection(o.collection);
    v1::GetStatsResponse counted;
    SAGITTA_CLI_RETURN_IF_FAILED(
        connection.Call(connection.admin(), &v1::AdminService::Stub::GetStats, stats, &counted));
    const uint64_t points = counted.collections(0).points();
    if (points == 0) return Outcome::Failure(o.collection + " has no points to measure on");
    auto budget = ParseBudget(o.budget, points * field->dim() * sizeof(float));
    if (!budget.ok()) return Outcome::Usage(budget.status());
    request->set_budget_bytes(*budget);
  }
  if (o.queries_file.empty()) return Outcome::Ok();
  const Status read = ReadQueries(o.queries_file, request);
  return read.ok() ? Outcome::Ok() : Outcome(read);
}

Outcome Ask(Session& session, Connection& connection, const v1::RecommendStorageRequest& request,
            v1::StorageReport* report) {
  grpc::ClientContext context;
  connection.Prepare(&context, -1);  // as long as it takes
  auto reader = connection.admin().RecommendStorage(&context, request);
  Progress progress = session.NewProgress("measuring " + request.field(), "", std::nullopt);
  v1::RecommendStorageResponse response;
  bool done = false;
  while (reader->Read(&response)) {
    done = response.has_report();
    progress.Update(0, response.progress());
  }
  SAGITTA_CLI_RETURN_IF_FAILED(connection.Explain(reader->Finish()));
  if (!done) return Outcome::Failure("the server ended the call before it was done");
  progress.Finish();
  *report = response.report();
  return Outcome::Ok();
}

void PrintTable(Session& session, const v1::StorageReport& report) {
  Table table({{"", Table::Align::kRight},
               {"STORED AS"},
               {"MEM B/ROW", Table::Align::kRight},
               {"DISK B/ROW", Table::Align::kRight},
               {"RAW RECALL", Table::Align::kRight},
               {"RECALL", Table::Align::kRight},
               {"US/QUERY", Table::Align::kRight},
               {"BUILD", Table::Align::kRight},
               {"MEASURED ON", Table::Align::kRight},
               {"FITS"},
               {"PARETO"}});
  int number = 0;
  for (const auto& option : report.options()) {
    table.AddRow({std::to_string(number++), option.name(), FormatFixed(option.memory_bytes(), 0),
                  FormatFixed(option.disk_bytes(), 0), FormatFixed(option.raw_recall(), 4),
                  FormatFixed(option.recall(), 4), FormatFixed(option.query_micros(), 0),
                  FormatSeconds(option.build_seconds()), FormatCount(option.rows()),
                  option.in_budget() && option.reaches_target() ? "yes" : "no",
                  option.pareto() ? "yes" : ""});
  }
  table.Print(session.out());
  session.out() << "\n"
                << TextPlot(report, kPlotWidth, kPlotHeight) << "\n"
                << EscapeControls(report.explanation()) << "\n";
}

// The chosen index, and what is needed to go back.
Outcome Apply(Session& session, Connection& connection, const Options& o,
              const v1::CollectionSchema& schema, const std::string& field,
              const v1::StorageOption& option) {
  SAGITTA_CLI_RETURN_IF_FAILED(
      session.Confirm("store " + field + " of " + o.collection + " as " + option.name(), o.yes));
  v1::UpdateCollectionRequest request;
  request.set_name(o.collection);
  auto* change = request.add_fields();
  change->set_name(field);
  *change->mutable_index() = option.index();
  v1::UpdateCollectionResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(connection.Call(connection.collections(),
                                               &v1::CollectionService::Stub::UpdateCollection,
                                               request, &response));
  if (session.json()) return Outcome::Ok();
  session.out()
      << "applied: segments are rebuilt one by one while searches go on; see sagitta jobs, "
         "sagitta compact wait "
      << o.collection
      << "\nbefore it was: " << ProtoToJson(FindField(schema, field)->index()).dump() << "\n";
  return Outcome::Ok();
}

Outcome Tune(Session& session, const Options& o) {
  if (o.apply) SAGITTA_CLI_RETURN_IF_FAILED(session.CheckConfirm("--apply", o.yes));
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::CollectionSchema schema;
  v1::RecommendStorageRequest request;
  SAGITTA_CLI_RETURN_IF_FAILED(Build(o, *connection, &schema, &request));
  v1::StorageReport report;
  SAGITTA_CLI_RETURN_IF_FAILED(Ask(session, *connection, request, &report));
  if (session.json()) {
    session.PrintJson(ProtoToJson(report));
  } else {
    PrintTable(session, report);
  }
  if (!o.svg_file.empty()) {
    std::ofstream file(o.svg_file, std::ios::binary);
    file << SvgPlot(report);
    file.close();
    if (!file) return Outcome::Failure("cannot write " + o.svg_file);
  }
  if (!report.found()) return Outcome::Failure("nothing that was measured is what was asked for");
  if (!o.apply) return Outcome::Ok();
  return Apply(session, *connection, o, schema, request.field(), report.options(0));
}

}  // namespace

void AddTuneCommand(CLI::App& app, Commands& commands) {
  auto* sub = app.add_subcommand(
      "tune",
      "Measure how a vector field is best stored: memory, recall and time by index and codec");
  auto o = std::make_shared<Options>();
  sub->add_option("collection", o->collection, "Name or alias")->required();
  sub->add_option("--field", o->field, "The vector field; the only one when not given");
  sub->add_option(
      "--budget", o->budget,
      "Memory for codes, links and vectors in memory, of all rows: bytes, 64MiB, or 25%\n"
      "of f32 vectors; what the server's memory limit leaves when neither is given");
  sub->add_option("--target-recall", o->target, "recall@k to reach, 0–1");
  sub->add_option("-k", o->k, "Nearest neighbours that count, 1–1,000 [10]");
  sub->add_option("--sample", o->sample, "Rows to measure on, 1,000–1,000,000 [20,000]");
  sub->add_option("--queries", o->queries, "Rows held out to ask for, 10–10,000 [200]");
  sub->add_option("--queries-file", o->queries_file,
                  "Queries to ask instead: .npy, .fvecs, .bvecs, idx");
  sub->add_option("--seed", o->seed, "Of the sample [1]");
  sub->add_option("--svg", o->svg_file, "Write the plot to this file");
  sub->add_flag("--apply", o->apply, "Change the field's index to what is recommended");
  sub->add_flag("--yes", o->yes, "Apply without asking");
  commands.Bind(sub, [o](Session& session) { return Tune(session, *o); });
}

}  // namespace sagitta::cli
