#include "cli/export_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/json_text.h"
#include "cli/wire_json.h"
#include "sagitta/point.h"

namespace sagitta::cli {
namespace {

using nlohmann::json;

constexpr size_t kNpyHeaderBytes = 128;
constexpr size_t kBufferBytes = 1 << 20;

// A file that grows at its end, and can be cut.
class GrowingFile {
 public:
  ~GrowingFile() {
    if (fd_ >= 0) close(fd_);
  }
  Status Open(const std::string& path, bool keep) {
    path_ = path == "-" ? "standard output" : path;
    fd_ = path == "-"
              ? dup(STDOUT_FILENO)
              : open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | (keep ? 0 : O_TRUNC), 0644);
    return fd_ >= 0 ? Status::Ok() : Error("open");
  }
  Status Append(std::string_view bytes) {
    buffer_ += bytes;
    size_ += bytes.size();
    return buffer_.size() < kBufferBytes ? Status::Ok() : Flush();
  }
  Status Flush() {
    std::string_view left = buffer_;
    while (!left.empty()) {
      const ssize_t n = write(fd_, left.data(), left.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Error("write");
      left.remove_prefix(static_cast<size_t>(n));
    }
    buffer_.clear();
    return Status::Ok();
  }
  // The rest of the file must be there: a shorter one is not the file that was being written.
  Status CutTo(uint64_t bytes) {
    struct stat info {};
    if (fstat(fd_, &info) != 0) return Error("stat");
    if (static_cast<uint64_t>(info.st_size) < bytes) {
      return Status::DataLoss(path_ + ": has " + std::to_string(info.st_size) +
                              " bytes, the resume file says " + std::to_string(bytes));
    }
    if (ftruncate(fd_, static_cast<off_t>(bytes)) != 0 ||
        lseek(fd_, static_cast<off_t>(bytes), SEEK_SET) < 0) {
      return Error("truncate");
    }
    size_ = bytes;
    return Status::Ok();
  }
  Status Overwrite(uint64_t offset, std::string_view bytes) {
    const ssize_t n = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    return n == static_cast<ssize_t>(bytes.size()) ? Status::Ok() : Error("write");
  }
  uint64_t size() const { return size_; }

 private:
  Status Error(const char* call) {
    return Status(StatusCode::kResourceExhausted,
                  path_ + ": cannot " + call + ": " + std::strerror(errno));
  }
  int fd_ = -1;
  std::string path_;
  std::string buffer_;
  uint64_t size_ = 0;
};

// Never a default: a wrong mark would cut the file at the wrong place.
Result<uint64_t> Number(const json& mark, const char* key) {
  if (!mark.is_object() || !mark.contains(key) || !mark[key].is_number_integer() || mark[key] < 0) {
    return Status::InvalidArgument(key, "the resume file lacks it, or it is no whole number");
  }
  return mark[key].get<uint64_t>();
}

class JsonlWriter : public ExportWriter {
 public:
  Status Open(const std::string& path, bool keep) { return file_.Open(path, keep); }
  Status Write(const v1::Point& point) override {
    ++points_;
    return file_.Append(DumpJson(PointToJson(point)) + "\n");
  }
  Status Flush(json* mark) override {
    *mark = {{"bytes", file_.size()}, {"points", points_}};
    return file_.Flush();
  }
  Status Reopen(const json& mark) override {
    SAGITTA_ASSIGN_OR_RETURN(points_, Number(mark, "points"));
    SAGITTA_ASSIGN_OR_RETURN(const uint64_t bytes, Number(mark, "bytes"));
    return file_.CutTo(bytes);
  }
  Status Finish() override { return file_.Flush(); }
  uint64_t points() const override { return points_; }

 private:
  GrowingFile file_;
  uint64_t points_ = 0;
};

class NpyWriter : public ExportWriter {
 public:
  NpyWriter(std::string field, uint32_t dim, v1::Dtype dtype)
      : field_(std::move(field)),
        columns_(dtype == v1::DTYPE_BITS ? static_cast<uint32_t>(VectorBytes(Dtype::kBits, dim))
                                         : dim),
        dtype_(dtype) {
    switch (dtype) {
      case v1::DTYPE_F16:
        descr_ = "<f2";
        break;
      case v1::DTYPE_I8:
        descr_ = "|i1";
        break;
      case v1::DTYPE_U8:
      case v1::DTYPE_BITS:
        descr_ = "|u1";
        break;
      default:
        descr_ = "<f4";
        break;
    }
  }
  Status Open(const std::string& path, bool keep) {
    SAGITTA_RETURN_IF_ERROR(vectors_.Open(path, keep));
    SAGITTA_RETURN_IF_ERROR(ids_.Open(path + ".ids", keep));
    return keep ? Status::Ok() : vectors_.Append(NpyHeader(descr_, 0, columns_));
  }
  Status Write(const v1::Point& point) override {
    const auto it = point.vectors().find(field_);
    if (it == point.vectors().end()) return Status::Ok();
    VectorValue value(static_cast<Dtype>(it->second.dtype()), it->second.data());
    if (it->second.dtype() != dtype_ || dtype_ == v1::DTYPE_BF16) {
      value = VectorValue(value.ToFloats());
    }
    if (const size_t got = value.bytes.size() / DtypeBytes(value.dtype); got != columns_) {
      return Status::DataLoss("point " + IdText(point.id()) + ": vector of " + std::to_string(got) +
                              " columns, the field has " + std::to_string(columns_));
    }
    ++points_;
    SAGITTA_RETURN_IF_ERROR(vectors_.Append(value.bytes));
    return ids_.Append(IdText(point.id()) + "\n");
  }
  Status Flush(json* mark) override {
    *mark = {{"bytes", vectors_.size()}, {"ids_bytes", ids_.size()}, {"points", points_}};
    SAGITTA_RETURN_IF_ERROR(vectors_.Flush());
    return ids_.Flush();
  }
  Status Reopen(const json& mark) override {
    SAGITTA_ASSIGN_OR_RETURN(points_, Number(mark, "points"));
    SAGITTA_ASSIGN_OR_RETURN(const uint64_t bytes, Number(mark, "bytes"));
    SAGITTA_ASSIGN_OR_RETURN(const uint64_t ids_bytes, Number(mark, "ids_bytes"));
    SAGITTA_RETURN_IF_ERROR(vectors_.CutTo(bytes));
    return ids_.CutTo(ids_bytes);
  }
  Status Finish() override {
    SAGITTA_RETURN_IF_ERROR(vectors_.Flush());
    SAGITTA_RETURN_IF_ERROR(ids_.Flush());
    return vectors_.Overwrite(0, NpyHeader(descr_, points_, columns_));
  }
  uint64_t points() const override { return points_; }

 private:
  std::string field_;
  uint32_t columns_;  // elements of a row; bytes of packed bits
  v1::Dtype dtype_;
  std::string descr_;
  GrowingFile vectors_;
  GrowingFile ids_;
  uint64_t points_ = 0;
};

}  // namespace

Result<std::unique_ptr<ExportWriter>> OpenJsonlWriter(const std::string& path, bool keep) {
  auto writer = std::make_unique<JsonlWriter>();
  SAGITTA_RETURN_IF_ERROR(writer->Open(path, keep));
  return std::unique_ptr<ExportWriter>(std::move(writer));
}

Result<std::unique_ptr<ExportWriter>> OpenNpyWriter(const std::string& path, bool keep,
                                                    const std::string& field, uint32_t dim,
                                                    v1::Dtype dtype) {
  auto writer = std::make_unique<NpyWriter>(field, dim, dtype);
  SAGITTA_RETURN_IF_ERROR(writer->Open(path, keep));
  return std::unique_ptr<ExportWriter>(std::move(writer));
}

std::string NpyHeader(std::string_view descr, uint64_t rows, uint32_t dim) {
  std::string text = "{'descr': '" + std::string(descr) + "', 'fortran_order': False, 'shape': (" +
                     std::to_string(rows) + ", " + std::to_string(dim) + "), }";
  text.resize(kNpyHeaderBytes - 10 - 1, ' ');
  text += '\n';
  const auto length = static_cast<uint16_t>(text.size());
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(length & 0xff);
  header += static_cast<char>(length >> 8);
  return header + text;
}

}  // namespace sagitta::cli
