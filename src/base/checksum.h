// Checksums of stored bytes. Thread-safe, pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sagitta::base {

// CRC-32C (Castagnoli, RFC 3720), in hardware where the CPU has it. `seed` chains calls.
uint32_t Crc32c(const void* data, size_t bytes, uint32_t seed = 0);
inline uint32_t Crc32c(std::string_view data) { return Crc32c(data.data(), data.size()); }

// XXH3, 64 bits.
uint64_t Xxh3(const void* data, size_t bytes);
// XXH3, 64 bits, of a whole file, for snapshots: see file.h's HashFile.

}  // namespace sagitta::base
