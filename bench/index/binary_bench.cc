// Packed bits, Hamming: FAISS's binary indexes and ours over the same rows, on one thread, in
// turns:
//   scan   faiss::IndexBinaryFlat and BINARY_FLAT
//   hnsw   faiss::IndexBinaryHNSW and BINARY_HNSW over the links of one graph, at the same ef
//
//   binary_bench [bits=1024] [rows=50000] [ef=128] [queries=200] [rounds=5]
//
// Rows and queries are sign codes around 2,000 random centres. Rates are by wall time and by the
// thread's CPU time; ratios are by CPU time, which other programs disturb less. Rows at the
// distance of the tenth count as right.
#include <faiss/IndexBinaryFlat.h>
#include <faiss/IndexBinaryHNSW.h>
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
#include <random>
#include <string>
#include <vector>

#include "index/hnsw_build.h"
#include "index/hnsw_links.h"
#include "index/vector_index.h"

namespace sagitta::bench {
namespace {

constexpr uint32_t kK = 10;
constexpr size_t kCentres = 2000;
constexpr double kFlipped = 0.2;  // of a row's bits, against its centre
using Clock = std::chrono::steady_clock;
// Fills in the distances of the k nearest.
using SearchFn = std::function<void(const uint8_t* query, float* found)>;

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

void Check(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "binary_bench: %s\n", status.ToString().c_str());
  std::exit(1);
}

// n × bytes of packed bits.
std::vector<uint8_t> MakeRows(size_t n, size_t bytes, uint32_t seed) {
  std::mt19937_64 centre_bits(1), random(seed);
  std::vector<uint8_t> centres(kCentres * bytes), rows(n * bytes);
  for (uint8_t& byte : centres) byte = static_cast<uint8_t>(centre_bits());
  const auto threshold = static_cast<uint64_t>(kFlipped * 65'536);
  for (size_t i = 0; i < n; ++i) {
    const uint8_t* centre = centres.data() + random() % kCentres * bytes;
    for (size_t b = 0; b < bytes; ++b) {
      const uint64_t draws[2] = {random(), random()};
      uint8_t flips = 0;
      for (size_t bit = 0; bit < 8; ++bit) {
        const uint64_t draw = draws[bit / 4] >> (bit % 4 * 16) & 0xffff;
        flips = static_cast<uint8_t>(flips | (draw < threshold) << bit);
      }
      rows[i * bytes + b] = static_cast<uint8_t>(centre[b] ^ flips);
    }
  }
  return rows;
}

SearchFn Own(const index::VectorIndex& index, uint32_t ef) {
  return [&index, ef](const uint8_t* query, float* found) {
    index::IndexQuery request;
    request.vector = reinterpret_cast<const float*>(query);
    request.k = kK;
    request.params.ef = ef;
    std::vector<index::Candidate> candidates;
    uint64_t distances = 0;
    Check(index.Search(request, &candidates, &distances));
    for (uint32_t i = 0; i < kK; ++i) found[i] = candidates[i].key;
  };
}

SearchFn Faiss(const faiss::IndexBinary& index) {
  return [&index](const uint8_t* query, float* found) {
    int32_t distances[kK];
    int64_t labels[kK];
    index.search(1, query, kK, distances, labels);
    for (uint32_t i = 0; i < kK; ++i) found[i] = static_cast<float>(distances[i]);
  };
}

struct Contender {
  const char* name;
  SearchFn search;
  std::vector<double> wall = {};  // seconds per round
  std::vector<double> cpu = {};
  std::vector<float> found = {};
};

// Two contenders in turns; the first is what the other is compared with.
void Compare(const std::vector<uint8_t>& queries, size_t bytes, int rounds,
             const std::vector<float>& truth, std::vector<Contender> contenders) {
  const size_t n = queries.size() / bytes;
  for (int round = 0; round < rounds; ++round) {
    for (Contender& contender : contenders) {
      contender.found.resize(n * kK);
      const auto start = Clock::now();
      const double cpu = CpuSeconds();
      for (size_t q = 0; q < n; ++q) {
        contender.search(queries.data() + q * bytes, contender.found.data() + q * kK);
      }
      contender.cpu.push_back(CpuSeconds() - cpu);
      contender.wall.push_back(SecondsSince(start));
    }
  }
  for (const Contender& contender : contenders) {
    size_t hits = 0;
    for (size_t i = 0; i < contender.found.size(); ++i) {
      hits += contender.found[i] <= truth[i / kK * kK + kK - 1];
    }
    const double cpu = Median(contender.cpu);
    std::printf("%-18s  %10.0f  %14.0f  %10.4f  %6.2f\n", contender.name,
                static_cast<double>(n) / Median(contender.wall), static_cast<double>(n) / cpu,
                static_cast<double>(hits) / static_cast<double>(n * kK),
                Median(contenders[0].cpu) / cpu);
  }
}

std::shared_ptr<faiss::HNSW> BuildGraph(const index::VectorRows& rows, const HnswParams& params) {
  base::ThreadPool pool("bench", 2, 16);
  index::BuildContext context;
  context.pool = &pool;
  const auto start = Clock::now();
  auto graph = index::BuildHnswGraph(rows, params, context);
  Check(graph.status());
  std::printf("graph of m %u, ef_construction %u: built in %.1f s on 2 threads\n", params.m,
              params.ef_construction, SecondsSince(start));
  return *graph;
}

std::unique_ptr<base::SectionFileReader> WriteGraph(const faiss::HNSW& graph, uint32_t m) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("binary_bench." + std::to_string(getpid()));
  auto writer = base::SectionFileWriter::Create(path);
  Check(writer.status());
  Check(index::WriteHnswLinks(graph, m, "", writer->get()));
  Check((*writer)->Finish());
  auto file = base::SectionFileReader::Open(path);
  std::filesystem::remove(path);  // the mapping stays
  Check(file.status());
  return std::move(*file);
}

int Main(int argc, char** argv) {
  const auto number = [&](int at, size_t otherwise) {
    return argc > at ? std::max<size_t>(1, std::strtoul(argv[at], nullptr, 10)) : otherwise;
  };
  const size_t bits = (number(1, 1024) + 7) / 8 * 8, n = std::max<size_t>(kK, number(2, 50'000));
  const auto ef = static_cast<uint32_t>(number(3, 128));
  const size_t count = number(4, 200);
  const auto rounds = static_cast<int>(number(5, 5));
  const std::vector<uint8_t> data = MakeRows(n, bits / 8, 2);
  const std::vector<uint8_t> queries = MakeRows(count, bits / 8, 3);
  const index::VectorRows rows{.data = reinterpret_cast<const std::byte*>(data.data()),
                               .n = n,
                               .dim = static_cast<uint32_t>(bits),
                               .dtype = Dtype::kBits,
                               .metric = Metric::kHamming};
  std::printf("%zu x %zu bits, kernels %s\n", n, bits,
              std::string(kernels::LevelName(kernels::ActiveLevel())).c_str());
  const HnswParams params;
  const auto graph = BuildGraph(rows, params);
  const auto file = WriteGraph(*graph, params.m);
  auto own_hnsw = index::OpenIndex(IndexKind::kBinaryHnsw, IndexParams(), rows, "", *file);
  auto own_flat = index::OpenIndex(IndexKind::kBinaryFlat, IndexParams(), rows, "", *file);
  Check(own_hnsw.status());
  Check(own_flat.status());
  omp_set_num_threads(1);
  faiss::IndexBinaryFlat flat(static_cast<int64_t>(bits));
  flat.add(static_cast<int64_t>(n), data.data());
  faiss::IndexBinaryHNSW hnsw(&flat, static_cast<int>(params.m));
  hnsw.ntotal = static_cast<int64_t>(n);
  hnsw.hnsw = *graph;
  hnsw.hnsw.efSearch = static_cast<int>(ef);

  std::vector<float> truth(count * kK);
  for (size_t q = 0; q < count; ++q) {
    Own(**own_flat, 0)(queries.data() + q * bits / 8, truth.data() + q * kK);
  }
  std::printf("ef %u, %zu queries, one thread, median of %d rounds in turns\n", ef, count, rounds);
  std::printf("%-18s  %10s  %14s  %10s  %6s\n", "search", "queries/s", "queries/CPU s", "recall@10",
              "ratio");
  Compare(queries, bits / 8, rounds, truth,
          {{.name = "faiss flat", .search = Faiss(flat)},
           {.name = "sagitta flat", .search = Own(**own_flat, ef)}});
  Compare(queries, bits / 8, rounds, truth,
          {{.name = "faiss hnsw", .search = Faiss(hnsw)},
           {.name = "sagitta hnsw", .search = Own(**own_hnsw, ef)}});
  return 0;
}

}  // namespace
}  // namespace sagitta::bench

int main(int argc, char** argv) { return sagitta::bench::Main(argc, argv); }
