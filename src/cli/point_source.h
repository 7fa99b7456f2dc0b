// PointSource: what an import reads, already in the wire's form, batch by batch. Not thread-safe.
//
// DenseSource: a vector file, with ids by row number or from a file, and payloads from a label file
// and from JSON lines, all read side by side. JsonlSource: one JSON object a line, as `sagitta
// export` writes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cli/vector_reader.h"
#include "sagitta/status.h"
#include "sagitta/v1/points.pb.h"

namespace sagitta::cli {

class PointSource {
 public:
  virtual ~PointSource() = default;
  // The next batch starts at `row` (of the vector file, or non-empty line), from 0.
  virtual Status Seek(uint64_t row) = 0;
  // Fills points or columns of `request` with the next rows, at most `max_rows`; `rows` is 0 at the
  // end. Errors name the file and row.
  virtual Status Next(size_t max_rows, v1::UpsertRequest* request, size_t* rows) = 0;
  virtual std::optional<uint64_t> rows() const = 0;
  // How much of the input is read, 0–1, where rows() is not known.
  virtual std::optional<double> Fraction() const = 0;
};

struct DenseSourceOptions {
  std::string field;       // empty: the collection's only one
  uint64_t id_offset = 0;  // row number + this is the id
  std::string ids_file;    // one id a line, or one integer a row; instead
  std::string label_file;  // one integer a row
  std::string label_key = "label";
  std::string payload_file;  // one JSON object a line
  std::string adapter;       // of all vectors; empty: they are of the field's own model
};

Result<std::unique_ptr<PointSource>> OpenDenseSource(std::unique_ptr<VectorReader> reader,
                                                     const DenseSourceOptions& options);

// `field` names the vector of objects that have "vector" instead of "vectors". `adapter`, unless
// empty, is given with all vectors of that field.
Result<std::unique_ptr<PointSource>> OpenJsonlSource(const std::string& path,
                                                     const std::string& field,
                                                     const std::string& adapter = "");

}  // namespace sagitta::cli
