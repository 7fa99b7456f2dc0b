// CRC-32C by table, eight bytes at a time ("slicing by 8"): what Crc32c() uses where the CPU has no
// instruction for it, and what its tests compare with. Thread-safe, pure.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sagitta::base {

uint32_t Crc32cTable(const void* data, size_t bytes, uint32_t seed);

}  // namespace sagitta::base
