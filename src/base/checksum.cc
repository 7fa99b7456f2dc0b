#include "base/checksum.h"

#include <xxhash.h>

#include <array>
#include <cstring>

#include "base/crc32c_table.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#endif

namespace sagitta::base {

namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;  // Castagnoli, bits reversed

using Tables = std::array<std::array<uint32_t, 256>, 8>;

constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][i] = crc;
  }
  for (size_t t = 1; t < 8; ++t) {
    for (size_t i = 0; i < 256; ++i) {
      const uint32_t before = tables[t - 1][i];
      tables[t][i] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t Crc32cSse42(const void* data, size_t bytes,
                                                       uint32_t seed) {
  const char* p = static_cast<const char*>(data);
  uint64_t crc = ~seed;
  for (; bytes >= 8; bytes -= 8, p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  uint32_t tail = static_cast<uint32_t>(crc);
  for (; bytes > 0; --bytes, ++p) tail = _mm_crc32_u8(tail, static_cast<uint8_t>(*p));
  return ~tail;
}
#elif defined(__ARM_FEATURE_CRC32)
uint32_t Crc32cArm(const void* data, size_t bytes, uint32_t seed) {
  const char* p = static_cast<const char*>(data);
  uint32_t crc = ~seed;
  for (; bytes >= 8; bytes -= 8, p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    crc = __crc32cd(crc, word);
  }
  for (; bytes > 0; --bytes, ++p) crc = __crc32cb(crc, static_cast<uint8_t>(*p));
  return ~crc;
}
#endif

using Crc32cFunction = uint32_t (*)(const void*, size_t, uint32_t);

Crc32cFunction ChooseCrc32c() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2")) return Crc32cSse42;
#elif defined(__ARM_FEATURE_CRC32)
  return Crc32cArm;
#endif
  return Crc32cTable;
}

}  // namespace

uint32_t Crc32cTable(const void* data, size_t bytes, uint32_t seed) {
  const uint8_t* p = static_cast<const uint8_t*>(data);
  uint32_t crc = ~seed;
  for (; bytes >= 8; bytes -= 8, p += 8) {
    uint64_t word;
    std::memcpy(&word, p, 8);
    word ^= crc;
    crc = 0;
    for (size_t i = 0; i < 8; ++i) crc ^= kTables[7 - i][(word >> (8 * i)) & 0xFF];
  }
  for (; bytes > 0; --bytes, ++p) crc = (crc >> 8) ^ kTables[0][(crc ^ *p) & 0xFF];
  return ~crc;
}

uint32_t Crc32c(const void* data, size_t bytes, uint32_t seed) {
  // A local static: other rooms' static initialisers may already need it.
  static const Crc32cFunction function = ChooseCrc32c();
  return function(data, bytes, seed);
}

uint64_t Xxh3(const void* data, size_t bytes) { return XXH3_64bits(data, bytes); }

}  // namespace sagitta::base
