// Upserts while somebody searches: one client searches in a closed loop, first with nothing else
// going on, then while points are upserted at a given rate; and recall@10, by exact search, then
// and once all is linked. By calls into the library. Beside the time that a search took is what its
// thread worked, which tells a slow search from one that waited for a core.
//
//   upsert_bench [--dir /tmp] [--rate 5000] [--seconds 20] [--index GRAPH] [--ef 128]
//                [--points 60000] [--shards 1] [--sync 1]
//
// Points are the images of Fashion-MNIST as Debian packages it, or random ones; ids go round and
// round, so that every row dies and comes again.
#include <cmath>
#include <thread>

#include "bench/index/idx_images.h"
#include "bench/serving/serving_bench.h"

namespace sagitta::bench {
namespace {

constexpr size_t kRecallQueries = 200;
constexpr auto kPulse = std::chrono::milliseconds(10);  // between two upserts

struct Options {
  size_t rate, seconds, points, sync;
};

IndexKind KindOf(const std::string& name) {
  if (name == "AUTO") return IndexKind::kAuto;
  if (name == "FLAT") return IndexKind::kFlat;
  if (name == "HNSW") return IndexKind::kHnsw;
  if (name == "GRAPH") return IndexKind::kGraph;
  Die("--index is AUTO, FLAT, HNSW or GRAPH");
}

std::vector<std::string> Answer(const Collection& collection, const Images& queries, size_t i,
                                bool exact) {
  Query query;
  query.target = VectorValue(std::span<const float>(queries.row(i % queries.n), queries.dim));
  query.params.exact = exact;
  std::vector<std::string> ids;
  const QueryResult result = Take(collection.Search(query, {}));
  for (const auto& hit : result.hits) ids.push_back(hit.point.id.ToString());
  if (ids.size() != 10) Die("a query found fewer than 10");
  return ids;
}

double Recall(const Collection& collection, const Images& queries) {
  size_t hits = 0;
  for (size_t q = 0; q < kRecallQueries; ++q) {
    const auto found = Answer(collection, queries, q, false);
    for (const std::string& id : Answer(collection, queries, q, true)) {
      hits += static_cast<size_t>(std::count(found.begin(), found.end(), id));
    }
  }
  return static_cast<double>(hits) / (10 * kRecallQueries);
}

void PrintSegments(const Collection& collection) {
  for (const ShardStats& shard : Take(collection.Stats()).shards) {
    for (const SegmentStats& segment : shard.segments) {
      std::printf("    %-9s %-6s %7llu rows, %7llu dead, %7llu linked\n", segment.state.c_str(),
                  segment.indexes[0].c_str(), static_cast<unsigned long long>(segment.rows),
                  static_cast<unsigned long long>(segment.deleted),
                  static_cast<unsigned long long>(segment.rows_linked));
    }
  }
}

double ThreadMicros() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e6 * static_cast<double>(now.tv_sec) + 1e-3 * static_cast<double>(now.tv_nsec);
}

// One client that searches until told to stop.
struct Searcher {
  std::vector<double> micros, worked;
  double seconds = 0;

  void Run(const Collection& collection, const Images& queries, const std::atomic<bool>& stop) {
    const auto begin = Clock::now();
    for (size_t i = 0; !stop.load(); ++i) {
      const auto start = Clock::now();
      const double worked_before = ThreadMicros();
      Answer(collection, queries, i, false);
      worked.push_back(ThreadMicros() - worked_before);
      micros.push_back(Seconds(Clock::now() - start) * 1e6);
    }
    seconds = Seconds(Clock::now() - begin);
  }
  void Print(const char* what) {
    const double rate = static_cast<double>(micros.size()) / seconds;
    std::printf("%-22s %7.0f searches/s ", what, rate);
    for (std::vector<double>* times : {&micros, &worked}) {
      std::sort(times->begin(), times->end());
      const auto at = [&](double share) {
        return (*times)[static_cast<size_t>(static_cast<double>(times->size() - 1) * share)];
      };
      std::printf("%s p50 %.0f us, p99 %.0f us, p99.9 %.0f us", times == &worked ? "; CPU" : "",
                  at(0.5), at(0.99), at(0.999));
    }
    std::printf("\n");
    std::fflush(stdout);
  }
};

void Search(const Collection& collection, const Images& queries, const char* what,
            const std::function<void()>& meanwhile) {
  std::atomic<bool> stop{false};
  Searcher searcher;
  std::thread thread([&] { searcher.Run(collection, queries, stop); });
  meanwhile();
  stop.store(true);
  thread.join();
  searcher.Print(what);
}

// A pulse's points each time; what is late is caught up with.
void Upsert(Collection& collection, const Images& rows, const Options& options) {
  const size_t total = options.rate * options.seconds;
  const auto begin = Clock::now();
  size_t sent = 0;
  double longest = 0;
  while (sent < total) {
    const double passed = Seconds(Clock::now() - begin);
    const auto due = static_cast<size_t>(passed * static_cast<double>(options.rate));
    if (due <= sent) {
      std::this_thread::sleep_for(kPulse);
      continue;
    }
    const size_t count = std::min({due - sent, total - sent, size_t{1000}});
    std::vector<UpsertPoint> points(count);
    for (size_t i = 0; i < count; ++i) {
      const size_t row = (sent + i) % rows.n;
      points[i].point.id = uint64_t{(sent + i) % options.points};
      points[i].point.vectors["v"] = VectorValue(std::span<const float>(rows.row(row), rows.dim));
    }
    WriteOptions write;
    if (options.sync == 0) write.durability = Durability::kOs;
    const auto start = Clock::now();
    const auto done = collection.Upsert(std::move(points), write);
    longest = std::max(longest, Seconds(Clock::now() - start));
    if (!done.ok() && done.status().retry_after_ms() == 0) Check(done.status());
    if (done.ok()) sent += count;
  }
  std::printf("%zu points upserted, %.0f per second, the longest call %.0f ms\n", sent,
              static_cast<double>(sent) / Seconds(Clock::now() - begin), longest * 1e3);
}

void Main(int argc, char** argv) {
  const Options options{.rate = Number(argc, argv, "rate", 5000),
                        .seconds = Number(argc, argv, "seconds", 20),
                        .points = Number(argc, argv, "points", 60'000),
                        .sync = Number(argc, argv, "sync", 1)};
  Images rows, queries;
  if (!LoadRowsAndQueries(kTrainImages, kTestImages, &rows, &queries)) Die("no images");
  const WorkDirectory work(Option(argc, argv, "dir", "/tmp"));
  const auto database = Take(Database::Open({.path = work / "data"}));
  CollectionSchema schema;
  schema.name = "bench";
  schema.shards = static_cast<uint32_t>(Number(argc, argv, "shards", 1));
  schema.fields = {{.name = "v", .dim = rows.dim}};
  schema.fields[0].index.kind = KindOf(Option(argc, argv, "index", "GRAPH"));
  schema.fields[0].index.graph.ef_search = schema.fields[0].index.hnsw.ef_search =
      static_cast<uint32_t>(Number(argc, argv, "ef", 128));
  const auto collection = Take(database->CreateCollection(schema));
  Load(*collection, rows.values, rows.dim, options.points);
  Check(collection->WaitIndexed({}, nullptr));
  std::printf("%zu x %u\n", options.points, rows.dim);
  Search(*collection, queries, "idle", [&] {
    std::this_thread::sleep_for(std::chrono::seconds(std::min<size_t>(5, options.seconds)));
  });
  std::printf("  recall@10 %.4f\n", Recall(*collection, queries));
  Search(*collection, queries, "while upserting", [&] { Upsert(*collection, rows, options); });
  PrintSegments(*collection);
  std::printf("  recall@10 %.4f\n", Recall(*collection, queries));
  Check(collection->WaitIndexed({}, nullptr));
  std::printf("once indexed:\n");
  PrintSegments(*collection);
  std::printf("  recall@10 %.4f\n", Recall(*collection, queries));
}

}  // namespace
}  // namespace sagitta::bench

int main(int argc, char** argv) {
  sagitta::base::ConfigureServerHeap();
  sagitta::bench::Main(argc, argv);
}
