#include "store/rocks_crc32c.h"

#include <cstddef>
#include <cstdint>

#include "base/checksum.h"

#if defined(SAGITTA_INTERPOSE_ROCKSDB_CRC32C)

#include <dlfcn.h>

namespace rocksdb::crc32c {

// CRC-32C of A and data, where init_crc is that of A: RocksDB's contract (util/crc32c.h).
__attribute__((visibility("default"), used)) uint32_t Extend(uint32_t init_crc, const char* data,
                                                             size_t n) {
  return sagitta::base::Crc32c(data, n, init_crc);
}

}  // namespace rocksdb::crc32c

namespace sagitta::store {

bool RocksUsesOurCrc32c() {
  // The definition that the dynamic linker binds RocksDB's calls to.
  void* bound = dlsym(RTLD_DEFAULT, "_ZN7rocksdb6crc32c6ExtendEjPKcm");
  return bound == reinterpret_cast<void*>(&rocksdb::crc32c::Extend);
}

}  // namespace sagitta::store

#else

namespace sagitta::store {

bool RocksUsesOurCrc32c() { return false; }

}  // namespace sagitta::store

#endif
