// A file of named, checksummed, 64-byte aligned sections: the container of sealed segments.
// Byte for byte in docs/segment-format.md.
//
// The writer streams sections to `path`.tmp; Finish() writes the table and footer, fsyncs, and
// renames. The reader maps the file; Open() checks magic, version, length, the table and its
// checksum, and that every section lies inside the file; Verify() checks the content of every
// section, 64 KiB block by block.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "sagitta/status.h"

namespace sagitta::base {

class SectionFileWriter {
 public:
  static Result<std::unique_ptr<SectionFileWriter>> Create(const std::string& path);
  ~SectionFileWriter();  // removes the .tmp file unless Finish() returned OK

  // Starts section `name` (1–200 bytes, unique in the file), ending the one before.
  Status Begin(std::string_view name);
  Status Append(const void* data, size_t bytes);
  // Begin + Append.
  Status Write(std::string_view name, std::span<const std::byte> content);
  Status WriteString(std::string_view name, std::string_view content);
  // Typed array.
  template <typename T>
  Status WriteArray(std::string_view name, std::span<const T> values) {
    return Write(name, std::as_bytes(values));
  }
  Status Finish();
  uint64_t bytes_written() const;

  // Reading back what is written so far, so that nobody keeps a copy of it in memory.
  // The place of a section's content in the file; NOT_FOUND when none of that name was begun.
  Result<uint64_t> SectionOffset(std::string_view name) const;
  // The unfinished file as long as it is now, all content appended so far included. The mapping
  // stays valid while more is appended, after Finish(), and when the writer is gone.
  Result<std::unique_ptr<MappedFile>> MapWritten();

 private:
  struct Impl;
  explicit SectionFileWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class SectionFileReader {
 public:
  // DATA_LOSS naming path and what is wrong; FAILED_PRECONDITION when a newer version wrote it.
  static Result<std::unique_ptr<SectionFileReader>> Open(const std::string& path);

  // DATA_LOSS naming the section and block.
  Status Verify() const;

  struct SectionInfo {
    std::string name;
    uint64_t offset;
    uint64_t bytes;
  };
  const std::vector<SectionInfo>& sections() const { return sections_; }
  bool Has(std::string_view name) const;
  // DATA_LOSS when there is none.
  Result<std::span<const std::byte>> Section(std::string_view name) const;
  // As T[]; DATA_LOSS when the size is no multiple of T, or not `expected` elements (unless −1).
  template <typename T>
  Result<std::span<const T>> Array(std::string_view name, int64_t expected = -1) const {
    SAGITTA_ASSIGN_OR_RETURN(auto raw, Section(name));
    if (raw.size() % sizeof(T) != 0 ||
        (expected >= 0 && raw.size() / sizeof(T) != static_cast<uint64_t>(expected))) {
      return WrongSize(name, raw.size(), sizeof(T), expected);
    }
    return std::span<const T>(reinterpret_cast<const T*>(raw.data()), raw.size() / sizeof(T));
  }
  uint64_t file_bytes() const { return file_->bytes().size(); }
  const std::string& path() const { return file_->path(); }
  const MappedFile& file() const { return *file_; }

 private:
  explicit SectionFileReader(std::unique_ptr<MappedFile> file) : file_(std::move(file)) {}
  Status WrongSize(std::string_view name, uint64_t bytes, size_t element, int64_t expected) const;

  std::unique_ptr<MappedFile> file_;
  std::vector<SectionInfo> sections_;
  std::vector<std::vector<uint64_t>> block_hashes_;  // by section
};

}  // namespace sagitta::base
