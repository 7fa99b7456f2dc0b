// Metrics: what /metrics shows. Thread-safe.
//
// Counters and histograms are kept here; what the engine knows (points, bytes, jobs) is asked for
// when the page is read. Names have the prefix sagitta_, times are seconds, sizes are bytes.
#pragma once

#include <grpcpp/support/status.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <atomic>
#include <string>

#include "sagitta/database.h"
#include "server/methods.h"

namespace sagitta::server {

class Metrics {
 public:
  Metrics();

  void RecordCall(Method method, grpc::StatusCode code, double seconds);
  // One batch of an upsert stream, or one unary upsert, that was acknowledged.
  void RecordPointsWritten(uint64_t points) {
    points_written_->Increment(static_cast<double>(points));
  }
  void RecordQuery(const QueryInfo& info);
  // One query of a query stream, from when work on it began.
  void RecordStreamQuery(grpc::StatusCode code, double seconds);

  // A value that is read when the page is; `name` without the prefix.
  struct Gauge {
    std::string name;
    std::string help;
    std::string label;  // "name=value" or empty
    double value;
  };
  // The page, in the text format that Prometheus reads. `database` may be null.
  std::string Page(const Database* database, const std::vector<Gauge>& gauges) const;

 private:
  using Counters = prometheus::Family<prometheus::Counter>;

  // Counters of one family by gRPC code, made when a code is first seen.
  class ByCode {
   public:
    void Increment(Counters& family, Method method, grpc::StatusCode code);

   private:
    std::array<std::atomic<prometheus::Counter*>, 17> counters_{};
  };

  prometheus::Registry registry_;
  Counters* handled_;
  std::array<ByCode, kMethods> handled_by_code_;
  std::array<prometheus::Histogram*, kMethods> seconds_{};
  Counters* stream_queries_;
  ByCode stream_queries_by_code_;
  prometheus::Histogram* stream_query_seconds_;
  prometheus::Counter* points_written_;
  prometheus::Counter* distances_;
  prometheus::Counter* scans_;
};

}  // namespace sagitta::server
