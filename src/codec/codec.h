// Codec: vectors in fewer bytes, and distances of queries to them without decoding.
//
// A codec is trained on a sample of a field's rows, then encodes any row into code_bytes() bytes.
// It is immutable and thread-safe. Keys are kernels.h's: smaller is closer; they estimate the key
// of the vector that was encoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/nearest_rows.h"
#include "sagitta/query.h"
#include "sagitta/schema.h"
#include "sagitta/status.h"

namespace sagitta::codec {

std::string_view CodecName(CodecKind kind);  // "f16", "bf16", "scalar", "row-scaled", …

// What Serialize writes at the front. DO NOT CHANGE THE VALUES: stored.
enum class CodecFormat : uint8_t {
  kFirst = 1,
  kPlanes = 2,  // as kFirst; but Store puts the highest bits apart (PlaneLayout)
};

struct CodecSpec {
  CodecKind kind = CodecKind::kScalar;
  Metric metric = Metric::kL2;  // L2, INNER_PRODUCT or COSINE (of normalised rows)
  uint32_t bits = 8;            // kScalar, kRotated: 1–8; kRecurrent: 1–4; products: 4 or 8
  uint32_t pieces = 0;          // products: divides the rows' dimension
  uint32_t bytes = 0;           // kAllocated: of a row, with the number(s) it ends with
  bool centre = true;           // kSign as usual: whether signs are those of x − mean
  // Of kScalar, kRowScaled, kSign and kRotated.
  CodecTransform transform = CodecTransform::kUsual;
  uint32_t width = 0;  // of its result, of kPca, kWhitening and kSparse; 0 = the rows' dimension
  uint64_t seed = 1;
};

// Codes of odd integers: `width` of them, −(2^bits − 1) to 2^bits − 1, each in `bits` bits, the
// least significant of a byte first. bits = 0: other codes.
struct OddGridShape {
  uint32_t width = 0, bits = 0;
  friend bool operator==(const OddGridShape&, const OddGridShape&) = default;
};

// Rows as Codec::Store left them. The i-th of them is called first + i.
struct StoredRows {
  const uint8_t* data = nullptr;
  size_t n = 0;
  uint32_t first = 0;
  const uint64_t* allowed = nullptr;  // bit i: whether the i-th is wanted; null = all are
};

// The search for the k nearest of rows that are added. Used by one thread at a time.
class CodecScan {
 public:
  virtual ~CodecScan() = default;
  // REQUIRES: the bytes outlive Finish.
  virtual void Add(const StoredRows& rows) = 0;
  // The k of the smallest keys, nearest first, but for rows that a quick look at their codes puts
  // more than three of its standard errors too far.
  virtual void Finish(std::vector<Near>* out) = 0;
};

// One query, against any number of rows. Used by one thread at a time.
class CodecQuery {
 public:
  virtual ~CodecQuery() = default;
  // keys[i] of the i-th of n rows that follow one another.
  virtual void Keys(const uint8_t* codes, size_t n, float* keys) const = 0;
  // Of rows that a codec of format `stored` has stored: another one than prepared the query, where
  // both have the same odd grid. REQUIRES: k > 0; the query outlives the scan.
  virtual std::unique_ptr<CodecScan> Find(size_t k, CodecFormat stored) const = 0;
};

class Codec {
 public:
  virtual ~Codec() = default;
  virtual CodecKind kind() const = 0;
  virtual Metric metric() const = 0;
  virtual uint32_t dim() const = 0;
  virtual size_t code_bytes() const = 0;  // of a row
  // Of kRecurrent and kLearned codes, which go together where it is the same.
  virtual OddGridShape odd_grid() const { return {}; }
  // Of n rows in the order that scans want: by 64s with their bytes interleaved, or as they are.
  // What is stored of 64·m rows begins what is stored of more.
  virtual size_t stored_bytes(size_t n) const { return n * code_bytes(); }
  // n encoded rows to stored_bytes(n) bytes.
  virtual void Store(const uint8_t* codes, size_t n, uint8_t* stored) const;
  // n × dim floats to n × code_bytes() bytes. REQUIRES: all finite.
  virtual void Encode(const float* rows, size_t n, uint8_t* codes) const = 0;
  // The vector that stands nearest to the code, of n rows.
  virtual void Decode(const uint8_t* codes, size_t n, float* rows) const = 0;
  // Asymmetric: a query of dim floats, normalised for COSINE, is not encoded.
  virtual std::unique_ptr<CodecQuery> Prepare(const float* query) const = 0;
  // Symmetric: the query is a code, and stands for what Decode gives. Of kRecurrent codes the sums
  // are integers and exact (SDC of arXiv 2302.08714).
  virtual std::unique_ptr<CodecQuery> PrepareCode(const uint8_t* code) const;
  virtual size_t MemoryBytes() const = 0;
  // A codec keeps that of the bytes that it was read from.
  virtual CodecFormat format() const { return CodecFormat::kFirst; }

  // With a format and a checksum.
  std::string Serialize() const;
  // DATA_LOSS on bytes that are damaged (and may be hostile), or of a format that is not known.
  static Result<std::unique_ptr<Codec>> Deserialize(std::string_view bytes);

 protected:
  virtual void SerializeBody(std::string* out) const = 0;
};

// Trains on n rows of dim floats. INVALID_ARGUMENT names the field of the spec, or says that there
// are too few rows; CANCELLED.
Result<std::unique_ptr<Codec>> TrainCodec(const CodecSpec& spec, const float* rows, size_t n,
                                          uint32_t dim, const CancelToken& cancel);

}  // namespace sagitta::codec
