// sagitta import: vector files and JSON lines into a collection, with resume.

#include <memory>

#include "base/file.h"
#include "cli/import_state.h"
#include "cli/point_source.h"
#include "cli/session.h"
#include "cli/uploader.h"

namespace sagitta::cli {
namespace {

struct Options {
  std::string input;
  std::string collection;
  std::string format;
  std::string ids_from = "row";
  DenseSourceOptions dense;
  UploadOptions upload;
  uint64_t skip = 0;
  std::optional<uint64_t> limit;
  bool resume = false;
  std::string state_file;
};

// The collection's field that vectors without a name go to.
Outcome ResolveField(const Options& o, Connection& connection, v1::VectorField* field) {
  v1::GetCollectionRequest request;
  request.set_name(o.collection);
  v1::GetCollectionResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(connection.Call(
      connection.collections(), &v1::CollectionService::Stub::GetCollection, request, &response));
  std::string names;
  for (const auto& candidate : response.schema().fields()) {
    if (candidate.name() == o.dense.field ||
        (o.dense.field.empty() && response.schema().fields_size() == 1)) {
      *field = candidate;
      return Outcome::Ok();
    }
    names += (names.empty() ? "" : ", ") + candidate.name();
  }
  if (o.dense.field.empty() && o.format == "jsonl") return Outcome::Ok();
  return Outcome::Usage("--field: " + o.collection + " has the vector fields " + names +
                        (o.dense.field.empty() ? "; name one" : ", not " + o.dense.field));
}

Outcome OpenSource(const Options& o, const v1::VectorField& field,
                   std::unique_ptr<PointSource>* out) {
  if (o.format == "jsonl") {
    SAGITTA_ASSIGN_OR_RETURN(*out, OpenJsonlSource(o.input, field.name(), o.dense.adapter));
    return Outcome::Ok();
  }
  SAGITTA_ASSIGN_OR_RETURN(auto reader, OpenVectorFile(o.input, o.format));
  const VectorFileInfo& info = reader->info();
  const bool packed = field.storage() == v1::DTYPE_BITS && info.element == Element::kU8 &&
                      info.dim == VectorBytes(Dtype::kBits, field.dim());
  // What an adapter takes the server knows.
  if (o.dense.adapter.empty() && info.dim != field.dim() && !packed) {
    return Status::InvalidArgument(
        "", o.input + ": rows have " + std::to_string(info.dim) + " elements, field " +
                field.name() + " has dim " + std::to_string(field.dim()) +
                (field.storage() == v1::DTYPE_BITS ? "; packed bits are u8" : ""));
  }
  DenseSourceOptions dense = o.dense;
  dense.field = field.name();
  if (o.ids_from != "row") dense.ids_file = o.ids_from;
  SAGITTA_ASSIGN_OR_RETURN(*out, OpenDenseSource(std::move(reader), dense));
  return Outcome::Ok();
}

// True when the point of row `row` is in the collection: a state file outlives a collection that
// was dropped and made again.
Outcome RowIsThere(const Options& o, Connection& connection, PointSource& source, uint64_t row,
                   bool* there) {
  SAGITTA_RETURN_IF_ERROR(source.Seek(row));
  v1::UpsertRequest sample;
  size_t rows = 0;
  SAGITTA_RETURN_IF_ERROR(source.Next(1, &sample, &rows));
  *there = false;
  if (rows == 0) return Outcome::Ok();
  v1::GetRequest request;
  request.set_collection(o.collection);
  if (sample.has_columns()) {
    request.add_ids()->set_u64(sample.columns().ids(0));
  } else {
    *request.add_ids() = sample.points(0).point().id();
  }
  v1::GetResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(
      connection.Call(connection.points(), &v1::PointService::Stub::Get, request, &response));
  *there = response.points_size() == 1;
  return Outcome::Ok();
}

Outcome FindStart(const Options& o, Session& session, Connection& connection, PointSource& source,
                  const ImportState& state, const std::string& state_path, uint64_t* start) {
  *start = o.skip;
  if (!o.resume) return Outcome::Ok();
  const auto saved = state.LoadRows(state_path);
  if (!saved || *saved <= o.skip) {
    session.err() << "note: nothing to resume, starting at row " << o.skip << "\n";
    return Outcome::Ok();
  }
  bool there = false;
  const Outcome checked = RowIsThere(o, connection, source, *saved - 1, &there);
  if (!checked.ok()) return checked;
  if (there) {
    *start = *saved;
    session.err() << "resuming at row " << *saved << "\n";
  } else {
    session.err() << "note: row " << *saved - 1 << " of the earlier import is not in "
                  << o.collection << "; starting at row " << o.skip << "\n";
  }
  return Outcome::Ok();
}

void PrintSummary(Session& session, const Uploader::State& state, const LatencyHistogram& acks) {
  const double rate = state.seconds > 0 ? static_cast<double>(state.rows) / state.seconds : 0;
  const double p50 = Milliseconds(acks.Percentile(0.5)), p99 = Milliseconds(acks.Percentile(0.99));
  if (session.json()) {
    return session.PrintJson({{"points", state.rows},
                              {"seconds", state.seconds},
                              {"points_per_second", rate},
                              {"batch_ack_ms", {{"p50", p50}, {"p99", p99}}},
                              {"batches_resent", state.resent},
                              {"seq", state.last_seq}});
  }
  Table table({{"POINTS", Table::Align::kRight},
               {"TIME", Table::Align::kRight},
               {"POINTS/S", Table::Align::kRight},
               {"BATCH ACK P50", Table::Align::kRight},
               {"BATCH ACK P99", Table::Align::kRight},
               {"RESENT", Table::Align::kRight},
               {"SEQ", Table::Align::kRight}});
  table.AddRow({FormatCount(state.rows), FormatSeconds(state.seconds),
                FormatCount(static_cast<uint64_t>(rate)), FormatFixed(p50, 1) + " ms",
                FormatFixed(p99, 1) + " ms", std::to_string(state.resent),
                std::to_string(state.last_seq)});
  table.Print(session.out());
}

// Uploads from `start`, saving the state every second.
Outcome Upload(const Options& o, Session& session, Connection& connection, PointSource& source,
               uint64_t start, ImportState state, const std::string& state_path) {
  UploadOptions upload = o.upload;
  upload.collection = o.collection;
  upload.first_row = start;
  std::optional<uint64_t> end = source.rows();
  if (o.limit) {
    const uint64_t limited = o.skip + *o.limit;
    end = end ? std::min(*end, limited) : limited;
    upload.max_rows = limited > start ? limited - start : 0;
  }
  Uploader uploader(connection, source, upload);
  Progress progress = session.NewProgress("import", "points", end);
  auto last_save = std::chrono::steady_clock::now();
  bool can_save = !state_path.empty();
  auto save = [&](uint64_t rows) {
    state.rows = rows;
    const Status status = state.Save(state_path);
    if (!status.ok()) {
      can_save = false;
      session.err() << "note: --resume will not work: " << status.message() << "\n";
    }
  };
  const Outcome outcome = uploader.Run([&](const Uploader::State& now) {
    progress.Update(start + now.rows, now.fraction);
    if (!can_save || std::chrono::steady_clock::now() - last_save < std::chrono::seconds(1)) return;
    last_save = std::chrono::steady_clock::now();
    save(now.prefix);
  });
  const auto final_state = uploader.state();
  if (!outcome.ok()) {
    if (can_save) save(final_state.prefix);
    session.err() << "\n"
                  << FormatCount(final_state.rows) << " points were written"
                  << (can_save ? "; --resume goes on there\n" : "\n");
    return outcome;
  }
  progress.Finish();
  if (!state_path.empty()) (void)base::RemoveFile(state_path).ok();
  PrintSummary(session, final_state, uploader.acks());
  return Outcome::Ok();
}

Outcome RunImport(Options o, Session& session) {
  if (o.format.empty()) {
    const std::string extension = FileExtension(o.input);
    if (extension == "jsonl" || extension == "ndjson" || extension == "json" || o.input == "-") {
      o.format = "jsonl";
    }
  }
  const bool from_stdin = o.input == "-";
  if (from_stdin && (o.format != "jsonl" || o.resume)) {
    return Outcome::Usage("standard input must be jsonl, and cannot be resumed");
  }
  ImportState state;
  if (!from_stdin) {
    SAGITTA_ASSIGN_OR_RETURN(state, ImportState::Of(o.input));
  }
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::VectorField field;
  SAGITTA_CLI_RETURN_IF_FAILED(ResolveField(o, *connection, &field));
  std::unique_ptr<PointSource> source;
  SAGITTA_CLI_RETURN_IF_FAILED(OpenSource(o, field, &source));
  state.address = session.address();
  state.collection = o.collection;
  state.field = field.name();
  const std::string state_path = from_stdin             ? ""
                                 : o.state_file.empty() ? state.DefaultPath()
                                                        : o.state_file;
  uint64_t start = 0;
  SAGITTA_CLI_RETURN_IF_FAILED(
      FindStart(o, session, *connection, *source, state, state_path, &start));
  SAGITTA_RETURN_IF_ERROR(source->Seek(start));
  return Upload(o, session, *connection, *source, start, state, state_path);
}

}  // namespace

void AddImportCommand(CLI::App& app, Commands& commands) {
  auto* sub = app.add_subcommand("import", "Load a vector file or JSON lines into a collection");
  auto o = std::make_shared<Options>();
  sub->add_option("input", o->input,
                  "npy, fvecs, ivecs, bvecs, idx or jsonl file, also .gz; - is jsonl from stdin")
      ->required();
  sub->add_option("--collection,-c", o->collection, "Name or alias")->required();
  sub->add_option("--format", o->format, "When neither name nor content says it")
      ->check(CLI::IsMember({"npy", "fvecs", "ivecs", "bvecs", "idx", "jsonl"}));
  sub->add_option("--field", o->dense.field, "Vector field; not needed where there is one");
  sub->add_option("--adapter", o->dense.adapter,
                  "NAME@VERSION; the field's vectors are of the embedding model it maps from");
  sub->add_option("--ids-from", o->ids_from,
                  "row (the row's number), or a file: one id a line, or npy/idx/ivecs of integers")
      ->capture_default_str();
  sub->add_option("--id-offset", o->dense.id_offset, "Added to row numbers");
  sub->add_option("--label-file,--payload-idx", o->dense.label_file,
                  "idx1 or npy file of one integer a row, kept as payload");
  sub->add_option("--label-key", o->dense.label_key, "Payload key of the labels")
      ->capture_default_str();
  sub->add_option("--payload-file", o->dense.payload_file, "JSON lines: one payload a row");
  sub->add_option("--batch", o->upload.batch, "Points a request")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  sub->add_option("--streams", o->upload.streams, "Streams side by side")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  sub->add_option("--window", o->upload.window, "Batches in flight on a stream")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  sub->add_option("--skip", o->skip, "Rows passed over at the start");
  sub->add_option("--limit", o->limit, "Rows read at most");
  sub->add_flag("--no-sync", o->upload.no_sync, "Acknowledge before fsync");
  sub->add_option("--retry-seconds", o->upload.retry_seconds,
                  "How long to try again while the server refuses or is away")
      ->capture_default_str();
  sub->add_flag("--resume", o->resume, "Go on where an earlier run of the same import stopped");
  sub->add_option("--state", o->state_file,
                  "State file of --resume [$XDG_STATE_HOME/sagitta/import-<hash>.json]");
  commands.Bind(sub, [o](Session& session) { return RunImport(*o, session); });
}

}  // namespace sagitta::cli
