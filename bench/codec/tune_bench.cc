// The storage tuner against measuring everything: at budgets of 75, 50, 25, 12 and 6 % of f32
// vectors, what it chooses, the recall of that on all rows, the best recall that fits, and its
// share of the time.
//
//   tune_bench [--rows FILE] [--queries FILE] [--asked 500] [--dir /var/tmp]
//
// Files are idx images (L2), plain or gzipped, or .npy matrices of f16 or f32 (inner product);
// without them, Fashion-MNIST as Debian packages it. The tuner holds its own queries out of the
// rows; recall is then that of the file's. One thread.
#include "bench/index/idx_images.h"
#include "bench/index/npy_rows.h"
#include "bench/serving/serving_bench.h"
#include "compactor/storage_measure.h"

namespace sagitta::bench {
namespace {

constexpr uint32_t kK = 10;

struct Data {
  Images rows, queries;
  Metric metric = Metric::kL2;
};

Data LoadData(const std::string& rows, const std::string& queries, size_t asked) {
  Data data;
  if (!LoadVectors(rows, queries, asked, &data.rows, &data.queries, &data.metric)) {
    Die("give two .npy matrices of f16 or f32, or two idx files of images, of the same width");
  }
  return data;
}

// All rows and the file's queries, as the tuner's measuring takes them.
compactor::StorageSample AllOf(const Data& data, Dtype dtype) {
  compactor::StorageSample all;
  all.layout = {.dim = data.rows.dim, .metric = data.metric};
  all.rows_live = all.n = data.rows.n;
  all.dtype = dtype;
  all.bytes.resize(all.n * VectorBytes(dtype, data.rows.dim));
  kernels::FromFloat(dtype)(data.rows.values.data(), all.bytes.data(), data.rows.values.size());
  all.queries = data.queries.values;
  all.query_count = data.queries.n;
  return all;
}

class Exhaustive {
 public:
  Exhaustive(const compactor::StorageSample& all, std::string path)
      : all_(all), path_(std::move(path)) {
    const auto begin = Clock::now();
    limits_ = Take(compactor::ExactLimits(all, all.n, all.query_count, kK, {}));
    for (const auto& entry : compactor::StorageMenu(all.layout, all.dtype, all.n, 0)) {
      auto option = Measure(entry);
      if (option.ok()) options_.push_back(std::move(*option));
    }
    seconds_ = Seconds(Clock::now() - begin);
  }

  Result<StorageOption> Measure(const compactor::MenuEntry& entry) const {
    return compactor::MeasureStorage(entry, {.sample = &all_,
                                             .rows = all_.n,
                                             .queries = all_.query_count,
                                             .limits = &limits_,
                                             .k = kK,
                                             .path = path_,
                                             .cancel = {}});
  }

  const StorageOption* Best(double bytes) const {
    const StorageOption* best = nullptr;
    for (const StorageOption& option : options_) {
      if (option.memory_bytes > bytes) continue;
      if (best == nullptr || option.recall > best->recall) best = &option;
    }
    return best;
  }

  double seconds() const { return seconds_; }
  const std::vector<StorageOption>& options() const { return options_; }

 private:
  const compactor::StorageSample& all_;
  const std::string path_;
  std::vector<float> limits_;
  std::vector<StorageOption> options_;
  double seconds_ = 0;
};

void Main(int argc, char** argv) {
  const Data data =
      LoadData(Option(argc, argv, "rows", kTrainImages), Option(argc, argv, "queries", kTestImages),
               Number(argc, argv, "asked", 500));
  const WorkDirectory work(Option(argc, argv, "dir", "/var/tmp"));
  const auto database = Take(Database::Open({.path = work / "data"}));
  CollectionSchema schema;
  schema.name = "tune";
  schema.fields = {{.name = "v", .dim = data.rows.dim, .metric = data.metric}};
  schema.fields[0].index.kind = IndexKind::kFlat;
  const auto collection = Take(database->CreateCollection(schema));
  Load(*collection, data.rows.values, data.rows.dim, data.rows.n);
  Check(collection->Compact());
  Check(collection->WaitIndexed({}, nullptr));
  const bool narrow = Take(collection->Stats()).shards[0].segments[0].dtypes[0] == "U8";
  const compactor::StorageSample all = AllOf(data, narrow ? Dtype::kU8 : Dtype::kF32);

  std::printf("%zu x %u, %zu queries\nmeasuring everything\n", data.rows.n, data.rows.dim,
              data.queries.n);
  std::fflush(stdout);
  const Exhaustive everything(all, work / "exhaustive");
  for (const StorageOption& option : everything.options()) {
    std::printf("  %-58s %7.1f bytes  raw %.4f  recall %.4f  %8.1f us  built in %6.1f s\n",
                option.name.c_str(), option.memory_bytes, option.raw_recall, option.recall,
                option.query_micros, option.build_seconds);
  }
  std::printf("everything: %.1f s\n%-7s %-46s %7s %8s %8s  %s\n", everything.seconds(), "budget",
              "chosen", "bytes", "recall", "best", "share of the time");
  for (const double share : {0.75, 0.5, 0.25, 0.12, 0.06}) {
    StorageRequest request{.field = "v"};
    const double room = share * data.rows.dim * sizeof(float);
    request.budget_bytes = static_cast<uint64_t>(room * static_cast<double>(data.rows.n));
    const auto report = Take(collection->RecommendStorage(request, {}, {}));
    const StorageOption& chosen = report.options[0];
    const auto measured =
        Take(everything.Measure({.name = chosen.name, .family = {}, .index = chosen.index}));
    const StorageOption* best = everything.Best(room);
    std::printf("%5.0f %% %-46s %7.1f %8.4f %8.4f  %.3f (%.1f s)%s\n", 100 * share,
                chosen.name.c_str(), measured.memory_bytes, measured.recall,
                best == nullptr ? 0.0 : best->recall, report.seconds / everything.seconds(),
                report.seconds, measured.memory_bytes <= room ? "" : " OVER THE BUDGET");
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace sagitta::bench

int main(int argc, char** argv) { sagitta::bench::Main(argc, argv); }
