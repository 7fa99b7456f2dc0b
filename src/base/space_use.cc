#include "sagitta/admin.h"

namespace sagitta {

SpaceUse& SpaceUse::operator+=(const SpaceUse& other) {
  memory_vectors += other.memory_vectors;
  memory_links += other.memory_links;
  memory_ids += other.memory_ids;
  memory_payload_index += other.memory_payload_index;
  mapped_vectors += other.mapped_vectors;
  mapped_index += other.mapped_index;
  disk_segments += other.disk_segments;
  disk_rocksdb += other.disk_rocksdb;
  disk_wal += other.disk_wal;
  memory_filter_cache += other.memory_filter_cache;
  return *this;
}

}  // namespace sagitta
