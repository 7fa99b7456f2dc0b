// The inverted lists of an IVF index as they lie in a section file: centroids, and the rows'
// positions ordered by list. Vectors stay where the segment keeps them. Byte by byte in
// docs/segment-format.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/section_file.h"
#include "index/vector_index.h"

namespace sagitta::index {

// DO NOT CHANGE: stored.
struct IvfHeader {
  uint32_t version = 1;
  uint32_t kind = 0;  // IndexKind
  uint64_t n = 0;
  uint32_t dim = 0;
  uint32_t nlist = 0;
  uint32_t metric = 0;  // Metric that the lists were made for
  uint32_t pq_m = 0;    // the rest is 0 but for IVF_PQ
  uint32_t pq_nbits = 0;
  uint32_t pq_code_size = 0;  // bytes of a row's code
  uint32_t reserved[6] = {};
};
static_assert(sizeof(IvfHeader) == 64);

// A checked view into a mapped file. Immutable; thread-safe.
class IvfLists {
 public:
  // DATA_LOSS naming what is wrong, unless the lists hold each of rows.n positions once.
  static Result<IvfLists> Open(IndexKind kind, const VectorRows& rows, const std::string& prefix,
                               const base::SectionFileReader& file);

  const IvfHeader& header() const { return header_; }
  uint32_t nlist() const { return header_.nlist; }
  // nlist rows of F32, of BITS for BINARY_IVF.
  const VectorRows& centroids() const { return centroids_; }
  // Entries [Begin, End) of a list; positions()[entry] is a row.
  size_t Begin(uint32_t list) const { return offsets_[list]; }
  size_t End(uint32_t list) const { return offsets_[list + 1]; }
  std::span<const uint64_t> offsets() const { return offsets_; }
  const uint32_t* positions() const { return positions_.data(); }
  size_t bytes() const { return bytes_; }

 private:
  Status Check(const std::string& prefix, size_t n) const;
  Status CheckCentroids(const std::string& prefix) const;

  IvfHeader header_;
  VectorRows centroids_;
  std::span<const uint64_t> offsets_;
  std::span<const uint32_t> positions_;
  size_t bytes_ = 0;
};

// Lists in the making.
struct IvfAssignment {
  std::vector<float> centroids;        // nlist × dim, none for BITS
  std::vector<uint8_t> bit_centroids;  // nlist × ⌈dim/8⌉, for BITS only
  std::vector<uint64_t> offsets;       // nlist + 1
  std::vector<uint32_t> positions;     // by list, ascending within each
};

// Sorts rows by their lists. REQUIRES: list_of[i] < nlist.
void FillLists(const std::vector<uint32_t>& list_of, uint32_t nlist, IvfAssignment* assignment);

Status WriteIvfLists(const IvfHeader& header, const IvfAssignment& lists, const std::string& prefix,
                     base::SectionFileWriter* out);

}  // namespace sagitta::index
