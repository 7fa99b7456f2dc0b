// MetricPages: builds the families of /metrics that are read from the engine and the process at the
// time of the call. Thread-compatible.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

#include "sagitta/database.h"

namespace sagitta::server {

class MetricPages {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  explicit MetricPages(std::vector<prometheus::MetricFamily>* families) : families_(families) {}

  // A gauge; those of one name share a family.
  void Add(const std::string& name, const std::string& help, const Labels& labels, double value);

  void AddBuildInfo(const VersionInfo& version);
  void AddProcess();  // resident memory, open files, CPU time, start time
  void AddMemory(const MemoryUse& use);
  // By collection; past the first 100 by name, so that labels stay few, the rest is summed as
  // "_other".
  void AddModels(const std::vector<ModelInfo>& models);
  void AddCollections(const Database& database);
  void AddCompaction(const CompactionStatus& status);

 private:
  void AddCollection(const std::string& label, const CollectionStats& stats);
  prometheus::ClientMetric& Slot(const std::string& name, const std::string& help,
                                 const Labels& labels, prometheus::MetricType type);

  std::vector<prometheus::MetricFamily>* families_;
};

}  // namespace sagitta::server
