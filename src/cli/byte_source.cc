#include "cli/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace sagitta::cli {
namespace {

constexpr size_t kBufferBytes = 256 << 10;
constexpr size_t kReadStep = size_t{1} << 30;  // gzread takes an unsigned and returns an int

bool IsGzip(int fd) {
  unsigned char magic[2];
  return pread(fd, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
}

}  // namespace

struct ByteSource::Handle {
  gzFile file = nullptr;
  std::vector<char> line_buffer;  // bytes read ahead of offset_ by ReadLine
  size_t line_pos = 0;

  ~Handle() {
    if (file != nullptr) gzclose_r(file);
  }
};

ByteSource::ByteSource(std::string path, std::unique_ptr<Handle> handle)
    : path_(std::move(path)), handle_(std::move(handle)) {}

ByteSource::~ByteSource() = default;

Result<std::unique_ptr<ByteSource>> ByteSource::Open(const std::string& path) {
  const bool from_stdin = path == "-";
  const int fd = from_stdin ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Status::NotFound(path + ": " + std::strerror(errno));
  struct stat info {};
  if (fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
    close(fd);
    return Status::NotFound(path + ": is a directory, a file is expected");
  }
  auto handle = std::make_unique<Handle>();
  handle->file = gzdopen(fd, "rb");
  if (handle->file == nullptr) {
    close(fd);
    return Status::ResourceExhausted(path + ": no memory to read it");
  }
  gzbuffer(handle->file, kBufferBytes);
  std::unique_ptr<ByteSource> source(
      new ByteSource(from_stdin ? "standard input" : path, std::move(handle)));
  if (S_ISREG(info.st_mode)) {
    source->stored_size_ = static_cast<uint64_t>(info.st_size);
    if (!IsGzip(fd)) source->size_ = source->stored_size_;
  }
  return source;
}

Result<size_t> ByteSource::Read(void* data, size_t bytes) {
  char* out = static_cast<char*>(data);
  size_t done = 0;
  auto& ahead = handle_->line_buffer;
  if (handle_->line_pos < ahead.size()) {
    done = std::min(bytes, ahead.size() - handle_->line_pos);
    std::memcpy(out, ahead.data() + handle_->line_pos, done);
    handle_->line_pos += done;
  }
  while (done < bytes) {
    const auto step = static_cast<unsigned>(std::min(bytes - done, kReadStep));
    const int got = gzread(handle_->file, out + done, step);
    if (got < 0 || static_cast<unsigned>(got) < step) {
      int code = Z_OK;
      const char* text = gzerror(handle_->file, &code);
      if (code != Z_OK && code != Z_STREAM_END) {
        return Status::DataLoss(path_ + ": cannot be read at byte " +
                                std::to_string(offset_ + done) + ": " +
                                (code == Z_ERRNO ? std::strerror(errno) : text));
      }
    }
    if (got <= 0) break;
    done += static_cast<size_t>(got);
  }
  offset_ += done;
  return done;
}

Status ByteSource::ReadExactly(void* data, size_t bytes, std::string_view what) {
  const uint64_t start = offset_;
  SAGITTA_ASSIGN_OR_RETURN(const size_t got, Read(data, bytes));
  if (got == bytes) return Status::Ok();
  return Status::DataLoss(path_ + ": truncated: " + std::string(what) + " at byte " +
                          std::to_string(start) + " takes " + std::to_string(bytes) +
                          " bytes, the file has " + std::to_string(got) + " more");
}

Result<bool> ByteSource::ReadLine(std::string* line, size_t max_bytes) {
  line->clear();
  auto& ahead = handle_->line_buffer;
  for (;;) {
    if (handle_->line_pos == ahead.size()) {
      ahead.resize(kBufferBytes);
      handle_->line_pos = ahead.size();  // so that Read() goes to the file
      auto got = Read(ahead.data(), ahead.size());
      const size_t count = got.ok() ? *got : 0;
      ahead.resize(count);
      handle_->line_pos = 0;
      if (!got.ok()) return got.status();
      offset_ -= count;
      if (count == 0) break;
    }
    const char* begin = ahead.data() + handle_->line_pos;
    const size_t left = ahead.size() - handle_->line_pos;
    const void* end = std::memchr(begin, '\n', left);
    const size_t take = end ? static_cast<size_t>(static_cast<const char*>(end) - begin) : left;
    if (line->size() + take > max_bytes) {
      return Status::InvalidArgument(
          "", path_ + ": the line at byte " + std::to_string(offset_ - line->size()) +
                  " is longer than the allowed " + std::to_string(max_bytes) + " bytes");
    }
    line->append(begin, take);
    handle_->line_pos += take + (end ? 1 : 0);
    offset_ += take + (end ? 1 : 0);
    if (end) {
      if (!line->empty() && line->back() == '\r') line->pop_back();
      return true;
    }
  }
  return !line->empty();
}

Status ByteSource::Seek(uint64_t offset) {
  handle_->line_buffer.clear();
  handle_->line_pos = 0;
  if (offset > static_cast<uint64_t>(INT64_MAX) ||
      gzseek(handle_->file, static_cast<z_off_t>(offset), SEEK_SET) < 0) {
    return Status::DataLoss(path_ + ": cannot seek to byte " + std::to_string(offset));
  }
  offset_ = offset;
  return Status::Ok();
}

std::optional<double> ByteSource::Fraction() const {
  if (stored_size_ == 0) return std::nullopt;
  const auto at =
      size_ ? static_cast<double>(offset_) : static_cast<double>(gzoffset(handle_->file));
  return std::clamp(at / static_cast<double>(stored_size_), 0.0, 1.0);
}

}  // namespace sagitta::cli
