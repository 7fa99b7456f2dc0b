#include "server/convert_admin.h"

namespace sagitta::server {
namespace {

void ToProto(const SegmentStats& in, v1::SegmentStats* out) {
  out->set_id(in.id);
  out->set_state(in.state);
  for (const std::string& index : in.indexes) out->add_indexes(index);
  for (const std::string& dtype : in.dtypes) out->add_dtypes(dtype);
  for (const bool on_disk : in.vectors_on_disk) out->add_vectors_on_disk(on_disk);
  out->set_rows(in.rows);
  out->set_deleted(in.deleted);
  out->set_rows_linked(in.rows_linked);
  server::ToProto(in.space, out->mutable_space());
}

void ToProto(const ShardStats& in, v1::ShardStats* out) {
  out->set_shard(in.shard);
  out->set_points(in.points);
  out->set_applied_seq(in.applied_seq);
  out->set_unsealed_rows(in.unsealed_rows);
  out->set_read_only(in.read_only);
  out->set_read_only_reason(in.read_only_reason);
  for (const SegmentStats& segment : in.segments) ToProto(segment, out->add_segments());
  server::ToProto(in.space, out->mutable_space());
}

void ToProto(const JobInfo& in, v1::Job* out) {
  out->set_id(in.id);
  out->set_kind(in.kind);
  out->set_collection(in.collection);
  out->set_shard(in.shard);
  out->set_state(static_cast<v1::JobState>(in.state));
  out->set_phase(in.phase);
  out->set_progress(in.progress);
  out->set_rows(in.rows);
  out->set_started_ms(in.started_ms);
  out->set_finished_ms(in.finished_ms);
  out->set_eta_seconds(in.eta_seconds);
  out->set_error(in.error);
  out->mutable_losses()->Assign(in.losses.begin(), in.losses.end());
  out->set_note(in.note);
}

}  // namespace

void ToProto(const SpaceUse& in, v1::SpaceUse* out) {
  out->set_memory_vectors_bytes(in.memory_vectors);
  out->set_memory_codes_bytes(in.memory_codes);
  out->set_memory_links_bytes(in.memory_links);
  out->set_memory_ids_bytes(in.memory_ids);
  out->set_memory_payload_index_bytes(in.memory_payload_index);
  out->set_mapped_vectors_bytes(in.mapped_vectors);
  out->set_mapped_codes_bytes(in.mapped_codes);
  out->set_mapped_links_bytes(in.mapped_links);
  out->set_mapped_ids_bytes(in.mapped_ids);
  out->set_resident_vectors_bytes(in.resident_vectors);
  out->set_resident_index_bytes(in.resident_index);
  out->set_disk_segments_bytes(in.disk_segments);
  out->set_disk_rocksdb_bytes(in.disk_rocksdb);
  out->set_disk_wal_bytes(in.disk_wal);
  out->set_memory_filter_cache_bytes(in.memory_filter_cache);
}

void ToProto(const MemoryUse& in, v1::MemoryUse* out) {
  out->set_limit_bytes(in.limit);
  out->set_reserved_bytes(in.reserved);
  out->set_cache_bytes(in.cache);
  out->set_process_bytes(in.process);
}

void ToProto(const CollectionStats& in, v1::CollectionStats* out) {
  out->set_name(in.name);
  out->set_points(in.points);
  out->set_seq(in.seq);
  out->set_indexed(in.indexed);
  for (const ShardStats& shard : in.shards) ToProto(shard, out->add_shards());
  ToProto(in.space, out->mutable_space());
}

void ToProto(const CompactionStatus& in, v1::GetCompactionResponse* out) {
  out->set_paused(in.paused);
  out->set_pending(in.pending);
  for (const JobInfo& job : in.running) ToProto(job, out->add_running());
  for (const JobInfo& job : in.recent) ToProto(job, out->add_recent());
}

void ToProto(const SnapshotInfo& in, v1::Snapshot* out) {
  out->set_id(in.id);
  out->set_collection(in.collection);
  out->set_created_ms(in.created_ms);
  out->set_points(in.points);
  out->set_seq(in.seq);
  out->set_bytes(in.bytes);
}

void ToProto(const VersionInfo& in, v1::GetVersionResponse* out) {
  out->set_version(in.version);
  out->set_commit(in.commit);
  out->set_simd(in.simd);
  out->set_format_version(in.format_version);
}

}  // namespace sagitta::server
