#include "server/metrics_pages.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>

#include "base/memory_budget.h"

namespace sagitta::server {
namespace {

constexpr size_t kMaxCollections = 100;

// Taken when the program starts.
const double kStartSeconds =
    std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();

size_t OpenFiles() {
  std::error_code error;
  size_t count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", error), end; !error && it != end;
       it.increment(error)) {
    ++count;
  }
  return count;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

prometheus::ClientMetric& MetricPages::Slot(const std::string& name, const std::string& help,
                                            const Labels& labels, prometheus::MetricType type) {
  auto family = std::ranges::find(*families_, name, &prometheus::MetricFamily::name);
  if (family == families_->end()) {
    families_->push_back({name, help, type, {}});
    family = std::prev(families_->end());
  }
  prometheus::ClientMetric& metric = family->metric.emplace_back();
  for (const auto& [key, value] : labels) metric.label.push_back({key, value});
  return metric;
}

void MetricPages::Add(const std::string& name, const std::string& help, const Labels& labels,
                      double value) {
  Slot(name, help, labels, prometheus::MetricType::Gauge).gauge.value = value;
}

void MetricPages::AddBuildInfo(const VersionInfo& version) {
  Add("sagitta_build_info", "What runs; the value is 1",
      {{"version", version.version}, {"commit", version.commit}, {"simd", version.simd}}, 1);
}

void MetricPages::AddProcess() {
  Add("process_resident_memory_bytes", "Resident memory", {},
      static_cast<double>(base::ProcessResidentBytes()));
  Add("process_open_fds", "Open file descriptors", {}, static_cast<double>(OpenFiles()));
  Add("process_start_time_seconds", "Unix time of the start", {}, kStartSeconds);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  Slot("process_cpu_seconds_total", "User and system CPU time", {}, prometheus::MetricType::Counter)
      .counter.value = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

void MetricPages::AddMemory(const MemoryUse& use) {
  auto number = [](uint64_t value) { return static_cast<double>(value); };
  Add("sagitta_memory_limit_bytes", "The memory limit", {}, number(use.limit));
  Add("sagitta_memory_reserved_bytes",
      "Counted against the limit: mutable segments, jobs, and RocksDB's cache at its largest", {},
      number(use.reserved));
  Add("sagitta_store_cache_bytes", "RocksDB's cache, memtables included", {}, number(use.cache));
}

void MetricPages::AddCollection(const std::string& label, const CollectionStats& stats) {
  const Labels collection = {{"collection", label}};
  uint64_t segments = 0, rows = 0, deleted = 0, unsealed = 0, read_only = 0;
  for (const ShardStats& shard : stats.shards) {
    segments += shard.segments.size();
    unsealed += shard.unsealed_rows;
    read_only += shard.read_only ? 1 : 0;
    for (const SegmentStats& segment : shard.segments) {
      rows += segment.rows;
      deleted += segment.deleted;
    }
  }
  auto number = [](uint64_t value) { return static_cast<double>(value); };
  Add("sagitta_points", "Live points", collection, number(stats.points));
  Add("sagitta_segments", "Segments, mutable ones included", collection, number(segments));
  Add("sagitta_unsealed_rows", "Rows not yet in sealed segments", collection, number(unsealed));
  Add("sagitta_deleted_rows", "Dead rows of segments", collection, number(deleted));
  Add("sagitta_tombstones_ratio", "Dead share of all rows", collection,
      rows == 0 ? 0 : number(deleted) / number(rows));
  Add("sagitta_shards_read_only", "Shards that refuse writes", collection, number(read_only));

  const SpaceUse& space = stats.space;
  const std::pair<const char*, uint64_t> memory[] = {{"vectors", space.memory_vectors},
                                                     {"codes", space.memory_codes},
                                                     {"links", space.memory_links},
                                                     {"ids", space.memory_ids},
                                                     {"payload_index", space.memory_payload_index},
                                                     {"filter_cache", space.memory_filter_cache},
                                                     {"mapped_vectors", space.mapped_vectors},
                                                     {"mapped_codes", space.mapped_codes},
                                                     {"mapped_links", space.mapped_links},
                                                     {"mapped_ids", space.mapped_ids},
                                                     {"resident_vectors", space.resident_vectors},
                                                     {"resident_index", space.resident_index}};
  for (const auto& [part, bytes] : memory) {
    Add("sagitta_memory_bytes", "Memory by part; mapped parts may be dropped by the kernel",
        {{"collection", label}, {"part", part}}, number(bytes));
  }
  const std::pair<const char*, uint64_t> disk[] = {
      {"segments", space.disk_segments}, {"rocksdb", space.disk_rocksdb}, {"wal", space.disk_wal}};
  for (const auto& [part, bytes] : disk) {
    Add("sagitta_disk_bytes", "Disk by part", {{"collection", label}, {"part", part}},
        number(bytes));
  }
}

void MetricPages::AddModels(const std::vector<ModelInfo>& models) {
  for (const ModelInfo& model : models) {
    if (model.kind != ModelKind::kAdapter) continue;
    Slot("sagitta_mapped_vectors_total", "Vectors of queries and points that an adapter has mapped",
         {{"adapter", model.ref.ToString()}}, prometheus::MetricType::Counter)
        .counter.value = static_cast<double>(model.mapped);
  }
  Add("sagitta_models", "Versions of models", {}, static_cast<double>(models.size()));
}

void MetricPages::AddCollections(const Database& database) {
  size_t shown = 0;
  CollectionStats rest;
  bool has_rest = false;
  const std::vector<CollectionSchema> schemas = database.ListCollections();
  for (const CollectionSchema& schema : schemas) {
    auto collection = database.GetCollection(schema.name);
    if (!collection.ok()) continue;  // dropped meanwhile
    auto stats = (*collection)->Stats();
    if (!stats.ok()) continue;
    if (shown++ < kMaxCollections) {
      AddCollection(schema.name, *stats);
      continue;
    }
    has_rest = true;
    rest.points += stats->points;
    rest.space += stats->space;
    for (ShardStats& shard : stats->shards) rest.shards.push_back(std::move(shard));
  }
  if (has_rest) AddCollection("_other", rest);
  Add("sagitta_collections", "Collections", {}, static_cast<double>(schemas.size()));
}

void MetricPages::AddCompaction(const CompactionStatus& status) {
  Add("sagitta_compaction_paused", "1 while the compactor is paused", {}, status.paused ? 1 : 0);
  Add("sagitta_compaction_pending", "Jobs that the compactor would start now", {}, status.pending);
  std::map<std::string, int> running, failed;
  for (const JobInfo& job : status.running) ++running[job.kind];
  for (const JobInfo& job : status.recent) {
    if (job.state == JobState::kFailed) ++failed[job.kind];
  }
  Add("sagitta_compaction_running", "Jobs that run", {},
      static_cast<double>(status.running.size()));
  for (const auto& [kind, count] : running) {
    Add("sagitta_compaction_jobs_running", "Jobs that run, by kind", {{"kind", kind}}, count);
  }
  for (const auto& [kind, count] : failed) {
    Add("sagitta_compaction_jobs_failed_recently", "Failed ones of the last 100 jobs",
        {{"kind", kind}}, count);
  }
}

}  // namespace sagitta::server
