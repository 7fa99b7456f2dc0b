// What a process holds in memory and on the disk for a collection, as an operator sees it: resident
// memory of the whole process (as ps and the control group count it, program and libraries
// included) and blocks of the data directory (as du does), against the bytes of the collection's
// vectors and graph. Once everything is indexed and at rest, and again after kill -9 and a restart.
//
//   memory_bench [--dir /tmp] [--points 200000] [--dim 128] [--index FLAT|HNSW]
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>

#include "bench/serving/serving_bench.h"

namespace sagitta::bench {
namespace {

constexpr double kMiB = 1 << 20;

struct Options {
  std::string path;
  size_t points;
  size_t dim;
  IndexKind kind;
};

// Bytes that a line of /proc/self/status names in KiB.
double StatusBytes(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) return std::stod(line.substr(name.size() + 1)) * 1024;
  }
  return 0;
}

// Resident bytes of the mappings of files whose name ends so.
double MappedBytes(const std::string& suffix) {
  std::ifstream file("/proc/self/smaps");
  double bytes = 0;
  bool counts = false;
  for (std::string line; std::getline(file, line);) {
    const bool field = line.find(": ") != std::string::npos && line.ends_with("kB");
    if (line.starts_with("Rss:") && counts) bytes += std::stod(line.substr(4)) * 1024;
    if (!field && line.find('-') < 17) counts = line.ends_with(suffix);
  }
  return bytes;
}

double DiskBytes(const std::string& path) {
  double blocks = 0;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    struct stat info {};
    if (::stat(it->path().c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
      blocks += static_cast<double>(info.st_blocks);
    }
  }
  return blocks * 512;
}

// The most that the directory takes on the disk while it lives.
class DiskPeak {
 public:
  explicit DiskPeak(std::string path)
      : thread_([this, path = std::move(path)] {
          while (!stop_) {
            most_ = std::max(most_.load(), DiskBytes(path));
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
          }
        }) {}
  double Stop() {
    stop_ = true;
    thread_.join();
    return most_;
  }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<double> most_{0};
  std::thread thread_;
};

// Until the logs have gone and the heap had time to shrink.
void WaitForRest(const Collection& collection) {
  constexpr uint64_t kLittle = 1 << 20;
  const auto begin = Clock::now();
  while (Seconds(Clock::now() - begin) < 15) {
    const CollectionStats stats = Take(collection.Stats());
    if (stats.indexed && stats.space.disk_wal < kLittle) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  std::this_thread::sleep_for(std::chrono::seconds(4));
}

void Print(const char* when, const Collection& collection, const std::string& path) {
  const SpaceUse space = Take(collection.Stats()).space;
  const double vectors = static_cast<double>(space.memory_vectors + space.mapped_vectors);
  const double graph = static_cast<double>(space.mapped_codes + space.mapped_links +
                                           space.memory_codes + space.memory_links);
  const double content = vectors + graph;
  const double resident = StatusBytes("VmRSS");
  const double segments = MappedBytes(".seg");
  const double anonymous = StatusBytes("RssAnon");
  const double disk = DiskBytes(path);
  std::printf("%s\n", when);
  std::printf("  vectors %.1f MiB, graph %.1f MiB\n", vectors / kMiB, graph / kMiB);
  std::printf("  resident %.1f MiB = %.2f x: segments %.1f, heap and stacks %.1f, programs %.1f\n",
              resident / kMiB, resident / content, segments / kMiB, anonymous / kMiB,
              (resident - segments - anonymous) / kMiB);
  std::printf("  without programs %.1f MiB = %.2f x\n", (segments + anonymous) / kMiB,
              (segments + anonymous) / content);
  std::printf("  disk %.1f MiB = vectors x 2 + graph + %.1f MiB; logs %.1f MiB\n", disk / kMiB,
              (disk - 2 * vectors - graph) / kMiB, static_cast<double>(space.disk_wal) / kMiB);
  std::fflush(stdout);
}

CollectionSchema Schema(const Options& options) {
  CollectionSchema schema;
  schema.name = "bench";
  schema.fields = {{.name = "v", .dim = static_cast<uint32_t>(options.dim)}};
  schema.fields[0].index.kind = options.kind;
  return schema;
}

void LoadAndPrint(const Options& options) {
  const auto database = Take(Database::Open({.path = options.path}));
  const auto collection = Take(database->CreateCollection(Schema(options)));
  DiskPeak peak(options.path);
  {
    // Goes before anything is measured.
    const std::vector<float> rows =
        ClusteredRows(std::min<size_t>(options.points, 200'000), options.dim, 3);
    Load(*collection, rows, options.dim, options.points);
  }
  Check(collection->WaitIndexed({}, nullptr));
  std::printf("disk at most meanwhile %.1f MiB, memory at most %.1f MiB\n", peak.Stop() / kMiB,
              StatusBytes("VmHWM") / kMiB);
  WaitForRest(*collection);
  Print("after load and index, at rest", *collection, options.path);
  ::kill(::getpid(), SIGKILL);
}

void RestartAndPrint(const Options& options) {
  const auto database = Take(Database::Open({.path = options.path}));
  const auto collection = Take(database->GetCollection("bench"));
  WaitForRest(*collection);
  Print("after kill -9 and restart", *collection, options.path);
}

// In a process of its own, so that the other's memory does not count.
template <typename Run>
void InChild(const Run& run) {
  const pid_t child = ::fork();
  if (child == 0) {
    run();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) != 0) Die("a measuring process failed");
}

void Main(int argc, char** argv) {
  const WorkDirectory work(Option(argc, argv, "dir", "/tmp"));
  Options options{.path = work / "data",
                  .points = Number(argc, argv, "points", 200'000),
                  .dim = Number(argc, argv, "dim", 128),
                  .kind = IndexKind::kHnsw};
  if (Option(argc, argv, "index", "HNSW") == "FLAT") options.kind = IndexKind::kFlat;
  std::printf("%zu x %zu\n", options.points, options.dim);
  std::fflush(stdout);
  InChild([&] { LoadAndPrint(options); });
  InChild([&] { RestartAndPrint(options); });
}

}  // namespace
}  // namespace sagitta::bench

int main(int argc, char** argv) {
  sagitta::base::ConfigureServerHeap();
  sagitta::bench::Main(argc, argv);
}
