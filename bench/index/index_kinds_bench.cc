// Every index kind over the same rows: build time on two threads, then recall@10, queries/s on one
// thread, and distances per query, with filters of several selectivities.
//
//   index_kinds_bench [queries=500] [l2|ip|cosine|l1] [rows idx] [queries idx]
//
// The idx files may be gzipped; without them, Fashion-MNIST as Debian packages it.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "base/bitset.h"
#include "idx_images.h"
#include "index/vector_index.h"

namespace sagitta::bench {
namespace {

constexpr uint32_t kK = 10;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "index_kinds_bench: %s\n", what.c_str());
  std::exit(1);
}

void Check(const Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

void Normalise(Images* images) {
  for (size_t i = 0; i < images->n; ++i) {
    float* v = images->values.data() + i * images->dim;
    const float scale = 1 / std::sqrt(kernels::SquaredNorm(v, images->dim));
    for (uint32_t d = 0; d < images->dim; ++d) v[d] *= scale;
  }
}

void Measure(const index::VectorIndex& index, const index::VectorRows& rows, const Images& queries,
             size_t count, double selectivity) {
  base::Bitset allowed(rows.n);
  std::mt19937 random(7);
  for (size_t i = 0; i < rows.n; ++i) {
    if (random() < selectivity * 4294967296.0) allowed.Set(i);
  }
  index::IndexQuery query;
  query.k = kK;
  if (selectivity < 1) query.filter = {allowed.words(), nullptr, allowed.Count()};
  std::vector<std::vector<index::Candidate>> answers(count);
  uint64_t distances = 0;
  const auto start = Clock::now();
  for (size_t q = 0; q < count; ++q) {
    query.vector = queries.row(q);
    Check(index.Search(query, &answers[q], &distances));
  }
  const double seconds = SecondsSince(start);
  size_t hits = 0;
  size_t wanted = 0;
  uint64_t ignored = 0;
  for (size_t q = 0; q < count; ++q) {
    std::vector<index::Candidate> exact;
    query.vector = queries.row(q);
    Check(index::ScanExact(rows, 0, rows.n, query, &exact, &ignored));
    wanted += exact.size();
    for (const auto& truth : exact) {
      hits += std::count_if(answers[q].begin(), answers[q].end(),
                            [&](const auto& a) { return a.position == truth.position; });
    }
  }
  std::printf("  pass %6.3f: recall@10 %.4f, %8.0f queries/s, %7.0f distances/query\n", selectivity,
              static_cast<double>(hits) / static_cast<double>(wanted),
              static_cast<double>(count) / seconds,
              static_cast<double>(distances) / static_cast<double>(count));
}

void MeasureKind(IndexKind kind, const char* name, const index::VectorRows& rows,
                 const Images& queries, size_t count, const std::string& path) {
  IndexParams params;
  params.kind = kind;
  base::ThreadPool pool("bench", 2, 16);
  index::BuildContext context;
  context.pool = &pool;
  auto writer = base::SectionFileWriter::Create(path);
  if (!writer.ok()) Fail(writer.status().ToString());
  auto start = Clock::now();
  auto built = index::BuildIndex(rows, params, "", context, writer->get());
  if (!built.ok()) Fail(built.status().ToString());
  const double build_seconds = SecondsSince(start);
  Check((*writer)->Finish());
  auto file = base::SectionFileReader::Open(path);
  std::filesystem::remove(path);  // the mapping stays
  if (!file.ok()) Fail(file.status().ToString());
  start = Clock::now();
  auto opened = index::OpenIndex(*built, params, rows, "", **file);
  if (!opened.ok()) Fail(opened.status().ToString());
  std::printf("%s: built in %.1f s, opened in %.1f ms, %.1f MiB mapped\n", name, build_seconds,
              SecondsSince(start) * 1e3, static_cast<double>((*opened)->MappedBytes()) / 1048576);
  for (const double selectivity : {1.0, 0.5, 0.1, 0.01, 0.001}) {
    Measure(**opened, rows, queries, count, selectivity);
  }
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  Images train;
  Images queries;
  if (!LoadRowsAndQueries(argc > 3 ? argv[3] : kTrainImages, argc > 4 ? argv[4] : kTestImages,
                          &train, &queries)) {
    Fail("give two idx files of images of the same size");
  }
  const size_t count =
      std::min<size_t>(queries.n, argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 500);
  const std::string metric = argc > 2 ? argv[2] : "l2";
  index::VectorRows rows;
  if (metric == "ip") rows.metric = Metric::kInnerProduct;
  if (metric == "l1") rows.metric = Metric::kL1;
  if (metric == "cosine") {
    rows.metric = Metric::kCosine;
    Normalise(&train);
    Normalise(&queries);
  }
  if (count == 0) Fail("at least 1 query");
  if (metric != "l2" && rows.metric == Metric::kL2) {
    Fail("metric '" + metric + "'; allowed are l2, ip, cosine and l1");
  }
  rows.data = reinterpret_cast<const std::byte*>(train.values.data());
  rows.n = train.n;
  rows.dim = train.dim;
  const std::pair<IndexKind, const char*> kinds[] = {{IndexKind::kFlat, "FLAT"},
                                                     {IndexKind::kHnsw, "HNSW"},
                                                     {IndexKind::kIvfFlat, "IVF_FLAT"},
                                                     {IndexKind::kIvfPq, "IVF_PQ"}};
  const std::string path =
      std::filesystem::temp_directory_path() / ("kinds_bench." + std::to_string(getpid()));
  for (const auto& [kind, name] : kinds) MeasureKind(kind, name, rows, queries, count, path);
  return 0;
}

}  // namespace
}  // namespace sagitta::bench

int main(int argc, char** argv) { return sagitta::bench::Main(argc, argv); }
