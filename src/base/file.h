// Files: the only place that talks to the file system outside RocksDB. Every call that can fail
// returns a Status that names the path and what the system said: RESOURCE_EXHAUSTED for ENOSPC and
// EDQUOT, NOT_FOUND for ENOENT, INTERNAL for a misuse of ours, UNAVAILABLE for the rest. Each goes
// through a fault point (fault.h): file.open_write, file.write, file.sync, file.rename,
// file.sync_dir, file.link, file.map, file.read, file.make_dir, file.remove, file.list, file.lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sagitta/status.h"

namespace sagitta::base {

// Sequential writer with its own buffer. Not thread-safe.
class FileWriter {
 public:
  // Creates or truncates.
  static Result<std::unique_ptr<FileWriter>> Create(const std::string& path);
  ~FileWriter();  // closes without syncing
  Status Append(const void* data, size_t bytes);
  Status Flush();  // hands the buffer to the system, where other readers of the file see it
  Status Sync();   // flush and fsync; after a failure the file must be thrown away
  Status Close();
  uint64_t offset() const { return offset_; }

 private:
  FileWriter(int fd, std::string path);
  Status WriteOut(const char* data, size_t bytes);
  int fd_;
  std::string path_;
  std::string buffer_;
  uint64_t offset_ = 0;
  Status failed_;  // the first failure; every later call returns it again
};

// A whole file mapped read-only, shared. Thread-safe.
class MappedFile {
 public:
  static Result<std::unique_ptr<MappedFile>> Open(const std::string& path);
  ~MappedFile();
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }
  // Hint: [offset, offset + length) will be read soon.
  void WillNeed(size_t offset, size_t length) const;
  // Takes the whole pages of [offset, offset + length) out of memory, but for some at the ends that
  // the system keeps in groups with others; they are read again when they are needed.
  void PageOut(size_t offset, size_t length) const;
  // Bytes of [offset, offset + length) that are in memory, by whole pages: of this process or of
  // the system's cache.
  size_t ResidentBytes(size_t offset, size_t length) const;

 private:
  MappedFile(std::string path, const std::byte* data, size_t size);
  std::string path_;
  const std::byte* data_;
  size_t size_;
};

// Hint: these bytes of a mapped file will be read soon; they are fetched meanwhile.
void WillNeedBytes(const std::byte* data, size_t bytes);

// An exclusive lock on `path` held until destroyed; FAILED_PRECONDITION naming the holder's pid
// when taken. Also refuses a second lock from the same process.
class FileLock {
 public:
  static Result<std::unique_ptr<FileLock>> Acquire(const std::string& path);
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

Result<std::string> ReadFile(const std::string& path);
// Writes path.tmp, fsyncs, renames over `path`, fsyncs the directory: old or new content, no mix.
Status WriteFileAtomically(const std::string& path, std::string_view content);
// And fsyncs the target's directory.
Status RenameFile(const std::string& from, const std::string& to);
// A hard link, or where the file system has none, an fsynced copy. ALREADY_EXISTS when `to` is
// there. The directory is not fsynced: callers that link many files do that once.
Status LinkOrCopyFile(const std::string& from, const std::string& to);
Status SyncDirectory(const std::string& path);
// Missing parents too, each fsynced into its own parent.
Status CreateDirectories(const std::string& path);
Status RemoveFile(const std::string& path);                               // OK when it is not there
Status RemoveTree(const std::string& path);                               // OK when it is not there
Result<std::vector<std::string>> ListDirectory(const std::string& path);  // names, sorted
bool FileExists(const std::string& path);
Result<uint64_t> FileSize(const std::string& path);
Result<uint64_t> FreeDiskBytes(const std::string& path);  // for an unprivileged writer
Result<uint64_t> HashFile(const std::string& path);       // XXH3-64 of its content

}  // namespace sagitta::base
