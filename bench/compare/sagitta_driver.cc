// Measures Sagitta for the comparison with peers: reads jobs, one JSON object a line, from standard
// input and answers each with one JSON object a line.
//
//   {"op": "version"}
//   {"op": "build", …}              see EmbeddedTarget; the collection is then in this process
//   {"op": "connect", "address": "127.0.0.1:7700"}            or is that of a server
//   {"op": "search", "queries": "q.npy", "k": 10, "params": {"ef": 64}, "callers": 1,
//    "filters": "f.json", "ids": "found.i64", "micros": "taken.f64"}
//
// A search answers every query once, from `callers` threads, and tells the seconds and latencies.
// The params may hold "batch": so many queries in one call, each of which then counts as having
// taken its share of the call's time.
// "filters" (may be absent) names a file {"filters": [F, …], "of_query": [index, …]}. Rows found go
// into the file "ids": n × k little-endian int64, −1 where there were fewer; every query's time, in
// rising order, into the file "micros" (may be absent): n little-endian doubles.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "bench/compare/embedded_target.h"
#include "bench/compare/npy_file.h"
#include "bench/compare/target.h"

namespace sagitta::bench {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

struct Answers {
  std::vector<int64_t> ids;    // n × k, −1 where there is none
  std::vector<double> micros;  // per query
  uint64_t distances = 0;
  double seconds = 0;
};

Answers RunAll(PreparedSearch* search, const SearchJob& job, size_t callers) {
  const size_t n = job.queries->rows(), k = job.k, batch = job.params.value("batch", size_t{1});
  Answers answers{.ids = std::vector<int64_t>(n * k, -1), .micros = std::vector<double>(n)};
  std::atomic<size_t> next{0};
  std::atomic<uint64_t> distances{0};
  const auto loop = [&](size_t caller) {
    uint64_t sum = 0;
    std::vector<Found> found(batch);
    for (size_t first; (first = next.fetch_add(batch)) < n;) {
      const size_t count = std::min(batch, n - first);
      const auto start = Clock::now();
      search->Run(caller, first, count, found.data());
      const std::chrono::duration<double, std::micro> taken = Clock::now() - start;
      for (size_t i = 0; i < count; ++i) {
        const std::vector<int64_t>& ids = found[i].ids;
        answers.micros[first + i] = taken.count() / static_cast<double>(count);
        std::copy(ids.begin(), ids.end(), answers.ids.begin() + (first + i) * k);
        sum += found[i].distances;
      }
    }
    distances += sum;
  };
  const auto begin = Clock::now();
  if (callers == 1) {
    loop(0);
  } else {
    std::vector<std::thread> threads;
    for (size_t c = 0; c < callers; ++c) threads.emplace_back(loop, c);
    for (std::thread& thread : threads) thread.join();
  }
  answers.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  answers.distances = distances;
  return answers;
}

template <typename T>
void Write(const std::string& path, const std::vector<T>& values) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(T)));
}

json Search(Target* target, const json& request) {
  const NpyFile queries(request.at("queries"), "<f4");
  SearchJob job{.queries = &queries, .k = request.value("k", 10u)};
  job.params = request.value("params", json::object());
  if (request.contains("filters")) {
    const json file = json::parse(std::ifstream(request["filters"].get<std::string>()));
    job.filters = file.at("filters").get<std::vector<json>>();
    job.filter_of_query = file.at("of_query").get<std::vector<int64_t>>();
  }
  const size_t callers = request.value("callers", size_t{1});
  const auto prepared = target->Prepare(job, callers);
  Answers answers = RunAll(prepared.get(), job, callers);
  Write(request.at("ids"), answers.ids);
  std::sort(answers.micros.begin(), answers.micros.end());
  if (request.contains("micros")) Write(request["micros"], answers.micros);
  const size_t n = queries.rows();
  return {{"seconds", answers.seconds},
          {"p50_us", answers.micros[n / 2]},
          {"p99_us", answers.micros[n * 99 / 100]},
          {"distances_per_query", static_cast<double>(answers.distances) / static_cast<double>(n)}};
}

json Answer(std::unique_ptr<Target>* target, const json& request) {
  const std::string op = request.at("op");
  if (op == "version") {
    const VersionInfo version = Database::Version();
    return {{"version", version.version}, {"commit", version.commit}, {"simd", version.simd}};
  }
  if (op == "build") {
    auto embedded = std::make_unique<EmbeddedTarget>(request);
    json report = embedded->report();
    *target = std::move(embedded);
    return report;
  }
  if (op == "connect") {
    *target = ConnectTarget(request.at("address"));
    return json::object();
  }
  if (op == "search" && *target != nullptr) return Search(target->get(), request);
  return {{"error", "no such job now: " + op}};
}

int Main() {
  std::unique_ptr<Target> target;
  for (std::string line; std::getline(std::cin, line);) {
    json answer;
    try {
      answer = Answer(&target, json::parse(line));
    } catch (const json::exception& e) {
      answer = {{"error", e.what()}};
    }
    std::cout << answer.dump() << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace sagitta::bench

int main() { return sagitta::bench::Main(); }
