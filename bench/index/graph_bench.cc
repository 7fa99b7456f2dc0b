// GRAPH beside our HNSW and plain FAISS HNSW in one process, on one thread, in turns: recall@10 and
// queries/s over a sweep of ef. GROWING is the graph of a segment that is still written to, linked
// row after row; its times are CPU time of one thread.
//
//   graph_bench [queries=2000] [rounds=3] [rows] [queries file] [only]
//
// `only` names who takes part, as "GRAPH,HNSW"; "" in the place of a file is the default.
// Files are idx images (L2), plain or gzipped, or .npy matrices of f16 or f32 (inner product);
// without them, Fashion-MNIST as Debian packages it. SAGITTA_SIMD chooses the instruction set.
// Build times are on 2 threads. Every rate is the best of the rounds.
#include <faiss/IndexHNSW.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "idx_images.h"
#include "index/growing_graph.h"
#include "index/hnsw_build.h"
#include "index/vector_index.h"
#include "npy_rows.h"

namespace sagitta::bench {
namespace {

constexpr uint32_t kK = 10;
constexpr uint32_t kEfs[] = {10, 14, 20, 28, 40, 56, 80, 112, 160, 240, 320, 480};
using Clock = std::chrono::steady_clock;
using Answers = std::vector<std::vector<int64_t>>;
using SearchFn = std::function<void(const float* query, uint32_t ef, std::vector<int64_t>* ids)>;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "graph_bench: %s\n", what.c_str());
  std::exit(1);
}

void Check(const Status& status) {
  if (!status.ok()) Fail(status.ToString());
}

struct Data {
  Images rows, queries;
  Metric metric = Metric::kL2;
  index::VectorRows view() const {
    return {.data = reinterpret_cast<const std::byte*>(rows.values.data()),
            .n = rows.n,
            .dim = rows.dim,
            .metric = metric};
  }
};

void Load(const std::string& rows, const std::string& queries, Data* out) {
  if (rows.ends_with(".npy")) {
    out->metric = Metric::kInnerProduct;
    out->rows = ReadNpyRows(rows);
    out->queries = ReadNpyRows(queries);
    if (out->rows.n > 0 && out->queries.n > 0 && out->rows.dim == out->queries.dim) return;
    Fail("give two .npy matrices of f16 or f32 with the same number of columns");
  }
  if (!LoadRowsAndQueries(rows, queries, &out->rows, &out->queries)) {
    Fail("give two idx files of images of the same size");
  }
}

// An index of ours in a file of its own, as a segment would hold it.
struct OwnIndex {
  std::unique_ptr<base::SectionFileReader> file;
  std::unique_ptr<index::VectorIndex> index;
};

OwnIndex BuildOwn(const index::VectorRows& rows, const IndexParams& params, const char* name) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("graph_bench." + std::to_string(getpid()));
  base::ThreadPool pool("bench", 2, 16);
  index::BuildContext context;
  context.pool = &pool;
  auto writer = base::SectionFileWriter::Create(path);
  if (!writer.ok()) Fail(writer.status().ToString());
  auto start = Clock::now();
  auto kind = index::BuildIndex(rows, params, "", context, writer->get());
  if (!kind.ok()) Fail(kind.status().ToString());
  const double built = SecondsSince(start);
  Check((*writer)->Finish());
  OwnIndex own;
  auto file = base::SectionFileReader::Open(path);
  std::filesystem::remove(path);  // the mapping stays
  if (!file.ok()) Fail(file.status().ToString());
  own.file = std::move(*file);
  start = Clock::now();
  auto opened = index::OpenIndex(*kind, params, rows, "", *own.file);
  if (!opened.ok()) Fail(opened.status().ToString());
  own.index = std::move(*opened);
  std::printf("%-8s built in %.2f s, opened in %.1f ms, %.0f bytes a row besides the vectors\n",
              name, built, 1e3 * SecondsSince(start),
              static_cast<double>(own.index->MappedBytes()) / static_cast<double>(rows.n));
  std::fflush(stdout);
  return own;
}

double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::unique_ptr<index::GrowingGraph> Grow(const index::VectorRows& rows,
                                          base::MemoryBudget* budget) {
  constexpr size_t kTrained = 4096, kStep = 256;
  auto graph = std::make_unique<index::GrowingGraph>(rows, rows.n, GraphParams{}, budget);
  double start = ThreadSeconds();
  Check(graph->Start(std::min(rows.n, kTrained), nullptr, {}));
  const double trained = ThreadSeconds() - start;
  double encoded = 0, linked = 0;
  for (size_t done = 0; done < rows.n;) {
    const size_t end = std::min(rows.n, done + kStep);
    start = ThreadSeconds();
    Check(graph->Encode(end, {}));
    encoded += ThreadSeconds() - start;
    std::vector<uint32_t> ids;
    for (; done < end; ++done) ids.push_back(static_cast<uint32_t>(done));
    start = ThreadSeconds();
    Check(graph->Link(ids, end, {}));
    linked += ThreadSeconds() - start;
  }
  const auto us = [&](double seconds) { return 1e6 * seconds / static_cast<double>(rows.n); };
  std::printf("%-8s %.2f s for codes, %.1f us a row to encode, %.1f us to link, %.0f bytes a row\n",
              "GROWING", trained, us(encoded), us(linked),
              static_cast<double>(graph->MemoryBytes()) / static_cast<double>(rows.n));
  std::fflush(stdout);
  return graph;
}

SearchFn GrownSearch(const index::GrowingGraph& graph, size_t rows) {
  auto found = std::make_shared<std::vector<index::Candidate>>();
  return [&graph, rows, found](const float* query, uint32_t ef, std::vector<int64_t>* ids) {
    index::IndexQuery request;
    request.vector = query;
    request.k = kK;
    request.params.ef = ef;
    uint64_t distances = 0;
    Check(graph.Search(rows, request, found.get(), &distances));
    ids->clear();
    for (const auto& candidate : *found) ids->push_back(candidate.position);
  };
}

SearchFn OwnSearch(const index::VectorIndex& index) {
  auto found = std::make_shared<std::vector<index::Candidate>>();
  return [&index, found](const float* query, uint32_t ef, std::vector<int64_t>* ids) {
    index::IndexQuery request;
    request.vector = query;
    request.k = kK;
    request.params.ef = ef;
    uint64_t distances = 0;
    Check(index.Search(request, found.get(), &distances));
    ids->clear();
    for (const auto& candidate : *found) ids->push_back(candidate.position);
  };
}

double Recall(const Answers& answers, const Answers& truth) {
  size_t hits = 0;
  for (size_t q = 0; q < truth.size(); ++q) {
    for (const int64_t id : truth[q]) {
      hits += static_cast<size_t>(std::count(answers[q].begin(), answers[q].end(), id));
    }
  }
  return static_cast<double>(hits) / static_cast<double>(truth.size() * kK);
}

struct Point {
  double recall, rate;
};

struct Contender {
  const char* name;
  SearchFn search;
  std::vector<Point> points = {};

  // Queries/s where recall reaches `recall`, between the points of the sweep; 0 where it does not.
  double RateAt(double recall) const {
    double best = 0;
    for (size_t i = 0; i < points.size(); ++i) {
      if (points[i].recall < recall) continue;
      if (i == 0) return points[0].rate;
      const Point &a = points[i - 1], &b = points[i];
      const double share = (recall - a.recall) / (b.recall - a.recall);
      best = a.rate + share * (b.rate - a.rate);
      break;
    }
    return best;
  }
};

void Sweep(const Data& data, size_t count, int rounds, const Answers& truth,
           std::vector<Contender>* contenders) {
  std::printf("%6s", "ef");
  for (const Contender& c : *contenders) std::printf("  %8s recall  queries/s", c.name);
  std::printf("\n");
  for (const uint32_t ef : kEfs) {
    std::vector<double> best(contenders->size(), 1e9);
    std::vector<Answers> answers(contenders->size(), Answers(count));
    for (int round = 0; round < rounds; ++round) {
      for (size_t c = 0; c < contenders->size(); ++c) {
        const auto start = Clock::now();
        for (size_t q = 0; q < count; ++q) {
          (*contenders)[c].search(data.queries.row(q), ef, &answers[c][q]);
        }
        best[c] = std::min(best[c], SecondsSince(start));
      }
    }
    std::printf("%6u", ef);
    for (size_t c = 0; c < contenders->size(); ++c) {
      const Point point{Recall(answers[c], truth), static_cast<double>(count) / best[c]};
      (*contenders)[c].points.push_back(point);
      std::printf("  %15.4f  %9.0f", point.recall, point.rate);
    }
    std::printf("\n");
    std::fflush(stdout);
  }
  for (const double recall : {0.90, 0.95, 0.99}) {
    std::printf("recall %.2f:", recall);
    for (const Contender& c : *contenders) std::printf("  %s %.0f", c.name, c.RateAt(recall));
    std::printf("\n");
  }
}

Answers Exact(const index::VectorRows& rows, const Images& queries, size_t count) {
  Answers truth(count);
  for (size_t q = 0; q < count; ++q) {
    index::IndexQuery request;
    request.vector = queries.row(q);
    request.k = kK;
    std::vector<index::Candidate> found;
    uint64_t distances = 0;
    Check(index::ScanExact(rows, 0, rows.n, request, &found, &distances));
    for (const auto& candidate : found) truth[q].push_back(candidate.position);
  }
  return truth;
}

std::unique_ptr<faiss::IndexHNSWFlat> BuildPlain(const Data& data) {
  omp_set_num_threads(2);
  const HnswParams params;
  auto plain = std::make_unique<faiss::IndexHNSWFlat>(
      static_cast<int>(data.rows.dim), static_cast<int>(params.m),
      data.metric == Metric::kL2 ? faiss::METRIC_L2 : faiss::METRIC_INNER_PRODUCT);
  plain->hnsw.efConstruction = static_cast<int>(params.ef_construction);
  const auto start = Clock::now();
  plain->add(static_cast<int64_t>(data.rows.n), data.rows.values.data());
  std::printf("%-8s built in %.2f s\n", "FAISS", SecondsSince(start));
  omp_set_num_threads(1);
  return plain;
}

SearchFn PlainSearch(faiss::IndexHNSWFlat* plain) {
  return [plain](const float* query, uint32_t ef, std::vector<int64_t>* ids) {
    float distances[kK];
    ids->resize(kK);
    plain->hnsw.efSearch = static_cast<int>(ef);
    plain->search(1, query, kK, distances, ids->data());
  };
}

int Main(int argc, char** argv) {
  const auto number = [&](int at, size_t otherwise) {
    return argc > at ? std::strtoul(argv[at], nullptr, 10) : otherwise;
  };
  Data data;
  const auto file = [&](int at, const char* otherwise) {
    return std::string(argc > at && argv[at][0] != '\0' ? argv[at] : otherwise);
  };
  Load(file(3, kTrainImages), file(4, kTestImages), &data);
  const size_t count = std::min<size_t>(data.queries.n, number(1, 2000));
  const auto rounds = static_cast<int>(number(2, 3));
  if (count == 0 || rounds == 0) Fail("queries and rounds are at least 1");
  const index::VectorRows rows = data.view();
  std::printf("%zu x %u, kernels %s\n", rows.n, rows.dim,
              std::string(kernels::LevelName(kernels::ActiveLevel())).c_str());
  const std::string only = argc > 5 ? "," + std::string(argv[5]) + "," : "";
  std::vector<Contender> contenders;
  const auto wanted = [&](const std::string& name) {
    return only.empty() || only.find("," + name + ",") != std::string::npos;
  };
  std::vector<OwnIndex> own;
  const auto add_own = [&](const char* name, IndexKind kind, uint32_t code_bits) {
    if (!wanted(name)) return;
    IndexParams params;
    params.kind = kind;
    params.graph.code_bits = code_bits;
    own.push_back(BuildOwn(rows, params, name));
    contenders.push_back({.name = name, .search = OwnSearch(*own.back().index)});
  };
  add_own("GRAPH", IndexKind::kGraph, 4);
  add_own("GRAPH 8", IndexKind::kGraph, 8);
  base::MemoryBudget budget(uint64_t{1} << 40);
  std::unique_ptr<index::GrowingGraph> growing;
  if (wanted("GROWING")) {
    growing = Grow(rows, &budget);
    contenders.push_back({.name = "GROWING", .search = GrownSearch(*growing, rows.n)});
  }
  add_own("HNSW", IndexKind::kHnsw, 4);
  std::unique_ptr<faiss::IndexHNSWFlat> plain;
  if (wanted("FAISS")) {
    plain = BuildPlain(data);
    contenders.push_back({.name = "FAISS", .search = PlainSearch(plain.get())});
  }
  if (contenders.empty()) Fail("nobody takes part; there are GRAPH, GRAPH 8, GROWING, HNSW, FAISS");
  Sweep(data, count, rounds, Exact(rows, data.queries, count), &contenders);
  return 0;
}

}  // namespace
}  // namespace sagitta::bench

int main(int argc, char** argv) { return sagitta::bench::Main(argc, argv); }
