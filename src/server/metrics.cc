#include "server/metrics.h"

#include <prometheus/text_serializer.h>

#include "sagitta/status.h"
#include "server/metrics_pages.h"
#include "server/status_map.h"

namespace sagitta::server {
namespace {

// From a cache hit on loopback to a snapshot of a large collection.
const prometheus::Histogram::BucketBoundaries kSeconds = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
    0.25,   0.5,     1,      2.5,   5,      10,    30,   60,    300};

prometheus::Labels MethodLabels(Method method) {
  const MethodInfo& info = InfoOf(method);
  return {{"service", std::string(info.service)}, {"method", std::string(info.name)}};
}

}  // namespace

Metrics::Metrics() {
  handled_ = &prometheus::BuildCounter()
                  .Name("sagitta_grpc_server_handled_total")
                  .Help("Calls that ended, by method and gRPC code")
                  .Register(registry_);
  auto& seconds = prometheus::BuildHistogram()
                      .Name("sagitta_grpc_server_handling_seconds")
                      .Help("Time from a call's arrival to its end, by method")
                      .Register(registry_);
  for (const MethodInfo& info : AllMethods()) {
    seconds_[static_cast<size_t>(info.method)] = &seconds.Add(MethodLabels(info.method), kSeconds);
  }
  stream_queries_ = &prometheus::BuildCounter()
                         .Name("sagitta_stream_queries_total")
                         .Help("Queries of query streams that were answered, by gRPC code")
                         .Register(registry_);
  stream_query_seconds_ = &prometheus::BuildHistogram()
                               .Name("sagitta_stream_query_seconds")
                               .Help("Time of a query of a query stream, without waiting")
                               .Register(registry_)
                               .Add(MethodLabels(Method::kQueryStream), kSeconds);
  points_written_ = &prometheus::BuildCounter()
                         .Name("sagitta_points_written_total")
                         .Help("Points upserted and acknowledged")
                         .Register(registry_)
                         .Add({});
  distances_ = &prometheus::BuildCounter()
                    .Name("sagitta_distance_computations_total")
                    .Help("Distances computed for queries")
                    .Register(registry_)
                    .Add({});
  scans_ = &prometheus::BuildCounter()
                .Name("sagitta_filter_scans_total")
                .Help("Queries with a condition on a path without payload index")
                .Register(registry_)
                .Add({});
}

void Metrics::ByCode::Increment(Counters& family, Method method, grpc::StatusCode code) {
  const size_t column =
      static_cast<size_t>(code) < counters_.size() ? static_cast<size_t>(code) : 2;
  std::atomic<prometheus::Counter*>& slot = counters_[column];
  prometheus::Counter* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    prometheus::Labels labels = MethodLabels(method);
    labels["code"] = std::string(StatusCodeName(FromGrpcCode(code)));
    // Add() returns the same counter for the same labels, so that a race here is harmless.
    counter = &family.Add(labels);
    slot.store(counter, std::memory_order_release);
  }
  counter->Increment();
}

void Metrics::RecordCall(Method method, grpc::StatusCode code, double seconds) {
  const size_t row = static_cast<size_t>(method);
  handled_by_code_[row].Increment(*handled_, method, code);
  seconds_[row]->Observe(seconds);
}

void Metrics::RecordStreamQuery(grpc::StatusCode code, double seconds) {
  stream_queries_by_code_.Increment(*stream_queries_, Method::kQueryStream, code);
  stream_query_seconds_->Observe(seconds);
}

void Metrics::RecordQuery(const QueryInfo& info) {
  distances_->Increment(static_cast<double>(info.distances));
  if (info.filter_scanned) scans_->Increment();
}

std::string Metrics::Page(const Database* database, const std::vector<Gauge>& gauges) const {
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  MetricPages pages(&families);
  pages.AddBuildInfo(Database::Version());
  pages.AddProcess();
  for (const Gauge& gauge : gauges) {
    const size_t split = gauge.label.find('=');
    pages.Add("sagitta_" + gauge.name, gauge.help,
              gauge.label.empty() ? MetricPages::Labels{}
                                  : MetricPages::Labels{{gauge.label.substr(0, split),
                                                         gauge.label.substr(split + 1)}},
              gauge.value);
  }
  if (database != nullptr) {
    pages.AddMemory(database->Memory());
    pages.AddCollections(*database);
    pages.AddModels(database->ListModels());
    pages.AddCompaction(database->Compaction());
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace sagitta::server
