// What an operator sees: statistics, jobs, snapshots. Thread-compatible value types.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sagitta/schema.h"

namespace sagitta {

// Bytes by kind. Memory is what the engine holds itself; mapped files count apart, as the kernel
// may drop their pages.
struct SpaceUse {
  uint64_t memory_vectors = 0;  // mutable segments' vectors
  uint64_t memory_codes = 0;    // codes of mutable segments; what encodes and decodes
  uint64_t memory_links = 0;    // graph links of mutable segments
  uint64_t memory_ids = 0;      // row ids, tombstones
  uint64_t memory_payload_index = 0;
  uint64_t memory_filter_cache = 0;  // rows of filters that are asked for again and again
  // Of sealed segment files.
  uint64_t mapped_vectors = 0;
  uint64_t mapped_codes = 0;
  uint64_t mapped_links = 0;  // with the lists and centroids of IVF kinds
  uint64_t mapped_ids = 0;
  // Of mapped vectors, and of all that is mapped besides: what is in memory at this moment.
  uint64_t resident_vectors = 0;
  uint64_t resident_index = 0;
  uint64_t disk_segments = 0;
  uint64_t disk_rocksdb = 0;  // without its logs
  uint64_t disk_wal = 0;      // write-ahead logs: what is not in tables yet

  SpaceUse& operator+=(const SpaceUse& other);
  uint64_t memory_total() const {
    return memory_vectors + memory_codes + memory_links + memory_ids + memory_payload_index +
           memory_filter_cache;
  }
  uint64_t mapped_index() const { return mapped_codes + mapped_links + mapped_ids; }
};

// Of a whole database.
struct MemoryUse {
  uint64_t limit = 0;  // DatabaseOptions::memory_limit_bytes, or what it comes to
  // Counted against it: mutable segments, running jobs, and RocksDB's cache at its largest.
  uint64_t reserved = 0;
  uint64_t cache = 0;    // RocksDB's, memtables included
  uint64_t process = 0;  // resident memory of the process, mapped pages included
};

struct SegmentStats {
  std::string id;                    // UUID of a sealed segment, "mutable-N" of any other
  std::string state;                 // "mutable", "frozen", "sealed" or "degraded"
  std::vector<std::string> indexes;  // per vector field: "FLAT", "HNSW", …
  // Per vector field, how searches read its rows: "F32", or narrower where that holds all exactly.
  std::vector<std::string> dtypes;
  std::vector<bool> vectors_on_disk;  // per vector field of a sealed segment: see Residency
  uint64_t rows = 0;
  uint64_t rows_linked = 0;  // of a segment in memory that grows a graph: rows that are in it
  uint64_t deleted = 0;
  SpaceUse space;
};

struct ShardStats {
  uint32_t shard = 0;
  uint64_t points = 0;
  uint64_t applied_seq = 0;
  uint64_t unsealed_rows = 0;
  bool read_only = false;
  std::string read_only_reason;
  std::vector<SegmentStats> segments;
  SpaceUse space;
};

struct CollectionStats {
  std::string name;
  uint64_t points = 0;
  uint64_t seq = 0;      // of the last write
  bool indexed = false;  // nothing is left for the compactor: every segment is as the settings ask
  std::vector<ShardStats> shards;
  SpaceUse space;
};

// DO NOT CHANGE THE VALUES: the wire carries them.
enum class JobState : uint8_t { kQueued = 1, kRunning = 2, kDone = 3, kFailed = 4, kCancelled = 5 };

// One run of the compactor on one shard, or the training of a model.
struct JobInfo {
  uint64_t id = 0;
  // "seal", "index", "merge", "purge", "reindex", "repair", "snapshot", … of the compactor; "train"
  std::string kind;
  std::string collection;
  uint32_t shard = 0;
  JobState state = JobState::kQueued;
  // "read", "build HNSW image", "write", "verify", "install"; of a training "wait", "sample",
  // "prepare", "train", "measure", "publish"
  std::string phase;
  double progress = 0;  // 0–1
  uint64_t rows = 0;
  int64_t started_ms = 0;  // Unix time, 0 = not yet
  int64_t finished_ms = 0;
  double eta_seconds = -1;  // −1 = unknown
  std::string error;        // when failed
  // Of a training: what it lowers, from its first step to now, as means of at most 100 equal parts.
  std::vector<float> losses;
  std::string note;  // of a training that is done: what was measured, and whether it is published
};

struct CompactionStatus {
  bool paused = false;
  uint32_t pending = 0;  // jobs the picker would start now
  std::vector<JobInfo> running;
  std::vector<JobInfo> recent;  // finished, newest first, at most 100
};

struct SnapshotInfo {
  std::string id;          // UUID
  std::string collection;  // its name when taken
  int64_t created_ms = 0;
  uint64_t points = 0;
  uint64_t seq = 0;
  uint64_t bytes = 0;  // files as listed; hard links share them with the live data
};

struct AliasInfo {
  std::string alias;
  std::string collection;
};

struct VersionInfo {
  std::string version;          // "0.1.0"
  std::string commit;           // "" when built without git
  std::string simd;             // kernel level in use: "avx512", "avx2", "neon", "scalar"
  uint32_t format_version = 0;  // of the data directory
};

}  // namespace sagitta
