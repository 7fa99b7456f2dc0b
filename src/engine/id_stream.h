// IdStream: the live points of several shards, merged in order of id, read from the stores a chunk
// at a time. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/shard_view.h"
#include "sagitta/query.h"

namespace sagitta::engine {

// A point on its way into a scroll's page.
struct ScrollEntry {
  std::string ext_key;
  uint32_t shard = 0;
  store::IdEntry id;
};

class IdStream {
 public:
  // From the first id > `after` ("" = from the start). REQUIRES: `views` and `cancel` outlive it.
  IdStream(std::span<const ShardView> views, std::string_view after, const CancelToken& cancel);

  // The next `n`, fewer at the end; replaces what `out` holds.
  Status Next(size_t n, std::vector<ScrollEntry>* out);
  // Nothing follows. Meaningful after the first Next().
  bool done() const { return started_ && heads_.empty(); }

 private:
  struct Shard {
    std::vector<ScrollEntry> chunk;
    size_t next = 0;
    std::string last;  // key up to which the shard has been read
    bool read_all = false;
  };

  Status Start(size_t n);
  // Reads the shard's next chunk and, unless it is at its end, adds it to the heads.
  Status Refill(uint32_t shard);
  const ScrollEntry& Head(uint32_t shard) const {
    return shards_[shard].chunk[shards_[shard].next];
  }
  // The heap's order: the shard with the least id is in front.
  bool Later(uint32_t a, uint32_t b) const { return Head(a).ext_key > Head(b).ext_key; }

  std::span<const ShardView> views_;
  const CancelToken& cancel_;
  std::vector<Shard> shards_;
  std::vector<uint32_t> heads_;  // heap of the shards that have entries left
  size_t chunk_ = 0;
  bool started_ = false;
};

}  // namespace sagitta::engine
