#include "sagitta/admin.h"

namespace sagitta {

SpaceUse& SpaceUse::operator+=(const SpaceUse& other) {
  memory_vectors += other.memory_vectors;
  memory_codes += other.memory_codes;
  memory_links += other.memory_links;
  memory_ids += other.memory_ids;
  memory_payload_index += other.memory_payload_index;
  memory_filter_cache += other.memory_filter_cache;
  mapped_vectors += other.mapped_vectors;
  mapped_codes += other.mapped_codes;
  mapped_links += other.mapped_links;
  mapped_ids += other.mapped_ids;
  resident_vectors += other.resident_vectors;
  resident_index += other.resident_index;
  disk_segments += other.disk_segments;
  disk_rocksdb += other.disk_rocksdb;
  disk_wal += other.disk_wal;
  return *this;
}

}  // namespace sagitta
