#include "cli/row_columns.h"

#include "cli/byte_source.h"
#include "cli/json_text.h"
#include "cli/vector_reader.h"

namespace sagitta::cli {
namespace {

constexpr size_t kMaxIdLine = 1024;
constexpr size_t kMaxPayloadLine = size_t{16} << 20;

Status TooFew(const std::string& path, uint64_t row) {
  return Status(StatusCode::kOutOfRange,
                path + ": ends at row " + std::to_string(row) + ", the vector file goes on");
}

class RowNumbers : public IdColumn {
 public:
  explicit RowNumbers(uint64_t offset) : offset_(offset) {}
  Status Seek(uint64_t row) override {
    next_ = row;
    return Status::Ok();
  }
  Status Next(size_t rows, std::vector<PointId>* ids) override {
    ids->clear();
    for (size_t i = 0; i < rows; ++i) ids->emplace_back(offset_ + next_++);
    return Status::Ok();
  }

 private:
  uint64_t offset_;
  uint64_t next_ = 0;
};

// Lines of a text file, by number. Seeking backward starts over.
class LineReader {
 public:
  LineReader(std::unique_ptr<ByteSource> source, size_t max_bytes)
      : source_(std::move(source)), max_bytes_(max_bytes) {}

  Status Seek(uint64_t row) {
    if (row < row_) {
      SAGITTA_RETURN_IF_ERROR(source_->Seek(0));
      row_ = 0;
    }
    std::string line;
    while (row_ < row) SAGITTA_RETURN_IF_ERROR(Next(&line));
    return Status::Ok();
  }
  Status Next(std::string* line) {
    SAGITTA_ASSIGN_OR_RETURN(const bool more, source_->ReadLine(line, max_bytes_));
    if (!more) return TooFew(source_->path(), row_);
    ++row_;
    return Status::Ok();
  }
  // "file:12" of the line read last.
  std::string Where() const { return source_->path() + ":" + std::to_string(row_); }

 private:
  std::unique_ptr<ByteSource> source_;
  size_t max_bytes_;
  uint64_t row_ = 0;
};

class IdLines : public IdColumn {
 public:
  explicit IdLines(std::unique_ptr<ByteSource> source) : lines_(std::move(source), kMaxIdLine) {}
  Status Seek(uint64_t row) override { return lines_.Seek(row); }
  Status Next(size_t rows, std::vector<PointId>* ids) override {
    ids->clear();
    std::string line;
    for (size_t i = 0; i < rows; ++i) {
      SAGITTA_RETURN_IF_ERROR(lines_.Next(&line));
      auto id = PointId::Parse(line);
      if (!id.ok()) {
        return Status::InvalidArgument("", lines_.Where() + ": " + id.status().message());
      }
      ids->push_back(std::move(*id));
    }
    return Status::Ok();
  }

 private:
  LineReader lines_;
};

// One integer a row of a vector file.
class IntegerRows {
 public:
  static Result<std::unique_ptr<IntegerRows>> Open(const std::string& path) {
    SAGITTA_ASSIGN_OR_RETURN(auto reader, OpenVectorFile(path));
    const auto& info = reader->info();
    const bool integers = info.element != Element::kF32 && info.element != Element::kF16 &&
                          info.element != Element::kF64;
    if (info.dim != 1 || !integers) {
      return Status::InvalidArgument("", path + ": has " + std::to_string(info.dim) + " " +
                                             std::string(ElementName(info.element)) +
                                             " a row; one integer a row is expected");
    }
    return std::unique_ptr<IntegerRows>(new IntegerRows(std::move(reader)));
  }
  Status Seek(uint64_t row) {
    row_ = row;
    return reader_->Seek(row);
  }
  Status Next(size_t rows, VectorBlock* block) {
    SAGITTA_RETURN_IF_ERROR(reader_->Read(rows, block));
    row_ += block->rows;
    return block->rows == rows ? Status::Ok() : TooFew(reader_->info().path, row_);
  }
  const std::string& path() const { return reader_->info().path; }

 private:
  explicit IntegerRows(std::unique_ptr<VectorReader> reader) : reader_(std::move(reader)) {}
  std::unique_ptr<VectorReader> reader_;
  uint64_t row_ = 0;
};

class IntegerIds : public IdColumn {
 public:
  explicit IntegerIds(std::unique_ptr<IntegerRows> rows) : rows_(std::move(rows)) {}
  Status Seek(uint64_t row) override { return rows_->Seek(row); }
  Status Next(size_t rows, std::vector<PointId>* ids) override {
    VectorBlock block;
    SAGITTA_RETURN_IF_ERROR(rows_->Next(rows, &block));
    ids->clear();
    for (size_t i = 0; i < rows; ++i) {
      const int64_t id = block.Integer(i, 0);
      if (id < 0) {
        return Status::InvalidArgument(
            "", rows_->path() + ": id " + std::to_string(id) + " is negative");
      }
      ids->emplace_back(static_cast<uint64_t>(id));
    }
    return Status::Ok();
  }

 private:
  std::unique_ptr<IntegerRows> rows_;
};

class LabelPayloads : public PayloadColumn {
 public:
  LabelPayloads(std::unique_ptr<IntegerRows> rows, const std::string& key)
      : rows_(std::move(rows)), prefix_("{" + DumpJson(key) + ":") {}
  Status Seek(uint64_t row) override { return rows_->Seek(row); }
  Status Next(size_t rows, std::vector<std::string>* payloads) override {
    VectorBlock block;
    SAGITTA_RETURN_IF_ERROR(rows_->Next(rows, &block));
    payloads->clear();
    for (size_t i = 0; i < rows; ++i) {
      payloads->push_back(prefix_ + std::to_string(block.Integer(i, 0)) + "}");
    }
    return Status::Ok();
  }

 private:
  std::unique_ptr<IntegerRows> rows_;
  std::string prefix_;
};

class PayloadLines : public PayloadColumn {
 public:
  // `labels` may be null; its key then joins each object.
  PayloadLines(std::unique_ptr<ByteSource> source, std::unique_ptr<PayloadColumn> labels)
      : lines_(std::move(source), kMaxPayloadLine), labels_(std::move(labels)) {}
  Status Seek(uint64_t row) override {
    if (labels_) SAGITTA_RETURN_IF_ERROR(labels_->Seek(row));
    return lines_.Seek(row);
  }
  Status Next(size_t rows, std::vector<std::string>* payloads) override {
    payloads->clear();
    std::vector<std::string> labels;
    if (labels_) SAGITTA_RETURN_IF_ERROR(labels_->Next(rows, &labels));
    std::string line;
    for (size_t i = 0; i < rows; ++i) {
      SAGITTA_RETURN_IF_ERROR(lines_.Next(&line));
      SAGITTA_ASSIGN_OR_RETURN(auto object, ParseJson(line, lines_.Where()));
      if (!object.is_object()) {
        return Status::InvalidArgument(
            "", lines_.Where() + ": a JSON object is expected, not " + JsonKind(object));
      }
      if (labels_) object.update(nlohmann::json::parse(labels[i]));
      payloads->push_back(DumpJson(object));
    }
    return Status::Ok();
  }

 private:
  LineReader lines_;
  std::unique_ptr<PayloadColumn> labels_;
};

}  // namespace

Result<std::unique_ptr<IdColumn>> OpenIdColumn(const DenseSourceOptions& options) {
  if (options.ids_file.empty()) {
    return std::unique_ptr<IdColumn>(std::make_unique<RowNumbers>(options.id_offset));
  }
  const std::string extension = FileExtension(options.ids_file);
  if (extension == "npy" || extension == "idx" || extension == "ivecs") {
    SAGITTA_ASSIGN_OR_RETURN(auto rows, IntegerRows::Open(options.ids_file));
    return std::unique_ptr<IdColumn>(std::make_unique<IntegerIds>(std::move(rows)));
  }
  SAGITTA_ASSIGN_OR_RETURN(auto source, ByteSource::Open(options.ids_file));
  return std::unique_ptr<IdColumn>(std::make_unique<IdLines>(std::move(source)));
}

Result<std::unique_ptr<PayloadColumn>> OpenPayloadColumn(const DenseSourceOptions& options) {
  std::unique_ptr<PayloadColumn> column;
  if (!options.label_file.empty()) {
    SAGITTA_ASSIGN_OR_RETURN(auto rows, IntegerRows::Open(options.label_file));
    column = std::make_unique<LabelPayloads>(std::move(rows), options.label_key);
  }
  if (!options.payload_file.empty()) {
    SAGITTA_ASSIGN_OR_RETURN(auto source, ByteSource::Open(options.payload_file));
    column = std::make_unique<PayloadLines>(std::move(source), std::move(column));
  }
  return column;
}

}  // namespace sagitta::cli
