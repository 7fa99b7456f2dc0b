#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>

#include "base/fault.h"
#include "base/system_error.h"

namespace sagitta::base {

namespace {

constexpr size_t kWriteBuffer = 256 << 10;
constexpr size_t kReadChunk = 256 << 10;

class ScopedFd {
 public:
  explicit ScopedFd(int fd) : fd_(fd) {}
  ~ScopedFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  ScopedFd(const ScopedFd&) = delete;
  ScopedFd& operator=(const ScopedFd&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

int OpenRetrying(const std::string& path, int flags, mode_t mode = 0) {
  int fd;
  do {
    fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return fd;
}

// Calls consume(data, bytes) for the file's content, piece by piece.
template <typename Consume>
Status ReadThrough(const std::string& path, const Consume& consume) {
  SAGITTA_FAULT("file.read");
  ScopedFd fd(OpenRetrying(path, O_RDONLY));
  if (fd.get() < 0) return SystemError("open", path, errno);
  std::string chunk(kReadChunk, '\0');
  while (true) {
    const ssize_t got = ::read(fd.get(), chunk.data(), chunk.size());
    if (got == 0) return Status::Ok();
    if (got > 0) {
      consume(chunk.data(), static_cast<size_t>(got));
    } else if (errno != EINTR) {
      return SystemError("read", path, errno);
    }
  }
}

std::string ParentDirectory(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status CopyFile(const std::string& from, const std::string& to) {
  SAGITTA_ASSIGN_OR_RETURN(auto writer, FileWriter::Create(to));
  Status written;
  SAGITTA_RETURN_IF_ERROR(ReadThrough(from, [&](const char* data, size_t bytes) {
    if (written.ok()) written = writer->Append(data, bytes);
  }));
  SAGITTA_RETURN_IF_ERROR(written);
  SAGITTA_RETURN_IF_ERROR(writer->Sync());
  return writer->Close();
}

}  // namespace

FileWriter::FileWriter(int fd, std::string path) : fd_(fd), path_(std::move(path)) {
  buffer_.reserve(kWriteBuffer);
}

FileWriter::~FileWriter() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::unique_ptr<FileWriter>> FileWriter::Create(const std::string& path) {
  SAGITTA_FAULT("file.open_write");
  const int fd = OpenRetrying(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return SystemError("create", path, errno);
  return std::unique_ptr<FileWriter>(new FileWriter(fd, path));
}

Status FileWriter::Append(const void* data, size_t bytes) {
  SAGITTA_RETURN_IF_ERROR(failed_);
  offset_ += bytes;
  if (buffer_.size() + bytes <= kWriteBuffer) {
    buffer_.append(static_cast<const char*>(data), bytes);
    return Status::Ok();
  }
  SAGITTA_RETURN_IF_ERROR(Flush());
  if (bytes >= kWriteBuffer) return WriteOut(static_cast<const char*>(data), bytes);
  buffer_.append(static_cast<const char*>(data), bytes);
  return Status::Ok();
}

Status FileWriter::Flush() {
  SAGITTA_RETURN_IF_ERROR(failed_);
  SAGITTA_RETURN_IF_ERROR(WriteOut(buffer_.data(), buffer_.size()));
  buffer_.clear();
  return Status::Ok();
}

Status FileWriter::WriteOut(const char* data, size_t bytes) {
  if (bytes == 0) return failed_;
  const auto write_all = [&]() -> Status {
    SAGITTA_FAULT("file.write");
    while (bytes > 0) {
      const ssize_t written = ::write(fd_, data, bytes);
      if (written < 0) {
        if (errno == EINTR) continue;
        return SystemError("write", path_, errno);
      }
      data += written;
      bytes -= static_cast<size_t>(written);
    }
    return Status::Ok();
  };
  if (failed_.ok()) failed_ = write_all();
  return failed_;
}

Status FileWriter::Sync() {
  SAGITTA_RETURN_IF_ERROR(failed_);
  SAGITTA_RETURN_IF_ERROR(Flush());
  const auto sync = [&]() -> Status {
    SAGITTA_FAULT("file.sync");
    // Never retried: after a failure the kernel may have dropped the dirty pages and forgotten the
    // error.
    if (::fsync(fd_) != 0) return SystemError("fsync", path_, errno);
    return Status::Ok();
  };
  failed_ = sync();
  return failed_;
}

Status FileWriter::Close() {
  if (fd_ < 0) return failed_;
  const Status flushed = failed_.ok() ? Flush() : failed_;
  const int closed = ::close(fd_);
  fd_ = -1;
  SAGITTA_RETURN_IF_ERROR(flushed);
  failed_ = Status::FailedPrecondition("write " + path_ + ": the file is closed");
  if (closed != 0 && errno != EINTR) return SystemError("close", path_, errno);
  return Status::Ok();
}

Result<std::string> ReadFile(const std::string& path) {
  std::string content;
  SAGITTA_RETURN_IF_ERROR(
      ReadThrough(path, [&](const char* data, size_t bytes) { content.append(data, bytes); }));
  return content;
}

Result<uint64_t> HashFile(const std::string& path) {
  const std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> state(XXH3_createState(),
                                                                              XXH3_freeState);
  XXH3_64bits_reset(state.get());
  SAGITTA_RETURN_IF_ERROR(ReadThrough(
      path, [&](const char* data, size_t bytes) { XXH3_64bits_update(state.get(), data, bytes); }));
  return uint64_t{XXH3_64bits_digest(state.get())};
}

Status WriteFileAtomically(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".tmp";
  const auto write = [&]() -> Status {
    SAGITTA_ASSIGN_OR_RETURN(auto writer, FileWriter::Create(temporary));
    SAGITTA_RETURN_IF_ERROR(writer->Append(content.data(), content.size()));
    SAGITTA_RETURN_IF_ERROR(writer->Sync());
    SAGITTA_RETURN_IF_ERROR(writer->Close());
    return RenameFile(temporary, path);
  };
  const Status status = write();
  if (!status.ok()) ::unlink(temporary.c_str());
  return status;
}

Status RenameFile(const std::string& from, const std::string& to) {
  SAGITTA_FAULT("file.rename");
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return SystemError("rename", from + " to " + to, errno);
  }
  return SyncDirectory(ParentDirectory(to));
}

Status LinkOrCopyFile(const std::string& from, const std::string& to) {
  SAGITTA_FAULT("file.link");
  if (::link(from.c_str(), to.c_str()) == 0) return Status::Ok();
  switch (errno) {
    case EEXIST:
      return Status::AlreadyExists("link " + from + " to " + to + ": the target exists");
    case EXDEV:
    case EMLINK:
    case EPERM:
    case EOPNOTSUPP:
      break;  // no hard link from here to there
    default:
      return SystemError("link", from + " to " + to, errno);
  }
  if (FileExists(to)) {
    return Status::AlreadyExists("copy " + from + " to " + to + ": the target exists");
  }
  return CopyFile(from, to);
}

Status SyncDirectory(const std::string& path) {
  SAGITTA_FAULT("file.sync_dir");
  ScopedFd fd(OpenRetrying(path, O_RDONLY | O_DIRECTORY));
  if (fd.get() < 0) return SystemError("open directory", path, errno);
  // EINVAL: a file system that cannot sync directories has nothing to wait for.
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return SystemError("fsync directory", path, errno);
  return Status::Ok();
}

}  // namespace sagitta::base
