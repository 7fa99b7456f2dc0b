// Load: closed-loop clients, each with a connection of its own, that send queries one after the
// other. Thread-compatible.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/connection.h"
#include "cli/latency_histogram.h"

namespace sagitta::cli {

struct LoadOptions {
  size_t clients = 8;
  uint64_t count = 0;             // queries in all, or
  std::optional<double> seconds;  // as many as go into this; the queries repeat
  std::vector<bool> keep;         // by request: its (first) response is kept; empty = none
  bool stream = false;            // a client's queries are messages of one call
};

struct LoadResult {
  LatencyHistogram latency;  // of calls that succeeded
  double seconds = 0;
  uint64_t errors = 0;
  Outcome first_error;
  std::vector<std::optional<v1::QueryResponse>> responses;  // by request, as kept
};

// Sends `requests` in turn. `tick` gets the number of queries done, about ten times a second, on
// the calling thread.
LoadResult RunLoad(const Connection& connection, const std::vector<v1::QueryRequest>& requests,
                   const LoadOptions& options, const std::function<void(uint64_t)>& tick);

}  // namespace sagitta::cli
