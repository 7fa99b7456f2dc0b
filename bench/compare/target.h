// What the driver measures: a collection, reached in process or by gRPC.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/compare/npy_file.h"

namespace sagitta::bench {

// The queries of one search job, made before the clock starts.
struct SearchJob {
  const NpyFile* queries = nullptr;  // n × dim, f32
  uint32_t k = 10;
  nlohmann::json params;                 // "ef", "nprobe", "oversampling", "exact": as the API's
  std::vector<nlohmann::json> filters;   // the distinct ones
  std::vector<int64_t> filter_of_query;  // per query an index into `filters`; empty = no filters
};

struct Found {
  std::vector<int64_t> ids;  // rows, best first
  uint64_t distances = 0;    // computed; 0 where the target does not tell
};

// A job's queries in the form that the target's API takes. Thread-safe.
class PreparedSearch {
 public:
  virtual ~PreparedSearch() = default;
  // Answers queries first, …, first + n − 1 in one call from caller `caller`, into found[0, n).
  // Ends the program with a message when it fails.
  virtual void Run(size_t caller, size_t first, size_t n, Found* found) = 0;
};

class Target {
 public:
  virtual ~Target() = default;
  // `job` must outlive the result; at most `callers` threads will run it.
  virtual std::unique_ptr<PreparedSearch> Prepare(const SearchJob& job, size_t callers) = 0;
};

// The collection "compare" of the server at `address` ("127.0.0.1:7700").
std::unique_ptr<Target> ConnectTarget(const std::string& address);

}  // namespace sagitta::bench
