#include "cli/vector_reader.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "cli/byte_source.h"
#include "cli/row_layout.h"

namespace sagitta::cli {
namespace {

template <typename T>
T LoadAt(const std::string& bytes, size_t index) {
  T value;
  std::memcpy(&value, bytes.data() + index * sizeof(T), sizeof(T));
  return value;
}

class RowFileReader : public VectorReader {
 public:
  RowFileReader(std::unique_ptr<ByteSource> source, RowLayout layout, std::string format)
      : source_(std::move(source)), layout_(layout) {
    info_ = {source_->path(), std::move(format), layout.element, layout.dim, layout.rows};
  }

  const VectorFileInfo& info() const override { return info_; }

  Status Seek(uint64_t row) override {
    const bool beyond = layout_.rows ? row > *layout_.rows : row > (uint64_t{1} << 40);
    if (beyond) {
      return Status(StatusCode::kOutOfRange,
                    info_.path + ": has " + std::to_string(layout_.rows.value_or(0)) +
                        " rows, row " + std::to_string(row) + " was asked for");
    }
    SAGITTA_RETURN_IF_ERROR(source_->Seek(layout_.data_offset + row * layout_.row_bytes()));
    next_row_ = row;
    return Status::Ok();
  }

  Status Read(size_t max_rows, VectorBlock* block) override {
    block->element = layout_.element;
    block->dim = layout_.dim;
    block->rows = 0;
    if (layout_.rows) {
      max_rows = static_cast<size_t>(std::min<uint64_t>(max_rows, *layout_.rows - next_row_));
    }
    const size_t row_bytes = layout_.row_bytes();
    block->bytes.resize(max_rows * row_bytes);
    SAGITTA_ASSIGN_OR_RETURN(const size_t got,
                             source_->Read(block->bytes.data(), block->bytes.size()));
    // A file whose length was not known beforehand (gzip) may end between rows, not within one.
    if (got % row_bytes != 0 || (layout_.rows && got < block->bytes.size())) {
      return Status::DataLoss(info_.path + ": truncated: ends within row " +
                              std::to_string(next_row_ + got / row_bytes) +
                              (layout_.rows ? " of " + std::to_string(*layout_.rows) : ""));
    }
    block->rows = got / row_bytes;
    block->bytes.resize(got);
    if (layout_.row_prefix != 0) SAGITTA_RETURN_IF_ERROR(StripPrefixes(block));
    if (layout_.big_endian) SwapBytes(block);
    next_row_ += block->rows;
    return Status::Ok();
  }

 private:
  Status StripPrefixes(VectorBlock* block) {
    const size_t payload = layout_.row_bytes() - layout_.row_prefix;
    char* data = block->bytes.data();
    for (size_t row = 0; row < block->rows; ++row) {
      int32_t dim = 0;
      std::memcpy(&dim, data + row * layout_.row_bytes(), sizeof(dim));
      if (dim != static_cast<int32_t>(layout_.dim)) {
        return Status::DataLoss(info_.path + ": row " + std::to_string(next_row_ + row) + " has " +
                                std::to_string(dim) + " elements, the first row has " +
                                std::to_string(layout_.dim));
      }
      std::memmove(data + row * payload, data + row * layout_.row_bytes() + layout_.row_prefix,
                   payload);
    }
    block->bytes.resize(block->rows * payload);
    return Status::Ok();
  }

  void SwapBytes(VectorBlock* block) {
    const size_t width = ElementBytes(layout_.element);
    if (width == 1) return;
    for (size_t i = 0; i + width <= block->bytes.size(); i += width) {
      std::reverse(block->bytes.begin() + i, block->bytes.begin() + i + width);
    }
  }

  std::unique_ptr<ByteSource> source_;
  RowLayout layout_;
  VectorFileInfo info_;
  uint64_t next_row_ = 0;
};

Result<std::string> DetectFormat(ByteSource& source) {
  unsigned char head[6] = {};
  SAGITTA_ASSIGN_OR_RETURN(const size_t got, source.Read(head, sizeof(head)));
  SAGITTA_RETURN_IF_ERROR(source.Seek(0));
  const std::string extension = FileExtension(source.path());
  for (const char* name : {"npy", "fvecs", "ivecs", "bvecs", "idx"}) {
    if (extension == name) return extension;
  }
  if (got == 6 && std::memcmp(head, "\x93NUMPY", 6) == 0) return std::string("npy");
  if (got >= 4 && head[0] == 0 && head[1] == 0 && head[2] >= 8 && head[2] <= 14 && head[3] >= 1 &&
      head[3] <= 8) {
    return std::string("idx");
  }
  return Status::InvalidArgument(
      "", source.path() +
              ": neither its content nor its name says a format; give one of npy, "
              "fvecs, ivecs, bvecs, idx");
}

Result<RowLayout> ParseHeader(ByteSource& source, std::string_view format) {
  if (format == "npy") return ParseNpyHeader(source);
  if (format == "idx") return ParseIdxHeader(source);
  if (format == "fvecs") return ParseVecsHeader(source, Element::kF32);
  if (format == "ivecs") return ParseVecsHeader(source, Element::kI32);
  if (format == "bvecs") return ParseVecsHeader(source, Element::kU8);
  return Status::InvalidArgument("format", "'" + std::string(format) +
                                               "' is not a vector format; allowed are npy, fvecs, "
                                               "ivecs, bvecs, idx");
}

}  // namespace

uint32_t ElementBytes(Element element) {
  switch (element) {
    case Element::kF64:
    case Element::kI64:
      return 8;
    case Element::kF32:
    case Element::kI32:
      return 4;
    case Element::kF16:
      return 2;
    case Element::kI8:
    case Element::kU8:
      break;
  }
  return 1;
}

std::string_view ElementName(Element element) {
  switch (element) {
    case Element::kF32:
      return "f32";
    case Element::kF16:
      return "f16";
    case Element::kF64:
      return "f64";
    case Element::kI8:
      return "i8";
    case Element::kU8:
      return "u8";
    case Element::kI32:
      return "i32";
    case Element::kI64:
      return "i64";
  }
  return "?";
}

VectorValue VectorBlock::Row(size_t row) const {
  const size_t width = ElementBytes(element);
  auto raw = [&](Dtype dtype) {
    return VectorValue(dtype, bytes.substr(row * dim * width, dim * width));
  };
  switch (element) {
    case Element::kF32:
      return raw(Dtype::kF32);
    case Element::kF16:
      return raw(Dtype::kF16);
    case Element::kI8:
      return raw(Dtype::kI8);
    case Element::kU8:
      return raw(Dtype::kU8);
    default:
      break;
  }
  std::vector<float> floats(dim);
  for (uint32_t i = 0; i < dim; ++i) {
    floats[i] = element == Element::kF64 ? static_cast<float>(LoadAt<double>(bytes, row * dim + i))
                                         : static_cast<float>(Integer(row, i));
  }
  return VectorValue(floats);
}

int64_t VectorBlock::Integer(size_t row, uint32_t column) const {
  const size_t index = row * dim + column;
  switch (element) {
    case Element::kI8:
      return LoadAt<int8_t>(bytes, index);
    case Element::kU8:
      return LoadAt<uint8_t>(bytes, index);
    case Element::kI32:
      return LoadAt<int32_t>(bytes, index);
    case Element::kI64:
      return LoadAt<int64_t>(bytes, index);
    default:
      break;
  }
  return 0;
}

Result<std::unique_ptr<VectorReader>> OpenVectorFile(const std::string& path,
                                                     std::string_view format) {
  SAGITTA_ASSIGN_OR_RETURN(auto source, ByteSource::Open(path));
  std::string kind(format);
  if (kind.empty()) {
    SAGITTA_ASSIGN_OR_RETURN(kind, DetectFormat(*source));
  }
  SAGITTA_ASSIGN_OR_RETURN(const RowLayout layout, ParseHeader(*source, kind));
  SAGITTA_RETURN_IF_ERROR(CheckLayout(layout, *source));
  auto reader = std::make_unique<RowFileReader>(std::move(source), layout, std::move(kind));
  SAGITTA_RETURN_IF_ERROR(reader->Seek(0));
  return std::unique_ptr<VectorReader>(std::move(reader));
}

Result<VectorBlock> ReadVectorFile(const std::string& path, uint64_t max_rows, uint64_t max_bytes) {
  SAGITTA_ASSIGN_OR_RETURN(auto reader, OpenVectorFile(path));
  VectorBlock all;
  all.element = reader->info().element;
  all.dim = reader->info().dim;
  VectorBlock block;
  while (all.rows < max_rows) {
    SAGITTA_RETURN_IF_ERROR(reader->Read(std::min<uint64_t>(1024, max_rows - all.rows), &block));
    if (block.rows == 0) break;
    if (all.bytes.size() + block.bytes.size() > max_bytes) {
      return Status::ResourceExhausted(path + ": holds more than the " +
                                       std::to_string(max_bytes >> 20) +
                                       " MiB that fit; ask for fewer rows");
    }
    all.bytes += block.bytes;
    all.rows += block.rows;
  }
  return all;
}

Result<std::vector<int64_t>> ReadLabels(const std::string& path) {
  SAGITTA_ASSIGN_OR_RETURN(const VectorBlock block,
                           ReadVectorFile(path, uint64_t{1} << 32, uint64_t{1} << 32));
  const bool integers = block.element != Element::kF32 && block.element != Element::kF16 &&
                        block.element != Element::kF64;
  if (block.dim != 1 || !integers) {
    return Status::InvalidArgument("", path + ": has " + std::to_string(block.dim) + " " +
                                           std::string(ElementName(block.element)) +
                                           " a row; labels are one integer a row");
  }
  std::vector<int64_t> labels(block.rows);
  for (size_t i = 0; i < block.rows; ++i) labels[i] = block.Integer(i, 0);
  return labels;
}

std::string FileExtension(std::string_view path) {
  if (path.ends_with(".gz")) path.remove_suffix(3);
  const size_t dot = path.find_last_of("./");
  if (dot == std::string_view::npos || path[dot] == '/') return {};
  std::string extension(path.substr(dot + 1));
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return extension;
}

}  // namespace sagitta::cli
