#include "tests/crash/oracle.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>

namespace sagitta::crash {
namespace {

constexpr uint64_t kCounterMask = (1ull << 31) - 1;
constexpr size_t kHeaderBytes = 4096;

uint64_t Mix(uint64_t x) {
  x ^= x >> 31;
  x *= 0x9e3779b97f4a7c15ull;
  x ^= x >> 29;
  return x * 0xbf58476d1ce4e5b9ull;
}

}  // namespace

uint64_t KeyState::Pack() const {
  return (present ? 1ull << 62 : 0) | (uint64_t{vector_counter} << 31) | payload_counter;
}

KeyState KeyState::Unpack(uint64_t word) {
  KeyState state;
  state.present = (word >> 62 & 1) != 0;
  state.vector_counter = static_cast<uint32_t>(word >> 31 & kCounterMask);
  state.payload_counter = static_cast<uint32_t>(word & kCounterMask);
  return state;
}

std::unique_ptr<Oracle> Oracle::Open(const std::string& path) {
  const size_t size = kHeaderBytes + kKeys * sizeof(OracleKey);
  int fd = open(path.c_str(), O_RDWR | O_CREAT, 0600);
  void* base = MAP_FAILED;
  if (fd >= 0 && ftruncate(fd, static_cast<off_t>(size)) == 0) {
    base = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  if (base == MAP_FAILED) std::perror(path.c_str());
  if (fd >= 0) close(fd);
  return base == MAP_FAILED ? nullptr : std::unique_ptr<Oracle>(new Oracle(base, size));
}

// A new file's zeroes are the atomics' initial state: all keys absent, all counters 0.
Oracle::Oracle(void* base, size_t size)
    : base_(base),
      size_(size),
      header_(static_cast<OracleHeader*>(base)),
      keys_(reinterpret_cast<OracleKey*>(static_cast<char*>(base) + kHeaderBytes)) {
  static_assert(std::atomic<uint64_t>::is_always_lock_free);
}

Oracle::~Oracle() { munmap(base_, size_); }

PointId IdOf(uint32_t key) {
  if (key % 3 == 0) return std::string("key-") + std::to_string(key);
  return uint64_t{key};
}

std::vector<float> VectorOf(uint32_t key, uint32_t vector_counter) {
  std::vector<float> vector(kDim);
  uint64_t x = uint64_t{key} << 32 | vector_counter;
  for (float& value : vector) {
    x = Mix(x + 1);
    value = static_cast<float>(static_cast<int>(x % 201) - 100) / 8;
  }
  return vector;
}

Payload PayloadOf(uint32_t key, const KeyState& state) {
  Payload payload;
  payload["key"] = int64_t{key};
  payload["owner"] = int64_t{WriterOf(key)};
  payload["bucket"] = BucketOf(key);
  payload["v"] = int64_t{state.vector_counter};
  if (state.payload_counter > 0) payload["p"] = int64_t{state.payload_counter};
  return payload;
}

const char* CollectionOf(uint32_t writer) { return writer < 2 ? "single" : "split"; }

}  // namespace sagitta::crash
