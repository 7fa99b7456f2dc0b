// A process that holds a collection is killed with -9; how long until the next has it open and
// answers?
//
//   restart_bench [--dir /tmp] [--points 1000000] [--dim 128] [--unsealed 60000] [--index
//   FLAT|HNSW]
#include <signal.h>
#include <sys/wait.h>

#include "bench/serving/serving_bench.h"

namespace sagitta::bench {
namespace {

struct Options {
  size_t points;
  size_t dim;
  size_t unsealed;  // written after the rest has been indexed, and never sealed
  IndexKind kind;
};

CollectionSchema Schema(const Options& options) {
  CollectionSchema schema;
  schema.name = "bench";
  schema.fields = {{.name = "v", .dim = static_cast<uint32_t>(options.dim)}};
  schema.fields[0].index.kind = options.kind;
  return schema;
}

// Fills the directory, says so on `ready`, and waits to be killed.
[[noreturn]] void Fill(const std::string& path, const Options& options, int ready) {
  const std::vector<float> rows =
      ClusteredRows(std::min<size_t>(options.points, 200'000), options.dim, 3);
  const auto database = Take(Database::Open({.path = path}));
  const auto collection = Take(database->CreateCollection(Schema(options)));
  const size_t first = options.points - options.unsealed;
  Load(*collection, rows, options.dim, first);
  Check(collection->WaitIndexed({}, nullptr));
  database->PauseCompaction(true);
  constexpr size_t kBatch = 1000;
  for (size_t i = first; i < options.points; i += kBatch) {
    Check(collection->Upsert(MakeBatch(rows, options.dim, i, kBatch), {}).status());
  }
  if (::write(ready, "x", 1) != 1) Die("cannot report");
  while (true) ::pause();
}

void FillAndKill(const std::string& path, const Options& options) {
  int pipe[2];
  if (::pipe(pipe) != 0) Die("pipe");
  const pid_t child = ::fork();
  if (child == 0) Fill(path, options, pipe[1]);
  ::close(pipe[1]);
  char byte;
  if (::read(pipe[0], &byte, 1) != 1) Die("the writing process ended early");
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

void Main(int argc, char** argv) {
  Options options{.points = Number(argc, argv, "points", 1'000'000),
                  .dim = Number(argc, argv, "dim", 128),
                  .unsealed = Number(argc, argv, "unsealed", 60'000),
                  .kind = IndexKind::kFlat};
  if (Option(argc, argv, "index", "FLAT") == "HNSW") options.kind = IndexKind::kHnsw;
  const WorkDirectory work(Option(argc, argv, "dir", "/tmp"));
  FillAndKill(work / "data", options);
  const auto begin = Clock::now();
  const auto database = Take(Database::Open({.path = work / "data", .compaction_paused = true}));
  const auto collection = Take(database->GetCollection("bench"));
  const auto count = Take(collection->Count(std::nullopt, {}));
  const double ready = Seconds(Clock::now() - begin);
  if (count.count != options.points) Die("points are missing: " + std::to_string(count.count));
  Query query;
  query.target = PointId(uint64_t{0});
  Take(collection->Search(query, {}));
  const double answered = Seconds(Clock::now() - begin);
  std::printf("%zu x %zu, %zu of them unsealed, killed with -9\n", options.points, options.dim,
              options.unsealed);
  std::printf("open and counted after     %.2f s\n", ready);
  std::printf("first answer after         %.2f s\n", answered);
}

}  // namespace
}  // namespace sagitta::bench

int main(int argc, char** argv) { sagitta::bench::Main(argc, argv); }
