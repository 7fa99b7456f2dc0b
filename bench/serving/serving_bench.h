// What the benchmarks of this folder share: clients in a closed loop with their latencies, a server
// of this process on a free loopback port, temporary directories, options.
#pragma once

#include <grpcpp/grpcpp.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "base/heap.h"
#include "sagitta/database.h"
#include "server/server.h"

namespace sagitta::bench {

using Clock = std::chrono::steady_clock;

inline double Seconds(Clock::duration d) { return std::chrono::duration<double>(d).count(); }

[[noreturn]] inline void Die(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}
inline void Check(const Status& status) {
  if (!status.ok()) Die(status.ToString());
}
template <typename T>
T Take(Result<T> result) {
  Check(result.status());
  return std::move(*result);
}

// The value of "--name value" among the arguments, or `fallback`.
inline std::string Option(int argc, char** argv, const std::string& name,
                          const std::string& fallback) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] == "--" + name) return argv[i + 1];
  }
  return fallback;
}
inline size_t Number(int argc, char** argv, const std::string& name, size_t fallback) {
  return std::stoull(Option(argc, argv, name, std::to_string(fallback)));
}

// A directory below `parent` that goes with the object.
class WorkDirectory {
 public:
  explicit WorkDirectory(const std::string& parent) : path_(parent + "/sagitta-bench-XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) Die("cannot make a directory in " + parent);
  }
  ~WorkDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Of this process, all threads, user and system.
inline double CpuSeconds() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(use.ru_utime) + seconds(use.ru_stime);
}

struct LoopResult {
  double per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
};

// `clients` threads call run(client, i) one after the other, for `calls` calls in all.
inline LoopResult ClosedLoop(size_t clients, size_t calls,
                             const std::function<void(size_t client, size_t i)>& run) {
  std::vector<std::vector<double>> micros(clients);
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (size_t c = 0; c < clients; ++c) {
    threads.emplace_back([&, c] {
      for (size_t i; (i = next.fetch_add(1)) < calls;) {
        const auto start = Clock::now();
        run(c, i);
        micros[c].push_back(Seconds(Clock::now() - start) * 1e6);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  LoopResult result;
  result.per_second = static_cast<double>(calls) / Seconds(Clock::now() - begin);
  std::vector<double> all;
  for (const auto& part : micros) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end());
  result.p50_us = all[all.size() / 2];
  result.p99_us = all[all.size() * 99 / 100];
  return result;
}

// A connection of its own.
inline std::shared_ptr<grpc::Channel> ConnectTo(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// sagittad, without its command line, in this process.
class LocalServer {
 public:
  explicit LocalServer(const std::string& data_dir) {
    server::ServerConfig config;
    config.data_dir = data_dir;
    config.listen = "127.0.0.1:0";
    config.http_listen = "";
    Check(config.Validate());
    server_ = Take(server::Server::Start(config));
    Check(server_->OpenDatabase());
  }
  std::shared_ptr<grpc::Channel> Connect() const { return ConnectTo(address()); }
  std::string address() const { return "127.0.0.1:" + std::to_string(server_->grpc_port()); }

 private:
  std::unique_ptr<server::Server> server_;
};

// n × dim values around 1,000 centres.
inline std::vector<float> ClusteredRows(size_t n, size_t dim, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  constexpr size_t kCentres = 1000;
  std::vector<float> centres(kCentres * dim);
  std::mt19937 fixed(1);
  for (float& v : centres) v = normal(fixed);
  // Noise is drawn from a table: a million rows are made in seconds.
  std::vector<float> noise(1 << 16);
  for (float& v : noise) v = normal(random);
  std::vector<float> rows(n * dim);
  for (size_t i = 0; i < n; ++i) {
    const float* centre = centres.data() + random() % kCentres * dim;
    const size_t shift = random();
    for (size_t d = 0; d < dim; ++d) {
      rows[i * dim + d] = centre[d] + noise[(shift + d * 7) % noise.size()];
    }
  }
  return rows;
}

inline std::vector<UpsertPoint> MakeBatch(const std::vector<float>& rows, size_t dim, size_t first,
                                          size_t count) {
  std::vector<UpsertPoint> points(count);
  for (size_t i = 0; i < count; ++i) {
    points[i].point.id = uint64_t{first + i};
    const size_t row = (first + i) % (rows.size() / dim);
    points[i].point.vectors["v"] =
        VectorValue(std::span<const float>(rows.data() + row * dim, dim));
  }
  return points;
}

// Loads all rows, from two threads, in batches of 256.
inline double Load(Collection& collection, const std::vector<float>& rows, size_t dim, size_t n) {
  constexpr size_t kBatch = 256;
  const auto loop = ClosedLoop(2, (n + kBatch - 1) / kBatch, [&](size_t, size_t i) {
    while (true) {
      const auto done =
          collection.Upsert(MakeBatch(rows, dim, i * kBatch, std::min(kBatch, n - i * kBatch)), {});
      if (done.ok()) return;
      if (done.status().retry_after_ms() == 0) Check(done.status());
      std::this_thread::sleep_for(std::chrono::milliseconds(done.status().retry_after_ms()));
    }
  });
  return loop.per_second * kBatch;
}

}  // namespace sagitta::bench
