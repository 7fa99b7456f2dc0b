// FilterCache: which rows of a sealed segment match the filters that are asked for again and again.
// Thread-safe.
//
// Rows of a sealed segment never change, they only die or expire. So what matched once matches for
// as long as it lives, and an answer serves every later view of the segment. A filter is kept from
// the second time on that it is seen, so that filters of one use do not push out others.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bitset.h"
#include "base/mutex.h"
#include "filter/evaluate.h"

namespace sagitta::engine {

class FilterCache {
 public:
  // The rows of a segment that are neither dead nor expired, and the moment they were so.
  struct Moment {
    std::shared_ptr<const base::Bitset> alive;  // null = all
    size_t dead = 0;                            // rows; they only become more
    int64_t now_ms = 0;                         // what expires by then has expired
  };
  struct Answer {
    std::shared_ptr<const base::Bitset> rows;  // alive, and match
    size_t count = 0;                          // of them
    filter::EvaluateInfo info;                 // of the evaluation
  };

  // For a segment of `rows` rows: holds up to 4 bytes for each, but 64 KiB at least.
  explicit FilterCache(size_t rows);

  // What matches at `moment`; nothing when that is not known. `key` is FilterKey()'s, not empty.
  std::optional<Answer> Find(std::string_view key, const Moment& moment);
  // Keeps the answer when the filter has been offered before, lately.
  void Offer(std::string_view key, const Moment& moment, const Answer& answer);

  // Forgets all: for when what an evaluation says of itself is no longer so.
  void Clear();

  size_t MemoryBytes() const;

 private:
  struct Entry {
    uint64_t hash = 0;
    std::string key;
    Answer answer;
    bool all_alive = false;
    std::weak_ptr<const base::Bitset> alive;  // that the answer lies in, unless in all
    size_t dead = 0;
    int64_t now_ms = 0;
    uint64_t used = 0;  // ticks
  };

  Entry* Lookup(uint64_t hash, std::string_view key) REQUIRES_LOCK(mu_);
  static void Place(const Moment& moment, const Answer& answer, Entry* entry);
  static size_t BytesOf(const Entry& entry);
  void MakeRoom(size_t bytes) REQUIRES_LOCK(mu_);

  const size_t limit_;
  mutable base::Mutex mu_;
  std::vector<Entry> entries_ GUARDED_BY(mu_);
  std::array<uint64_t, 256> offered_ GUARDED_BY(mu_){};  // hashes, at hash mod 256
  size_t bytes_ GUARDED_BY(mu_) = 0;
  uint64_t tick_ GUARDED_BY(mu_) = 0;
};

}  // namespace sagitta::engine
