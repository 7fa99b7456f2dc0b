// VectorReader: the rows of a vector file, in order and in blocks, with memory bounded by the
// block.
//
// Formats: .npy (versions 1–3; 1-D or 2-D C order; f4 f2 f8 i1 u1 i4 i8), .fvecs/.ivecs/.bvecs, and
// idx (as MNIST: the first dimension counts rows, the others are flattened), each also gzipped.
// Headers are not trusted: every size is checked against the file before anything is allocated. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sagitta/point.h"
#include "sagitta/status.h"

namespace sagitta::cli {

enum class Element : uint8_t { kF32, kF16, kF64, kI8, kU8, kI32, kI64 };

uint32_t ElementBytes(Element element);
std::string_view ElementName(Element element);

// What bits have at most; more than any other vector (8,192), for the long rows of ground truth.
constexpr uint64_t kMaxRowElements = 65'536;

struct VectorFileInfo {
  std::string path;
  std::string format;  // "npy", "fvecs", "ivecs", "bvecs", "idx"
  Element element = Element::kF32;
  uint32_t dim = 0;
  std::optional<uint64_t> rows;  // unknown for gzipped *vecs
};

// Consecutive rows, row-major, little-endian.
struct VectorBlock {
  Element element = Element::kF32;
  uint32_t dim = 0;
  size_t rows = 0;
  std::string bytes;

  // Row as a value that a collection takes; i32, i64 and f64 become f32.
  VectorValue Row(size_t row) const;
  // REQUIRES: an integer element type.
  int64_t Integer(size_t row, uint32_t column) const;
};

class VectorReader {
 public:
  virtual ~VectorReader() = default;
  virtual const VectorFileInfo& info() const = 0;
  // The next read starts at `row`. OUT_OF_RANGE when the file is known to have fewer.
  virtual Status Seek(uint64_t row) = 0;
  // The next rows, at most `max_rows`; 0 rows at the end. DATA_LOSS when the file is cut short.
  virtual Status Read(size_t max_rows, VectorBlock* block) = 0;
};

// `format` empty: found by content (npy, idx) or by name (*vecs, also before .gz).
Result<std::unique_ptr<VectorReader>> OpenVectorFile(const std::string& path,
                                                     std::string_view format = {});

// The whole file, at most `max_bytes` (then RESOURCE_EXHAUSTED).
Result<VectorBlock> ReadVectorFile(const std::string& path, uint64_t max_rows, uint64_t max_bytes);

// A column of integers, one a row: labels (idx1, or 1-D npy).
Result<std::vector<int64_t>> ReadLabels(const std::string& path);

// Name without ".gz", lower-case extension: "npy", "jsonl", …; empty when it has none.
std::string FileExtension(std::string_view path);

}  // namespace sagitta::cli
