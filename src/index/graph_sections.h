// A graph as it lies in a section file: written once, checked once, then read straight from the
// mapping. Byte by byte in docs/segment-format.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/section_file.h"
#include "index/graph_beam.h"
#include "index/graph_build.h"
#include "index/graph_model.h"

namespace sagitta::index {

inline constexpr uint32_t kMostGraphDegree = 128;
inline constexpr uint32_t kMostGraphSeeds = 4096;
inline constexpr uint32_t kMostGraphWidth = 65'536;

// DO NOT CHANGE: stored.
struct GraphHeader {
  uint32_t version = 1;
  uint32_t degree = 0;
  uint64_t n = 0;
  uint32_t dim = 0;
  uint32_t metric = 0;
  uint32_t transform = 0;  // GraphTransform
  uint32_t code_kind = 0;  // kernels::CodeKind
  uint32_t code_dims = 0;
  uint32_t code_lines = 0;  // of 64 bytes
  uint64_t rotation_seed = 0;
  uint32_t seeds = 0;
  uint32_t build_width = 0;  // for the reader's information
  uint32_t usual_width = 0;  // see graph_width.h; 0 = not measured
  uint32_t reserved = 0;
};
static_assert(sizeof(GraphHeader) == 64);

// A checked view into a mapped file. Immutable; thread-safe.
class GraphSections {
 public:
  // DATA_LOSS naming what is wrong, unless every number is in its range for `rows`.
  static Result<GraphSections> Open(const VectorRows& rows, const std::string& prefix,
                                    const base::SectionFileReader& file);

  GraphLinks links() const { return {links_.data(), header_.degree}; }
  std::span<const uint32_t> seeds() const { return seeds_; }
  uint32_t usual_width() const { return header_.usual_width; }
  bool has_codes() const { return header_.transform != 0; }
  CodeFormat format() const {
    return {static_cast<kernels::CodeKind>(header_.code_kind), header_.code_dims};
  }
  const uint8_t* codes() const { return reinterpret_cast<const uint8_t*>(codes_.data()); }
  QueryTransform MakeTransform() const;
  // For codes of other rows as these are coded: the directions of a projection as its matrix has
  // them, which was made for queries. `code_bits` were asked for. REQUIRES: has_codes().
  std::shared_ptr<GraphModel> MakeModel(uint32_t code_bits) const;
  size_t code_bytes() const {  // with what makes a query's
    return mean_.size_bytes() + matrix_.size() + codes_.size();
  }
  size_t link_bytes() const {
    return sizeof(GraphHeader) + links_.size_bytes() + seeds_.size_bytes();
  }

 private:
  Status OpenCodes(const std::string& prefix, const base::SectionFileReader& file);

  GraphHeader header_;
  std::span<const uint32_t> links_;
  std::span<const uint32_t> seeds_;
  std::span<const float> mean_;
  std::span<const std::byte> matrix_;
  std::span<const std::byte> codes_;
};

// The codes of the seeds beside one another, so that they stay in the cache.
AlignedBytes SeedCodes(const uint8_t* codes, size_t row_bytes, std::span<const uint32_t> seeds);

// Writes the sections of a built graph. `codes` are empty without codes.
Status WriteGraph(const VectorRows& rows, const GraphParams& params, const GraphModel& model,
                  const BuiltGraph& graph, const AlignedBytes& codes, uint32_t usual_width,
                  const std::string& prefix, base::SectionFileWriter* out);

}  // namespace sagitta::index
