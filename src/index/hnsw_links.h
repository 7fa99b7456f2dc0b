// The links of an HNSW graph (Malkov and Yashunin, arXiv 1603.09320) as they lie in a section file:
// written once, checked once, then read straight from the mapping. Byte by byte in
// docs/segment-format.md.
//
// Level 0 is a matrix of n × 2m positions, each row ended by kNoLink or full. Nodes of level 1 and
// above ("upper" nodes, one in m) have ordinals 0…U−1 in order of position; their links name
// ordinals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/section_file.h"
#include "sagitta/status.h"

namespace faiss {
struct HNSW;
}

namespace sagitta::index {

inline constexpr uint32_t kNoLink = 0xFFFFFFFF;
inline constexpr uint32_t kMaxHnswLevel = 64;
inline constexpr size_t kMaxHnswRows = 0x7FFFFFFF;  // FAISS numbers nodes by int

// DO NOT CHANGE: stored.
struct HnswHeader {
  uint32_t version = 1;
  uint32_t m = 0;
  uint64_t n = 0;
  uint32_t degree0 = 0;  // 2m
  uint32_t max_level = 0;
  uint32_t entry = 0;              // position
  uint32_t entry_upper = kNoLink;  // its ordinal; kNoLink when max_level is 0
  uint32_t upper_count = 0;        // U
  uint32_t upper_blocks = 0;       // Σ levels of the upper nodes
  uint32_t ef_construction = 0;
  uint32_t reserved[5] = {};
};
static_assert(sizeof(HnswHeader) == 64);

// A checked view into a mapped file. Immutable; thread-safe.
class HnswLinks {
 public:
  // DATA_LOSS naming what is wrong, unless every number is in its range for `n` rows.
  static Result<HnswLinks> Open(const std::string& prefix, size_t n,
                                const base::SectionFileReader& file);

  const HnswHeader& header() const { return header_; }
  // Of level 0: ended by kNoLink or header().degree0 long.
  const uint32_t* Level0(uint32_t position) const {
    return level0_.data() + size_t{position} * header_.degree0;
  }
  // Of level 1…LevelOf(ordinal): ordinals, ended by kNoLink or header().m long.
  const uint32_t* Upper(uint32_t ordinal, uint32_t level) const {
    return upper_links_.data() + (size_t{upper_starts_[ordinal]} + level - 1) * header_.m;
  }
  uint32_t LevelOf(uint32_t ordinal) const {
    return upper_starts_[ordinal + 1] - upper_starts_[ordinal];
  }
  uint32_t Position(uint32_t ordinal) const { return upper_ids_[ordinal]; }
  size_t bytes() const { return bytes_; }

 private:
  Status Check(const std::string& prefix, size_t n) const;
  Status CheckUpper(const std::string& prefix) const;

  HnswHeader header_;
  std::span<const uint32_t> level0_;
  std::span<const uint32_t> upper_ids_;
  std::span<const uint32_t> upper_starts_;
  std::span<const uint32_t> upper_links_;
  size_t bytes_ = 0;
};

// Writes a built graph's sections. REQUIRES: it has at least one node.
Status WriteHnswLinks(const faiss::HNSW& graph, uint32_t m, const std::string& prefix,
                      base::SectionFileWriter* out);

}  // namespace sagitta::index
