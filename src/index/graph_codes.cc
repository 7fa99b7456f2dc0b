#include "index/graph_codes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace sagitta::index {
namespace {

using kernels::CodeKind;

constexpr size_t kLine = kernels::kCodeLine;
constexpr size_t kTrailer = kernels::kCodeTrailer;
constexpr float kByteOffset = 64.0f;
constexpr float kNibbleOffset = 7.5f;
constexpr float kBitOffset = 0.5f;

size_t CodesPerLine(CodeKind kind) {
  return kind == CodeKind::kByte ? kLine : kind == CodeKind::kNibble ? 2 * kLine : 8 * kLine;
}

size_t QueryLine(CodeKind kind) {
  return kind == CodeKind::kByte ? kLine : kind == CodeKind::kNibble ? 2 * kLine : 4 * kLine;
}

// Where nibbles lie: `width` bytes of line `line`, whose first dimension is 128·line.
size_t NibbleWidth(size_t line, size_t lines) {
  return line + 1 == lines ? kLine - kTrailer : kLine;
}

// numbers[i] = v[i]/step, nearest even, saturated to a signed byte. `scaled` is scratch.
void ToBytes(const float* v, size_t n, float step, float shift, std::vector<float>* scaled,
             int8_t* numbers) {
  const float inverse = step > 0 && std::isfinite(1.0f / step) ? 1.0f / step : 0.0f;
  scaled->resize(n);
  for (size_t i = 0; i < n; ++i) (*scaled)[i] = v[i] * inverse + shift;
  kernels::FromFloat(Dtype::kI8)(scaled->data(), numbers, n);
}

float ScaleFor(double squared, double product) {
  const double scale = product > 0 ? squared / product : 0.0;
  return std::isfinite(scale) ? static_cast<float>(scale) : 0.0f;
}

// Writes c − 64 for n codes c; their sum. Two loops, of which compilers make vectors.
uint32_t Centre(const uint8_t* codes, size_t n, uint8_t* __restrict values) {
  for (size_t i = 0; i < n; ++i) values[i] = static_cast<uint8_t>(codes[i] - 64);
  uint32_t sum = 0;
  for (size_t i = 0; i < n; ++i) sum += codes[i];
  return sum;
}

struct EncodeScratch {
  std::vector<float> scaled;
  std::vector<int8_t> numbers, best;
};

EncodeScratch& Scratch(size_t dims) {
  thread_local EncodeScratch scratch;
  scratch.numbers.resize(dims);
  return scratch;
}

}  // namespace

AlignedBytes::AlignedBytes(size_t bytes)
    : data_(static_cast<uint8_t*>(::operator new[](bytes, std::align_val_t{kLine}))),
      size_(bytes) {
  std::memset(data_.get(), 0, bytes);
}

CodeFormat::CodeFormat(CodeKind kind, uint32_t dims) : kind_(kind), dims_(dims) {
  const size_t per_line = CodesPerLine(kind);
  lines_ = (dims + per_line / kLine * kTrailer + per_line - 1) / per_line;
}

uint32_t CodeFormat::DimsOfLines(CodeKind kind, size_t lines) {
  const size_t per_line = CodesPerLine(kind);
  return static_cast<uint32_t>(lines * per_line - per_line / kLine * kTrailer);
}

float CodeFormat::offset() const {
  return kind_ == CodeKind::kByte     ? kByteOffset
         : kind_ == CodeKind::kNibble ? kNibbleOffset
                                      : kBitOffset;
}

float CodeFormat::Scale(const uint8_t* row, size_t row_bytes) {
  float scale;
  std::memcpy(&scale, row + row_bytes - kTrailer, sizeof(scale));
  return scale;
}

float CodeFormat::Norm(const uint8_t* row, size_t row_bytes) {
  float norm;
  std::memcpy(&norm, row + row_bytes - sizeof(norm), sizeof(norm));
  return norm;
}

void CodeFormat::SetNorm(uint8_t* row, size_t row_bytes, float norm) {
  std::memcpy(row + row_bytes - sizeof(norm), &norm, sizeof(norm));
}

void CodeFormat::Encode(const float* y, float norm, uint8_t* row) const {
  std::memset(row, 0, row_bytes());
  const float scale = kind_ == CodeKind::kByte     ? EncodeBytes(y, row)
                      : kind_ == CodeKind::kNibble ? EncodeNibbles(y, row)
                                                   : EncodeBits(y, row);
  std::memcpy(row + row_bytes() - kTrailer, &scale, sizeof(scale));
  SetNorm(row, row_bytes(), norm);
}

void CodeFormat::Decode(const uint8_t* row, float* y) const {
  const float scale = Scale(row, row_bytes());
  for (size_t d = 0; d < dims_; ++d) y[d] = scale * (static_cast<float>(row[d]) - kByteOffset);
}

float CodeFormat::EncodeBytes(const float* y, uint8_t* row) const {
  EncodeScratch& scratch = Scratch(dims_);
  ToBytes(y, dims_, kernels::Codes().max_abs(y, dims_) / 63.0f, 0.0f, &scratch.scaled,
          scratch.numbers.data());
  double squared = 0, product = 0;
  for (size_t d = 0; d < dims_; ++d) {
    const int number = std::clamp<int>(scratch.numbers[d], -63, 63);
    row[d] = static_cast<uint8_t>(number + 64);
    squared += double{y[d]} * y[d];
    product += double{y[d]} * number;
  }
  return ScaleFor(squared, product);
}

// The step is the best of a few by the cosine between codes and vector: 0.335 deviations is the
// optimum for normally distributed elements (Max, "Quantizing for minimum distortion", 1960), the
// largest element / 8 what vectors of few dimensions need.
float CodeFormat::EncodeNibbles(const float* y, uint8_t* row) const {
  EncodeScratch& scratch = Scratch(dims_);
  const float squared = kernels::SquaredNorm(y, dims_);
  const float deviation = std::sqrt(squared / static_cast<float>(dims_));
  const std::array<float, 4> steps = {0.28f * deviation, 0.335f * deviation, 0.4f * deviation,
                                      kernels::Codes().max_abs(y, dims_) / 8.0f};
  const auto dot = kernels::Distances(Dtype::kI8, Metric::kInnerProduct).query_row;
  float sum = 0;
  for (size_t d = 0; d < dims_; ++d) sum += y[d];
  scratch.best.assign(dims_, 0);
  float best_cosine = -1, best_product = 0;
  for (const float step : steps) {
    ToBytes(y, dims_, step, -0.5f, &scratch.scaled, scratch.numbers.data());
    int squares = 0, numbers = 0;
    for (int8_t& number : scratch.numbers) {
      number = std::clamp<int8_t>(number, -8, 7);
      squares += number * number;
      numbers += number;
    }
    const float length =  // of the numbers, each half a step up
        static_cast<float>(squares + numbers) + 0.25f * static_cast<float>(dims_);
    const float product = 0.5f * sum - dot(y, scratch.numbers.data(), dims_);
    const float cosine = product / std::sqrt(length);
    if (!(cosine > best_cosine)) continue;
    best_cosine = cosine;
    best_product = product;
    scratch.best.swap(scratch.numbers);
    scratch.numbers.resize(dims_);
  }
  for (size_t d = 0; d < dims_; ++d) {
    const size_t line = d / (2 * kLine), at = d % (2 * kLine);
    const size_t width = NibbleWidth(line, lines_);
    const auto code = static_cast<unsigned>(scratch.best[d] + 8);
    uint8_t& byte = row[line * kLine + at % width];
    byte = static_cast<uint8_t>(byte | (at < width ? code : code << 4));
  }
  return ScaleFor(squared, best_product);
}

float CodeFormat::EncodeBits(const float* y, uint8_t* row) const {
  double squared = 0, magnitudes = 0;
  for (size_t d = 0; d < dims_; ++d) {
    squared += double{y[d]} * y[d];
    magnitudes += std::abs(y[d]);
    if (y[d] > 0) row[d / 8] = static_cast<uint8_t>(row[d / 8] | 1 << d % 8);
  }
  return ScaleFor(squared, 0.5 * magnitudes);
}

// Lays signed numbers out against the codes.
void CodeFormat::Place(const int8_t* numbers, CodeQueryBuffer* out) const {
  const size_t bytes = lines_ * QueryLine(kind_);
  if (out->values.size() < bytes) out->values = AlignedBytes(bytes);
  uint8_t* values = out->values.data();
  std::memset(values, 0, bytes);
  if (kind_ == CodeKind::kByte) {
    std::memcpy(values, numbers, dims_);
  } else if (kind_ == CodeKind::kNibble) {
    for (size_t line = 0; line < lines_; ++line) {
      const size_t first = line * 2 * kLine, width = NibbleWidth(line, lines_);
      const size_t low = std::min(width, dims_ - std::min<size_t>(first, dims_));
      const size_t high = std::min(width, dims_ - std::min<size_t>(first + width, dims_));
      std::memcpy(values + first, numbers + first, low);
      std::memcpy(values + first + kLine, numbers + first + width, high);
    }
  } else {
    for (size_t d = 0; d < dims_; ++d) {
      const auto bits = static_cast<uint8_t>(numbers[d]);
      uint8_t* line = values + d / (8 * kLine) * 4 * kLine + d % (8 * kLine) / 8;
      for (size_t plane = 0; plane < 4; ++plane) {
        uint8_t& byte = line[plane * kLine];
        byte = static_cast<uint8_t>(byte | (bits >> plane & 1) << d % 8);
      }
    }
  }
  out->query.values = values;
  out->query.lines = lines_;
}

void CodeFormat::RowQuery(const uint8_t* row, const CodeKey& key, CodeQueryBuffer* out) const {
  const size_t bytes = row_bytes();
  if (out->values.size() < bytes) out->values = AlignedBytes(bytes);
  uint8_t* values = out->values.data();
  uint32_t sum = Centre(row, bytes, values);
  for (size_t d = dims_; d < bytes; ++d) {
    sum -= row[d];
    values[d] = 0;
  }
  out->query.values = values;
  out->query.lines = lines_;
  out->query.norm_factor = key.norm_factor;
  out->query.dot_factor = key.product_factor * Scale(row, bytes);
  out->query.bias = -out->query.dot_factor * offset() *
                    (static_cast<float>(sum) - offset() * static_cast<float>(dims_));
}

void CodeFormat::FloatQuery(const float* y, const CodeKey& key, CodeQueryBuffer* out) const {
  const float most = kind_ == CodeKind::kBit ? 7.0f : 127.0f;
  const float step = kernels::Codes().max_abs(y, dims_) / most;
  out->numbers.resize(dims_);
  ToBytes(y, dims_, step, 0.0f, &out->scaled, out->numbers.data());
  int32_t sum = 0;
  for (const int8_t number : out->numbers) sum += number;
  if (kind_ == CodeKind::kBit) {
    for (int8_t& number : out->numbers) number = std::clamp<int8_t>(number, -8, 7);
  }
  Place(out->numbers.data(), out);
  out->query.norm_factor = key.norm_factor;
  out->query.dot_factor = key.product_factor * (std::isfinite(step) ? step : 0.0f);
  out->query.bias = -out->query.dot_factor * offset() * static_cast<float>(sum);
}

}  // namespace sagitta::index
