// ByteSource: an input file read from front to back, gunzipped on the fly when it is gzip.
//
// Holds one buffer of 256 KiB, whatever the file's size. Seeking forward in gzip reads through it,
// backward starts over; in a plain file both are free. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sagitta/status.h"

namespace sagitta::cli {

class ByteSource {
 public:
  // `path` "-" is standard input. NOT_FOUND when it is not there or not readable.
  static Result<std::unique_ptr<ByteSource>> Open(const std::string& path);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  // Up to `bytes`; fewer only at the end. DATA_LOSS when gzip's checksum or structure is wrong.
  Result<size_t> Read(void* data, size_t bytes);
  // DATA_LOSS naming the file and `what` when fewer are left.
  Status ReadExactly(void* data, size_t bytes, std::string_view what);
  // The next line without its end; false at the end of the file. INVALID_ARGUMENT when it is longer
  // than `max_bytes`.
  Result<bool> ReadLine(std::string* line, size_t max_bytes);
  Status Seek(uint64_t offset);

  uint64_t offset() const { return offset_; }
  // Of a plain regular file; unknown for gzip and pipes.
  std::optional<uint64_t> size() const { return size_; }
  // How far into the file as stored, 0 to 1, for progress; nothing for pipes.
  std::optional<double> Fraction() const;
  const std::string& path() const { return path_; }

 private:
  struct Handle;
  ByteSource(std::string path, std::unique_ptr<Handle> handle);

  std::string path_;
  std::unique_ptr<Handle> handle_;
  std::optional<uint64_t> size_;
  uint64_t stored_size_ = 0;
  uint64_t offset_ = 0;
};

}  // namespace sagitta::cli
