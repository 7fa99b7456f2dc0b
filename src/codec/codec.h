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

#include "sagitta/query.h"
#include "sagitta/schema.h"
#include "sagitta/status.h"

namespace sagitta::codec {

// DO NOT CHANGE THE VALUES: stored.
enum class CodecKind : uint8_t {
  kF16 = 1,
  kBf16 = 2,
  // An integer of `bits` for each dimension, on a grid of its own: SQ8, SQ6, SQ4.
  kScalar = 3,
  // Signed bytes on a grid that every row scales by a number of its own.
  kRowScaled = 4,
  // The sign of each dimension, and a number per row.
  kSign = 5,
  // Random rotation, then a sign, the sign of what it leaves, and so on, `bits` deep: integers on
  // one odd grid for all dimensions (Gan et al., "Binary Embedding-based Retrieval at Tencent",
  // KDD 2023, arXiv 2302.08714, with an orthogonal matrix for its learned ones).
  kRecurrent = 6,
  // Random rotation of centred rows, `bits` for each dimension, and a number per row that makes dot
  // products unbiased (Gao and Long, "RaBitQ", arXiv 2405.12497; Gao et al., arXiv 2409.09913).
  kRotated = 7,
  // Principal components, each with as many bits of a row's `bytes` as lower the error most
  // (reverse water-filling; Cover and Thomas, "Elements of Information Theory", 10.3.3), and that
  // number.
  kAllocated = 8,
  // Product quantization of `pieces` pieces with 2^bits codewords each, and that number; without
  // and with a rotation learned for it.
  kProduct = 9,
  kRotatedProduct = 10,
  // kRecurrent with the paper's learned blocks around the rotation; what it holds is trained in
  // learn/, not by TrainCodec.
  kLearned = 11,
};
std::string_view CodecName(CodecKind kind);  // "f16", "bf16", "scalar", "row-scaled", …

struct CodecSpec {
  CodecKind kind = CodecKind::kScalar;
  Metric metric = Metric::kL2;  // L2, INNER_PRODUCT or COSINE (of normalised rows)
  uint32_t bits = 8;            // kScalar, kRotated: 1–8; kRecurrent: 1–4; products: 4 or 8
  uint32_t pieces = 0;          // products: divides the rows' dimension
  uint32_t bytes = 0;           // kAllocated: of a row, with the number(s) it ends with
  bool centre = true;           // kSign: whether signs are those of x − mean
  uint64_t seed = 1;
};

// Codes of odd integers: `width` of them, −(2^bits − 1) to 2^bits − 1, each in `bits` bits, the
// least significant of a byte first. bits = 0: other codes.
struct OddGridShape {
  uint32_t width = 0, bits = 0;
  friend bool operator==(const OddGridShape&, const OddGridShape&) = default;
};

struct Near {
  float key;
  uint32_t row;
  friend bool operator<(const Near& a, const Near& b) {
    return a.key != b.key ? a.key < b.key : a.row < b.row;
  }
};

// One query, against any number of rows. Used by one thread at a time.
class CodecQuery {
 public:
  virtual ~CodecQuery() = default;
  // keys[i] of the i-th of n rows that follow one another.
  virtual void Keys(const uint8_t* codes, size_t n, float* keys) const = 0;
  // The k rows of the smallest keys among the n of `blocks` (see Codec::Pack), best first. Rows
  // that a quick look at their codes puts four standard errors of that look behind the k-th are not
  // looked at again. REQUIRES: block_bytes() > 0.
  virtual void FindNearest(const uint8_t* blocks, size_t n, size_t k, std::vector<Near>* out) const;
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
  // Of 64 rows whose bytes are interleaved so that they are scanned together; 0 = this codec has no
  // such form.
  virtual size_t block_bytes() const { return 0; }
  // n encoded rows to ⌈n / 64⌉ blocks; what is left of the last one is zeros.
  virtual void Pack(const uint8_t* codes, size_t n, uint8_t* blocks) const;
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

  // With a version and a checksum.
  std::string Serialize() const;
  // DATA_LOSS on bytes that are damaged (and may be hostile), or of a version that is not known.
  static Result<std::unique_ptr<Codec>> Deserialize(std::string_view bytes);

 protected:
  virtual void SerializeBody(std::string* out) const = 0;
};

// Trains on n rows of dim floats. INVALID_ARGUMENT names the field of the spec, or says that there
// are too few rows; CANCELLED.
Result<std::unique_ptr<Codec>> TrainCodec(const CodecSpec& spec, const float* rows, size_t n,
                                          uint32_t dim, const CancelToken& cancel);

}  // namespace sagitta::codec
