// What a collection needs in memory when its vectors lie on disk, and what that costs: recall@10,
// queries per second while the system's cache has what was read and after all of it was paged out,
// and bytes a row by part, against HNSW over f32 vectors in memory.
//
//   tier_bench [--rows FILE] [--queries FILE] [--asked 1000] [--dir /var/tmp] [--ef 128]
//
// Files are idx images (L2), plain or gzipped, or .npy matrices of f16 or f32 (inner product);
// without them, Fashion-MNIST as Debian packages it. One thread searches. --dir must not be a
// tmpfs.
#include <set>

#include "bench/index/idx_images.h"
#include "bench/index/npy_rows.h"
#include "bench/serving/serving_bench.h"

namespace sagitta::bench {
namespace {

constexpr uint32_t kK = 10;

struct Data {
  Images rows, queries;
  Metric metric = Metric::kL2;
};

struct Tier {
  const char* name;
  IndexParams index;
};

std::vector<Tier> Tiers(uint32_t ef) {
  std::vector<Tier> tiers;
  const auto add = [&](const char* name, IndexKind kind, Residency residency) -> IndexParams& {
    IndexParams index;
    index.kind = kind;
    index.residency = residency;
    index.hnsw.ef_search = index.graph.ef_search = ef;
    return tiers.emplace_back(Tier{name, index}).index;
  };
  add("HNSW, vectors in memory", IndexKind::kHnsw, Residency::kMemory);
  add("GRAPH 4 bits, in memory", IndexKind::kGraph, Residency::kMemory);
  add("GRAPH 4 bits, on disk", IndexKind::kGraph, Residency::kDisk);
  add("GRAPH 1 bit, on disk", IndexKind::kGraph, Residency::kDisk).graph.code_bits = 1;
  IndexParams& thin = add("GRAPH 1 bit of 24 links, on disk", IndexKind::kGraph, Residency::kDisk);
  thin.graph.code_bits = 1;
  thin.graph.degree = 24;
  add("FLAT_CODES 96 bytes, on disk", IndexKind::kFlatCodes, Residency::kDisk).codec.bytes = 96;
  add("FLAT_CODES 48 bytes, on disk", IndexKind::kFlatCodes, Residency::kDisk).codec = {
      .bytes = 48, .oversampling = 10};
  return tiers;
}

Data LoadData(const std::string& rows, const std::string& queries, size_t asked) {
  Data data;
  if (!LoadVectors(rows, queries, asked, &data.rows, &data.queries, &data.metric)) {
    Die("give two .npy matrices of f16 or f32, or two idx files of images, of the same width");
  }
  return data;
}

std::set<std::string> Search(const Collection& collection, const Data& data, size_t i, bool exact) {
  Query query;
  query.target = VectorValue(std::span<const float>(data.queries.row(i), data.queries.dim));
  query.k = kK;
  query.params.exact = exact;
  std::set<std::string> ids;
  for (const Hit& hit : Take(collection.Search(query, {})).hits) {
    ids.insert(hit.point.id.ToString());
  }
  return ids;
}

// Queries per second.
double SearchAll(const Collection& collection, const Data& data,
                 std::vector<std::set<std::string>>* found) {
  found->clear();
  const auto begin = Clock::now();
  for (size_t i = 0; i < data.queries.n; ++i) {
    found->push_back(Search(collection, data, i, false));
  }
  return static_cast<double>(data.queries.n) / Seconds(Clock::now() - begin);
}

double Recall(const std::vector<std::set<std::string>>& exact,
              const std::vector<std::set<std::string>>& found) {
  size_t hits = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    for (const std::string& id : exact[i]) hits += found[i].count(id);
  }
  return static_cast<double>(hits) / static_cast<double>(exact.size() * kK);
}

// Until the vectors are where they are wanted, and those on disk have left memory.
SpaceUse WaitForPlaces(const Collection& collection, bool on_disk) {
  const auto begin = Clock::now();
  while (true) {
    const CollectionStats stats = Take(collection.Stats());
    bool there = stats.indexed;
    for (const SegmentStats& segment : stats.shards[0].segments) {
      there = there &&
              (segment.state != "sealed" || segment.vectors_on_disk == std::vector<bool>{on_disk});
    }
    const uint64_t most = on_disk ? stats.space.mapped_vectors / 16 + (1 << 20) : UINT64_MAX;
    if (there && stats.space.resident_vectors <= most) return stats.space;
    if (Seconds(Clock::now() - begin) > 60) Die("vectors stay in memory: is --dir a tmpfs?");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

void Print(const char* name, const SpaceUse& space, const Data& data, double hnsw_bytes,
           double recall, double cold, double warm) {
  const auto n = static_cast<double>(data.rows.n);
  const double codes = static_cast<double>(space.memory_codes + space.mapped_codes) / n;
  const double links = static_cast<double>(space.memory_links + space.mapped_links) / n;
  const double ids = static_cast<double>(space.memory_ids + space.mapped_ids) / n;
  const double vectors = static_cast<double>(space.resident_vectors) / n;
  std::printf("%-34s %7.4f %10.0f %10.0f %7.0f %7.0f %5.0f %8.0f %8.3f\n", name, recall, cold, warm,
              codes, links, ids, vectors, (codes + links + ids) / hnsw_bytes);
  std::fflush(stdout);
}

void Main(int argc, char** argv) {
  const Data data =
      LoadData(Option(argc, argv, "rows", kTrainImages), Option(argc, argv, "queries", kTestImages),
               Number(argc, argv, "asked", 1000));
  const WorkDirectory work(Option(argc, argv, "dir", "/var/tmp"));
  const auto database = Take(Database::Open({.path = work / "data"}));
  CollectionSchema schema;
  schema.name = "tier";
  schema.fields = {{.name = "v", .dim = data.rows.dim, .metric = data.metric}};
  const std::vector<Tier> tiers = Tiers(static_cast<uint32_t>(Number(argc, argv, "ef", 128)));
  schema.fields[0].index = tiers[0].index;
  const auto collection = Take(database->CreateCollection(schema));
  Load(*collection, data.rows.values, data.rows.dim, data.rows.n);
  Check(collection->Compact());
  Check(collection->WaitIndexed({}, nullptr));
  std::vector<std::set<std::string>> exact, found;
  for (size_t i = 0; i < data.queries.n; ++i) exact.push_back(Search(*collection, data, i, true));
  std::printf("%zu x %u, %zu queries; bytes a row, and without vectors as a share of f32 HNSW\n",
              data.rows.n, data.rows.dim, data.queries.n);
  std::printf("%-34s %7s %10s %10s %7s %7s %5s %8s %8s\n", "", "recall", "q/s cold", "q/s warm",
              "codes", "links", "ids", "vectors", "share");
  double hnsw_bytes = 0;
  for (const Tier& tier : tiers) {
    Take(database->UpdateCollection("tier", {.fields = {{"v", tier.index}}}));
    Check(collection->WaitIndexed({}, nullptr));
    const bool on_disk = tier.index.residency == Residency::kDisk;
    const SpaceUse space = WaitForPlaces(*collection, on_disk);
    if (hnsw_bytes == 0) {
      hnsw_bytes = data.rows.dim * sizeof(float) +
                   static_cast<double>(space.mapped_links + space.memory_links + space.mapped_ids +
                                       space.memory_ids) /
                       static_cast<double>(data.rows.n);
    }
    const double cold = SearchAll(*collection, data, &found);
    const double warm = SearchAll(*collection, data, &found);
    Print(tier.name, space, data, hnsw_bytes, Recall(exact, found), cold, warm);
  }
}

}  // namespace
}  // namespace sagitta::bench

int main(int argc, char** argv) { sagitta::bench::Main(argc, argv); }
