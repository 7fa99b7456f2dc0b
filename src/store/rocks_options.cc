#include "store/rocks_options.h"

#include <rocksdb/convenience.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <vector>

namespace sagitta::store {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

// Bounds how much log a shard keeps, and how much is read again after a crash (replay runs at ≈
// 200–400 MB/s): above it the families whose rows the oldest log still guards are flushed. Twice
// the largest memtable, so that it is mostly small families that are flushed early by it.
constexpr uint64_t kMaxWalBytes = 128 * kMiB;

// One shard of 64 must not use up a process's file descriptors; further tables are reopened on use.
constexpr int kMaxOpenFiles = 512;

rocksdb::CompressionType FirstSupported(std::initializer_list<rocksdb::CompressionType> wanted) {
  const std::vector<rocksdb::CompressionType> have = rocksdb::GetSupportedCompressions();
  for (rocksdb::CompressionType type : wanted) {
    if (std::find(have.begin(), have.end(), type) != have.end()) return type;
  }
  return rocksdb::kNoCompression;
}

rocksdb::BlockBasedTableOptions TableOptions(const RocksResources& resources) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = resources.cache();
  table.block_size = 16 << 10;
  table.cache_index_and_filter_blocks = true;  // so that the cache's limit bounds them too
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  table.checksum = rocksdb::kCRC32c;
  return table;
}

void UseBloom(rocksdb::BlockBasedTableOptions* table, rocksdb::ColumnFamilyOptions* options) {
  table->filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table->whole_key_filtering = true;
  // Most ids looked up by an insert are new: the memtable's own filter says so at once.
  options->memtable_prefix_bloom_size_ratio = 0.05;
  options->memtable_whole_key_filtering = true;
}

void UseBlobs(const RocksResources& resources, uint64_t min_bytes,
              rocksdb::ColumnFamilyOptions* options) {
  options->enable_blob_files = true;
  options->min_blob_size = min_bytes;
  options->blob_file_size = 256 * kMiB;
  options->blob_compression_type = rocksdb::kNoCompression;
  options->enable_blob_garbage_collection = true;
  options->blob_garbage_collection_age_cutoff = 0.25;
  options->blob_garbage_collection_force_threshold = 0.5;
  options->blob_compaction_readahead_size = 2 * kMiB;
  options->blob_cache = resources.cache();
}

}  // namespace

rocksdb::DBOptions BaseDbOptions() {
  rocksdb::DBOptions options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  // A record cut off at the log's end was never acknowledged and is dropped; damage anywhere else
  // refuses the open. kPointInTimeRecovery would drop everything after the damage, acknowledged or
  // not, in silence.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // False alarms in 7.8 (facebook/rocksdb#10892).
  options.track_and_verify_wals_in_manifest = false;
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  // The store decides itself when to go on after an error: see ErrorState.
  options.max_bgerror_resume_count = 0;
  options.max_manifest_file_size = 16 * kMiB;
  // RocksDB would reserve 1.1 memtables for each log and 4 MiB for each MANIFEST: of a shard that
  // rests, more than most collections have.
  options.allow_fallocate = false;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::DBOptions ShardDbOptions(const RocksResources& resources) {
  rocksdb::DBOptions options = BaseDbOptions();
  options.write_buffer_manager = resources.write_buffers();
  options.rate_limiter = resources.rate_limiter();
  options.max_background_jobs = resources.background_jobs();
  options.max_total_wal_size = kMaxWalBytes;
  options.max_open_files = kMaxOpenFiles;
  options.max_file_opening_threads = 4;
  options.bytes_per_sync = 1 * kMiB;  // files reach the disk while written, not in one burst
  options.avoid_flush_during_recovery = true;  // the log is kept instead: opens faster
  // Scans read whole blob files in order: leave the kernel's own read-ahead on.
  options.advise_random_on_open = false;
  // One writer: no group of concurrent memtable writers to set up.
  options.allow_concurrent_memtable_write = false;
  options.enable_write_thread_adaptive_yield = false;
  return options;
}

rocksdb::ColumnFamilyOptions ShardFamilyOptions(Family family, const RocksResources& resources) {
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions table = TableOptions(resources);
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = 16 * kMiB;
  options.max_write_buffer_number = 3;
  options.level_compaction_dynamic_level_bytes = true;
  switch (family) {
    case Family::kIdMap:
      UseBloom(&table, &options);
      table.block_size = 8 << 10;
      table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
      break;
    case Family::kRev:
      UseBloom(&table, &options);
      options.compression = FirstSupported({rocksdb::kLZ4Compression});
      break;
    case Family::kVec:
      UseBlobs(resources, 512, &options);
      options.write_buffer_size = 64 * kMiB;
      options.max_write_buffer_number = 4;
      break;
    case Family::kPayload:
      options.write_buffer_size = 32 * kMiB;
      options.compression = FirstSupported({rocksdb::kLZ4Compression, rocksdb::kZSTD});
      options.bottommost_compression = FirstSupported({rocksdb::kZSTD, rocksdb::kLZ4Compression});
      break;
    case Family::kPayloadIndex:
      UseBlobs(resources, 4096, &options);
      break;
    case Family::kOplog:
    case Family::kDedup:
      options.write_buffer_size = 8 * kMiB;
      break;
    case Family::kMeta:
    case Family::kCatalog:
      break;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace sagitta::store
