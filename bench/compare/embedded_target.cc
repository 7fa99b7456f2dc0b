#include "bench/compare/embedded_target.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <utility>

#include "bench/compare/filter_from_json.h"

namespace sagitta::bench {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr size_t kBatch = 1000;

void Check(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}
template <typename T>
T Take(Result<T> result) {
  Check(result.status());
  return std::move(*result);
}
double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// One payload field of all points.
class Column {
 public:
  explicit Column(const json& job)
      : path_(job.at("path")), text_(job.value("text", false)), values_(job.at("file"), "<i8") {}

  void AddTo(size_t row, Payload* payload) const {
    ValueList list;
    for (size_t c = 0; c < values_.columns(); ++c) {
      const int64_t value = values_.row<int64_t>(row)[c];
      if (value < 0) continue;
      list.push_back(text_ ? Value(std::to_string(value)) : Value(value));
    }
    if (list.empty()) return;
    (*payload)[path_] = values_.columns() > 1 ? Value(std::move(list)) : std::move(list[0]);
  }

 private:
  std::string path_;
  bool text_;
  NpyFile values_;
};

Query MakeQuery(const SearchJob& job, size_t i) {
  Query query;
  query.target =
      VectorValue(std::span<const float>(job.queries->row<float>(i), job.queries->columns()));
  query.k = job.k;
  if (job.params.contains("ef")) query.params.ef = job.params["ef"].get<uint32_t>();
  if (job.params.contains("nprobe")) query.params.nprobe = job.params["nprobe"].get<uint32_t>();
  if (job.params.contains("oversampling")) {
    query.params.oversampling = job.params["oversampling"].get<float>();
  }
  query.params.exact = job.params.value("exact", false);
  if (!job.filter_of_query.empty()) {
    query.filter = FilterFromJson(job.filters.at(static_cast<size_t>(job.filter_of_query[i])));
  }
  return query;
}

class EmbeddedSearch : public PreparedSearch {
 public:
  EmbeddedSearch(std::shared_ptr<Collection> collection, const SearchJob& job)
      : collection_(std::move(collection)) {
    for (size_t i = 0; i < job.queries->rows(); ++i) queries_.push_back(MakeQuery(job, i));
  }
  void Run(size_t, size_t first, size_t n, Found* found) override {
    if (n == 1) {
      *found = FoundOf(Take(collection_->Search(queries_[first], {})));
      return;
    }
    auto results = Take(collection_->SearchBatch(std::span(queries_).subspan(first, n), {}));
    for (size_t i = 0; i < n; ++i) found[i] = FoundOf(Take(std::move(results[i])));
  }

 private:
  static Found FoundOf(const QueryResult& result) {
    Found found{.ids = {}, .distances = result.info.distances};
    found.ids.reserve(result.hits.size());
    for (const Hit& hit : result.hits) {
      found.ids.push_back(static_cast<int64_t>(std::get<uint64_t>(hit.point.id.value())));
    }
    return found;
  }

  std::shared_ptr<Collection> collection_;
  std::vector<Query> queries_;
};

json SpaceToJson(const SpaceUse& space) {
  return {{"memory_vectors", space.memory_vectors}, {"memory_codes", space.memory_codes},
          {"memory_links", space.memory_links},     {"memory_ids", space.memory_ids},
          {"mapped_vectors", space.mapped_vectors}, {"mapped_codes", space.mapped_codes},
          {"mapped_links", space.mapped_links},     {"mapped_ids", space.mapped_ids},
          {"memory_payload", space.memory_payload_index},
          {"disk_segments", space.disk_segments},   {"disk_rocksdb", space.disk_rocksdb}};
}

}  // namespace

EmbeddedTarget::EmbeddedTarget(const json& job) {
  const uint32_t threads = job.value("threads", 2u);
  database_ = Take(Database::Open({.path = job.at("dir"),
                                   .search_threads = job.value("search_threads", 1u),
                                   .compaction_threads = threads,
                                   .compaction_paused = true}));
  const auto schema = Take(CollectionSchema::FromJson(job.at("schema").dump()));
  collection_ = Take(database_->CreateCollection(schema));
  const auto start = Clock::now();
  Load(job);
  report_["load_seconds"] = SecondsSince(start);
  // Sealing and indexing only, so that it can be set against a library that gets rows in memory.
  const auto loaded = Clock::now();
  database_->PauseCompaction(false);
  Check(collection_->Compact());
  Check(collection_->WaitIndexed({}, nullptr));
  report_["build_seconds"] = SecondsSince(loaded);
  ReportSpace();
}

void EmbeddedTarget::Load(const json& job) {
  const NpyFile base(job.at("base"), "<f4");
  std::vector<std::unique_ptr<Column>> columns;
  for (const json& column : job.value("columns", json::array())) {
    columns.push_back(std::make_unique<Column>(column));
  }
  const std::string field = collection_->Schema().fields.at(0).name;
  for (size_t first = 0; first < base.rows(); first += kBatch) {
    std::vector<UpsertPoint> points(std::min(kBatch, base.rows() - first));
    for (size_t i = 0; i < points.size(); ++i) {
      const size_t row = first + i;
      points[i].point.id = uint64_t{row};
      points[i].point.vectors[field] =
          VectorValue(std::span<const float>(base.row<float>(row), base.columns()));
      for (const auto& column : columns) column->AddTo(row, &points[i].point.payload);
    }
    // Durability is not what is compared here.
    Check(collection_->Upsert(std::move(points), {.durability = Durability::kOs}).status());
  }
}

void EmbeddedTarget::ReportSpace() {
  const CollectionStats stats = Take(collection_->Stats());
  report_["space"] = SpaceToJson(stats.space);
  report_["segments"] = json::array();
  for (const ShardStats& shard : stats.shards) {
    for (const SegmentStats& segment : shard.segments) {
      report_["segments"].push_back(
          {{"state", segment.state}, {"rows", segment.rows}, {"indexes", segment.indexes}});
    }
  }
}

std::unique_ptr<PreparedSearch> EmbeddedTarget::Prepare(const SearchJob& job, size_t) {
  return std::make_unique<EmbeddedSearch>(collection_, job);
}

}  // namespace sagitta::bench
