// One HNSW graph, searched three ways at the same ef, on one thread, in turns:
//   faiss     faiss::IndexHNSWFlat with FAISS's own distances
//   kernels   the same faiss::IndexHNSW::search with our kernels as its DistanceComputer
//   sagitta   our search over the same links, mapped from a file
//
//   hnsw_faiss_bench [ef=128] [queries=2000] [rounds=5] [rows idx] [queries idx]
//
// The idx files may be gzipped; without them, Fashion-MNIST as Debian packages it. Rates are by
// wall time and by the thread's CPU time; the ratio is by CPU time, which other programs disturb
// less.
#include <faiss/IndexHNSW.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "idx_images.h"
#include "index/faiss_adapter.h"
#include "index/hnsw_build.h"
#include "index/hnsw_links.h"
#include "index/vector_index.h"

namespace sagitta::bench {
namespace {

constexpr uint32_t kK = 10;
using Clock = std::chrono::steady_clock;
using SearchFn = std::function<void(const float* query, std::vector<int64_t>* ids)>;
using Answers = std::vector<std::vector<int64_t>>;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Of this thread.
double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "hnsw_faiss_bench: %s\n", what.c_str());
  std::exit(1);
}

void Check(const Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

struct Contender {
  const char* name;
  SearchFn search;
  std::vector<double> wall = {};  // seconds per round
  std::vector<double> cpu = {};
  Answers answers = {};
};

std::vector<int64_t> Exact(const index::VectorRows& rows, const float* query) {
  index::IndexQuery request;
  request.vector = query;
  request.k = kK;
  std::vector<index::Candidate> found;
  uint64_t distances = 0;
  Check(index::ScanExact(rows, 0, rows.n, request, &found, &distances));
  std::vector<int64_t> ids;
  for (const auto& candidate : found) ids.push_back(candidate.position);
  return ids;
}

double Recall(const Answers& answers, const Answers& truth) {
  size_t hits = 0;
  for (size_t q = 0; q < truth.size(); ++q) {
    for (const int64_t id : truth[q]) {
      hits += std::count(answers[q].begin(), answers[q].end(), id);
    }
  }
  return static_cast<double>(hits) / static_cast<double>(truth.size() * kK);
}

SearchFn FaissSearch(const faiss::IndexHNSW& index) {
  return [&index](const float* query, std::vector<int64_t>* ids) {
    float distances[kK];
    ids->resize(kK);
    index.search(1, query, kK, distances, ids->data());
  };
}

void RunRounds(const Images& queries, size_t count, int rounds,
               std::vector<Contender>* contenders) {
  for (int round = 0; round < rounds; ++round) {
    for (Contender& contender : *contenders) {
      contender.answers.resize(count);
      const auto start = Clock::now();
      const double cpu = CpuSeconds();
      for (size_t q = 0; q < count; ++q) {
        contender.search(queries.row(q), &contender.answers[q]);
      }
      contender.cpu.push_back(CpuSeconds() - cpu);
      contender.wall.push_back(SecondsSince(start));
    }
  }
}

void Print(const std::vector<Contender>& contenders, const Answers& truth) {
  std::printf("%-8s  %10s  %14s  %10s  %6s\n", "search", "queries/s", "queries/CPU s", "recall@10",
              "ratio");
  const auto queries = static_cast<double>(truth.size());
  const double base = Median(contenders[0].cpu);
  for (const Contender& contender : contenders) {
    const double cpu = Median(contender.cpu);
    std::printf("%-8s  %10.0f  %14.0f  %10.4f  %6.2f\n", contender.name,
                queries / Median(contender.wall), queries / cpu, Recall(contender.answers, truth),
                base / cpu);
  }
}

// Writes the graph's sections and opens them again: what a segment holds besides the vectors.
std::unique_ptr<index::VectorIndex> OpenOwn(const faiss::HNSW& graph, uint32_t m,
                                            const index::VectorRows& rows, const std::string& path,
                                            std::unique_ptr<base::SectionFileReader>* file) {
  auto writer = base::SectionFileWriter::Create(path);
  if (!writer.ok()) Fail(writer.status().ToString());
  Check(index::WriteHnswLinks(graph, m, "", writer->get()));
  Check((*writer)->Finish());
  auto read = base::SectionFileReader::Open(path);
  std::filesystem::remove(path);  // the mapping stays
  if (!read.ok()) Fail(read.status().ToString());
  *file = std::move(*read);
  auto own = index::OpenIndex(IndexKind::kHnsw, IndexParams(), rows, "", **file);
  if (!own.ok()) Fail(own.status().ToString());
  const double vectors = static_cast<double>(rows.n * rows.stride());
  const double links = static_cast<double>((*own)->MappedBytes());
  std::printf("vectors %.1f MiB, links %.1f MiB mapped, %zu bytes on the heap\n", vectors / 1048576,
              links / 1048576, (*own)->MemoryBytes());
  return std::move(*own);
}

SearchFn OwnSearch(const index::VectorIndex& index, uint32_t ef) {
  return [&index, ef](const float* query, std::vector<int64_t>* ids) {
    index::IndexQuery request;
    request.vector = query;
    request.k = kK;
    request.params.ef = ef;
    std::vector<index::Candidate> found;
    uint64_t distances = 0;
    Check(index.Search(request, &found, &distances));
    ids->clear();
    for (const auto& candidate : found) ids->push_back(candidate.position);
  };
}

std::shared_ptr<faiss::HNSW> BuildGraph(const index::VectorRows& rows, const HnswParams& params) {
  base::ThreadPool pool("bench", 2, 16);
  index::BuildContext context;
  context.pool = &pool;
  const auto start = Clock::now();
  auto graph = index::BuildHnswGraph(rows, params, context);
  if (!graph.ok()) Fail(graph.status().ToString());
  std::printf("%zu x %u, m %u, ef_construction %u, kernels %s: built in %.1f s on 2 threads\n",
              rows.n, rows.dim, params.m, params.ef_construction,
              std::string(kernels::LevelName(kernels::ActiveLevel())).c_str(), SecondsSince(start));
  return *graph;
}

int Main(int argc, char** argv) {
  const auto number = [&](int at, size_t otherwise) {
    return argc > at ? std::strtoul(argv[at], nullptr, 10) : otherwise;
  };
  Images train;
  Images queries;
  if (!LoadRowsAndQueries(argc > 4 ? argv[4] : kTrainImages, argc > 5 ? argv[5] : kTestImages,
                          &train, &queries)) {
    Fail("give two idx files of images of the same size");
  }
  const auto ef = static_cast<uint32_t>(number(1, 128));
  const size_t count = std::min<size_t>(queries.n, number(2, 2000));
  const auto rounds = static_cast<int>(number(3, 5));
  if (ef == 0 || count == 0 || rounds == 0) Fail("ef, queries and rounds are at least 1");

  const index::VectorRows rows{.data = reinterpret_cast<const std::byte*>(train.values.data()),
                               .n = train.n,
                               .dim = train.dim};
  const HnswParams params;
  const auto graph = BuildGraph(rows, params);
  std::unique_ptr<base::SectionFileReader> file;
  const auto own = OpenOwn(
      *graph, params.m, rows,
      std::filesystem::temp_directory_path() / ("hnsw_bench." + std::to_string(getpid())), &file);

  omp_set_num_threads(1);
  faiss::IndexHNSWFlat with_faiss(static_cast<int>(rows.dim), static_cast<int>(params.m));
  with_faiss.storage->add(static_cast<int64_t>(rows.n), train.values.data());
  index::KernelStorage storage(rows);
  faiss::IndexHNSW with_kernels(&storage, static_cast<int>(params.m));
  for (faiss::IndexHNSW* index : {static_cast<faiss::IndexHNSW*>(&with_faiss), &with_kernels}) {
    index->ntotal = static_cast<int64_t>(rows.n);
    index->hnsw = *graph;
    index->hnsw.efSearch = static_cast<int>(ef);
  }
  std::vector<Contender> contenders = {{.name = "faiss", .search = FaissSearch(with_faiss)},
                                       {.name = "kernels", .search = FaissSearch(with_kernels)},
                                       {.name = "sagitta", .search = OwnSearch(*own, ef)}};
  Answers truth;
  for (size_t q = 0; q < count; ++q) truth.push_back(Exact(rows, queries.row(q)));
  RunRounds(queries, count, rounds, &contenders);
  std::printf("ef %u, %zu queries, one thread, median of %d rounds in turns\n", ef, count, rounds);
  Print(contenders, truth);
  return 0;
}

}  // namespace
}  // namespace sagitta::bench

int main(int argc, char** argv) { return sagitta::bench::Main(argc, argv); }
