// sagitta stats: rows and bytes by collection, shard and segment.

#include <memory>

#include "cli/proto_json.h"
#include "cli/session.h"

namespace sagitta::cli {
namespace {

struct Options {
  std::string collection;
  bool segments = false;
};

// By kind, wherever it is; then where it is.
const std::vector<Table::Column> kSpaceColumns = {
    {"VECTORS", Table::Align::kRight},      {"CODES", Table::Align::kRight},
    {"LINKS", Table::Align::kRight},        {"IDS", Table::Align::kRight},
    {"PAYLOAD IDX", Table::Align::kRight},  {"FILTERS", Table::Align::kRight},
    {"IN MEMORY", Table::Align::kRight},    {"DISK SEGMENTS", Table::Align::kRight},
    {"DISK ROCKSDB", Table::Align::kRight}, {"DISK WAL", Table::Align::kRight}};

uint64_t InMemory(const v1::SpaceUse& space) {
  return space.memory_vectors_bytes() + space.memory_codes_bytes() + space.memory_links_bytes() +
         space.memory_ids_bytes() + space.memory_payload_index_bytes() +
         space.memory_filter_cache_bytes() + space.resident_vectors_bytes() +
         space.resident_index_bytes();
}

std::vector<std::string> WithSpace(std::vector<std::string> cells, const v1::SpaceUse& space) {
  for (const uint64_t bytes :
       {space.memory_vectors_bytes() + space.mapped_vectors_bytes(),
        space.memory_codes_bytes() + space.mapped_codes_bytes(),
        space.memory_links_bytes() + space.mapped_links_bytes(),
        space.memory_ids_bytes() + space.mapped_ids_bytes(), space.memory_payload_index_bytes(),
        space.memory_filter_cache_bytes(), InMemory(space), space.disk_segments_bytes(),
        space.disk_rocksdb_bytes(), space.disk_wal_bytes()}) {
    cells.push_back(FormatBytes(bytes));
  }
  return cells;
}

std::string Joined(const google::protobuf::RepeatedPtrField<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ",") + name;
  return all;
}

// Per vector field.
std::string Places(const v1::SegmentStats& segment) {
  if (segment.state() != "sealed") return "memory";
  std::string all;
  for (const bool on_disk : segment.vectors_on_disk()) {
    all += std::string(all.empty() ? "" : ",") + (on_disk ? "disk" : "memory");
  }
  return all;
}

Table SpaceTable(std::vector<Table::Column> columns) {
  columns.insert(columns.end(), kSpaceColumns.begin(), kSpaceColumns.end());
  return Table(std::move(columns));
}

void PrintSegments(Session& session, const v1::CollectionStats& stats) {
  Table table = SpaceTable({{"SHARD", Table::Align::kRight},
                            {"SEGMENT"},
                            {"STATE"},
                            {"INDEX"},
                            {"DTYPE"},
                            {"VECTORS IN"},
                            {"ROWS", Table::Align::kRight},
                            {"LINKED", Table::Align::kRight},
                            {"DELETED", Table::Align::kRight}});
  for (const auto& shard : stats.shards()) {
    if (shard.read_only()) {
      session.out() << "shard " << shard.shard()
                    << " is read-only: " << EscapeControls(shard.read_only_reason()) << "\n";
    }
    for (const auto& segment : shard.segments()) {
      table.AddRow(WithSpace(
          {std::to_string(shard.shard()), segment.id(), segment.state(), Joined(segment.indexes()),
           Joined(segment.dtypes()), Places(segment), FormatCount(segment.rows()),
           FormatCount(segment.rows_linked()), FormatCount(segment.deleted())},
          segment.space()));
    }
  }
  session.out() << "\n" << stats.name() << ":\n";
  table.Print(session.out());
}

Outcome PrintStats(Session& session, const Options& o) {
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::GetStatsRequest request;
  request.set_collection(o.collection);
  v1::GetStatsResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(
      connection->Call(connection->admin(), &v1::AdminService::Stub::GetStats, request, &response));
  if (session.json()) {
    session.PrintJson(ProtoToJson(response)["collections"]);
    return Outcome::Ok();
  }
  Table table = SpaceTable({{"COLLECTION"},
                            {"POINTS", Table::Align::kRight},
                            {"SEQ", Table::Align::kRight},
                            {"SHARDS", Table::Align::kRight},
                            {"SEGMENTS", Table::Align::kRight},
                            {"INDEXED"}});
  for (const auto& stats : response.collections()) {
    int segments = 0;
    for (const auto& shard : stats.shards()) segments += shard.segments_size();
    table.AddRow(WithSpace({stats.name(), FormatCount(stats.points()), std::to_string(stats.seq()),
                            std::to_string(stats.shards_size()), std::to_string(segments),
                            stats.indexed() ? "yes" : "no"},
                           stats.space()));
  }
  table.Print(session.out());
  const v1::MemoryUse& memory = response.memory();
  session.out() << "memory: " << FormatBytes(memory.process_bytes()) << " resident; limit "
                << FormatBytes(memory.limit_bytes()) << ", of which "
                << FormatBytes(memory.reserved_bytes())
                << " are taken for writes, jobs and caches; "
                << "RocksDB's cache has " << FormatBytes(memory.cache_bytes()) << "\n";
  if (o.segments || !o.collection.empty()) {
    for (const auto& stats : response.collections()) PrintSegments(session, stats);
  }
  return Outcome::Ok();
}

}  // namespace

void AddStatsCommand(CLI::App& app, Commands& commands) {
  auto* sub = app.add_subcommand("stats", "Rows and bytes of collections, shards and segments");
  auto o = std::make_shared<Options>();
  sub->add_option("collection", o->collection, "Name or alias; all when not given");
  sub->add_flag("--segments", o->segments, "Also every segment (as with a collection given)");
  commands.Bind(sub, [o](Session& session) { return PrintStats(session, *o); });
}

}  // namespace sagitta::cli
