// Oracle: what every key must hold, in a shared mapping of a file outside the data directory, so
// that it outlives a kill -9 of the process that writes both. Each key has one writing thread at a
// time; any thread may read.
//
// A writer notes the state it is about to write (`pending`), writes, and on acknowledgement makes
// it the key's state (`acked`). After a crash a key must hold `acked`, or `pending` where the two
// differ.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sagitta/point.h"

namespace sagitta::crash {

constexpr uint32_t kWriters = 3;
constexpr uint32_t kKeysPerWriter = 1'000;
constexpr uint32_t kKeys = kWriters * kKeysPerWriter;
constexpr uint32_t kDim = 16;

// Packs into one word, so that it changes in one store. Counters only grow, over deletes too.
struct KeyState {
  bool present = false;
  uint32_t vector_counter = 0;   // 31 bits: upserts so far
  uint32_t payload_counter = 0;  // 31 bits: payload updates since
  uint64_t Pack() const;
  static KeyState Unpack(uint64_t word);
  friend bool operator==(const KeyState&, const KeyState&) = default;
};

struct OracleKey {
  std::atomic<uint64_t> acked;
  std::atomic<uint64_t> pending;
};

// What a worker tells its parent.
struct OracleHeader {
  std::atomic<uint64_t>
      ready_cycle;  // 1 + number of the last cycle whose worker opened and verified
  std::atomic<uint64_t> ready_micros;  // how long that open took
  std::atomic<uint64_t> acked_writes;  // points acknowledged, of all cycles
  std::atomic<uint64_t> searches;
  std::atomic<uint64_t> in_flight_kept;  // in-flight writes found done after a crash
  std::atomic<uint64_t> in_flight_lost;  // and not done, which is as right
};

class Oracle {
 public:
  // Creates the file when it is not there. Null when the system refuses, with a line on stderr.
  static std::unique_ptr<Oracle> Open(const std::string& path);
  ~Oracle();
  OracleHeader& header() { return *header_; }
  OracleKey& key(uint32_t k) { return keys_[k]; }

 private:
  Oracle(void* base, size_t size);
  void* base_;
  size_t size_;
  OracleHeader* header_;
  OracleKey* keys_;
};

// Content by key and state, so that one word stands for all of a point.
PointId IdOf(uint32_t key);
std::vector<float> VectorOf(uint32_t key, uint32_t vector_counter);
Payload PayloadOf(uint32_t key, const KeyState& state);
constexpr uint32_t WriterOf(uint32_t key) { return key / kKeysPerWriter; }
constexpr int64_t BucketOf(uint32_t key) { return key % 40; }
// Writers 0 and 1 share the collection of one shard; writer 2 has the other.
const char* CollectionOf(uint32_t writer);

}  // namespace sagitta::crash
