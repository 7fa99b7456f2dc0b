// ExportWriter: the file that `sagitta export` fills, in a form that a broken export can be
// continued from. Not thread-safe.
//
// JSON lines: one point a line, as `import` reads. npy: the vectors of one field, and beside it
// <file>.ids, one id a line; points without the field are passed over.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "sagitta/status.h"
#include "sagitta/v1/types.pb.h"

namespace sagitta::cli {

class ExportWriter {
 public:
  virtual ~ExportWriter() = default;
  virtual Status Write(const v1::Point& point) = 0;
  // What is written reaches the file system; `mark` is what Reopen needs to go on from here.
  virtual Status Flush(nlohmann::json* mark) = 0;
  // Cuts what was written after `mark`.
  virtual Status Reopen(const nlohmann::json& mark) = 0;
  virtual Status Finish() = 0;
  virtual uint64_t points() const = 0;
};

// `path` "-" is standard output. With `keep`, what is in the file stays until Reopen.
Result<std::unique_ptr<ExportWriter>> OpenJsonlWriter(const std::string& path, bool keep);
// `dtype`: of the field as stored; bf16 becomes f32, which npy has.
Result<std::unique_ptr<ExportWriter>> OpenNpyWriter(const std::string& path, bool keep,
                                                    const std::string& field, uint32_t dim,
                                                    v1::Dtype dtype);

// The header of an npy file of rows × dim, 128 bytes whatever the count.
std::string NpyHeader(std::string_view descr, uint64_t rows, uint32_t dim);

}  // namespace sagitta::cli
