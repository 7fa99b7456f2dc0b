// RocksDB's CRC-32C, done by ours. Distributions build RocksDB for their oldest CPU, where its
// checksum is a table walk (1.3 GB/s): on Debian 12 that was a quarter of a writer's time and two
// thirds of a flush's. RocksDB calls rocksdb::crc32c::Extend through the dynamic linker, which
// prefers a program's own definition: this room defines one that uses the CPU's instruction. The
// value is the same, so that files are readable with and without; where RocksDB is linked
// statically its own is used.
#pragma once

namespace sagitta::store {

// Whether RocksDB's checksums go through base::Crc32c in this process. Calling it also keeps the
// linker from leaving the definition out.
bool RocksUsesOurCrc32c();

}  // namespace sagitta::store
