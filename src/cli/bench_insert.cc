#include "cli/bench_insert.h"

#include <algorithm>
#include <memory>

#include "cli/point_source.h"
#include "cli/uploader.h"

namespace sagitta::cli {
namespace {

constexpr uint64_t kMaxBytes = uint64_t{4} << 30;

struct Options {
  std::string vectors;
  std::string field;
  uint64_t max_vectors = 100'000;
  std::optional<uint64_t> points;
  std::optional<double> seconds;
  uint64_t id_offset = 0;
  UploadOptions upload;
};

class RepeatingReader : public VectorReader {
 public:
  RepeatingReader(VectorBlock block, uint64_t rows) : block_(std::move(block)) {
    info_ = {"memory", "block", block_.element, block_.dim, rows};
  }
  const VectorFileInfo& info() const override { return info_; }
  Status Seek(uint64_t row) override {
    next_ = row;
    return Status::Ok();
  }
  Status Read(size_t max_rows, VectorBlock* out) override {
    out->element = block_.element;
    out->dim = block_.dim;
    out->rows = std::min<uint64_t>(max_rows, *info_.rows - next_);
    out->bytes.clear();
    const size_t width = block_.bytes.size() / block_.rows;
    for (size_t i = 0; i < out->rows;) {
      const size_t from = (next_ + i) % block_.rows;
      const size_t run = std::min(out->rows - i, block_.rows - from);
      out->bytes.append(block_.bytes, from * width, run * width);
      i += run;
    }
    next_ += out->rows;
    return Status::Ok();
  }

 private:
  VectorBlock block_;
  VectorFileInfo info_;
  uint64_t next_ = 0;
};

void PrintReport(Session& session, const Options& o, const Uploader::State& state,
                 const LatencyHistogram& acks) {
  const double rate = state.seconds > 0 ? static_cast<double>(state.rows) / state.seconds : 0;
  auto ms = [&](double p) { return Milliseconds(acks.Percentile(p)); };
  if (session.json()) {
    return session.PrintJson({{"points", state.rows},
                              {"seconds", state.seconds},
                              {"points_per_second", rate},
                              {"durable", !o.upload.no_sync},
                              {"batch", o.upload.batch},
                              {"streams", o.upload.streams},
                              {"batch_ack_ms",
                               {{"p50", ms(0.5)},
                                {"p90", ms(0.9)},
                                {"p99", ms(0.99)},
                                {"max", Milliseconds(acks.Max())}}},
                              {"batches_resent", state.resent}});
  }
  Table table({{"MEASURE"}, {"VALUE", Table::Align::kRight}});
  table.AddRow({"points", FormatCount(state.rows)});
  table.AddRow({"durability", o.upload.no_sync ? "os" : "fsync"});
  table.AddRow({"batch × streams × window", std::to_string(o.upload.batch) + " × " +
                                                std::to_string(o.upload.streams) + " × " +
                                                std::to_string(o.upload.window)});
  table.AddRow({"time", FormatSeconds(state.seconds)});
  table.AddRow({"points/s", FormatCount(static_cast<uint64_t>(rate))});
  table.AddRow({"batch ack p50", FormatFixed(ms(0.5), 2) + " ms"});
  table.AddRow({"batch ack p90", FormatFixed(ms(0.9), 2) + " ms"});
  table.AddRow({"batch ack p99", FormatFixed(ms(0.99), 2) + " ms"});
  table.AddRow({"batch ack max", FormatFixed(Milliseconds(acks.Max()), 2) + " ms"});
  table.Print(session.out());
}

Outcome RunInsert(const Options& o, Session& session) {
  // Held in memory, so that neither the disk nor gunzip is what is measured.
  SAGITTA_ASSIGN_OR_RETURN(VectorBlock block, ReadVectorFile(o.vectors, o.max_vectors, kMaxBytes));
  if (block.rows == 0) return Status::InvalidArgument("", o.vectors + ": has no rows");
  const uint64_t points = o.points.value_or(o.seconds ? uint64_t{1} << 40 : block.rows);
  DenseSourceOptions dense;
  dense.field = o.field;
  dense.id_offset = o.id_offset;
  SAGITTA_ASSIGN_OR_RETURN(auto source,
                           OpenDenseSource(RepeatBlock(std::move(block), points), dense));
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::GetCollectionRequest get;  // a wrong name or address is found at once
  get.set_name(o.upload.collection);
  v1::GetCollectionResponse schema;
  SAGITTA_CLI_RETURN_IF_FAILED(connection->Call(
      connection->collections(), &v1::CollectionService::Stub::GetCollection, get, &schema));
  UploadOptions upload = o.upload;
  upload.max_seconds = o.seconds;
  Uploader uploader(*connection, *source, upload);
  std::optional<uint64_t> total;
  if (!o.seconds) total = points;
  Progress progress = session.NewProgress("insert", "points", total);
  SAGITTA_CLI_RETURN_IF_FAILED(
      uploader.Run([&](const Uploader::State& state) { progress.Update(state.rows); }));
  progress.Finish();
  PrintReport(session, o, uploader.state(), uploader.acks());
  return Outcome::Ok();
}

}  // namespace

std::unique_ptr<VectorReader> RepeatBlock(VectorBlock block, uint64_t rows) {
  return std::make_unique<RepeatingReader>(std::move(block), rows);
}

void AddBenchInsert(CLI::App& group, Commands& commands) {
  auto* sub = group.add_subcommand("insert", "Durable points/s with the vectors of a file");
  auto o = std::make_shared<Options>();
  sub->add_option("collection", o->upload.collection, "Name or alias")->required();
  sub->add_option("--vectors", o->vectors, "File of vectors; they repeat, under new ids")
      ->required();
  sub->add_option("--max-vectors", o->max_vectors, "Rows of it that are held in memory")
      ->check(CLI::Range(uint64_t{1}, uint64_t{100'000'000}))
      ->capture_default_str();
  sub->add_option("--field", o->field, "Vector field; not needed where there is one");
  auto* points = sub->add_option("--points", o->points, "Points to write [the file's rows]")
                     ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 40));
  sub->add_option("--seconds", o->seconds, "Write so long")
      ->check(CLI::Range(0.1, 1e6))
      ->excludes(points);
  sub->add_option("--id-offset", o->id_offset, "The first point's id");
  sub->add_option("--batch", o->upload.batch, "Points a request")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  sub->add_option("--streams", o->upload.streams, "Streams side by side")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  sub->add_option("--window", o->upload.window, "Batches in flight on a stream")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  sub->add_flag("--no-sync", o->upload.no_sync, "Acknowledge before fsync");
  commands.Bind(sub, [o](Session& session) { return RunInsert(*o, session); });
}

}  // namespace sagitta::cli
