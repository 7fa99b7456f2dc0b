// CollectionSchema: the vector fields, payload indexes and settings of a collection.
// Thread-compatible value types.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sagitta/point.h"
#include "sagitta/status.h"
#include "sagitta/text.h"

namespace sagitta {

// DO NOT CHANGE THE VALUES OF THE ENUMS IN THIS FILE: they are stored.

enum class Metric : uint8_t {
  kL2 = 1,            // score: Euclidean distance, smaller is closer
  kInnerProduct = 2,  // score: dot product, larger is closer
  kCosine = 3,        // score: cosine of the angle, larger is closer; zero vectors are refused
  kL1 = 4,            // score: sum of absolute differences, smaller is closer
  // Of BITS, and of nothing else:
  kHamming = 5,  // score: bits that differ, smaller is closer
  kJaccard = 6,  // score: 1 − |a∩b| / |a∪b|, 0–1, smaller is closer; 0 for two empty vectors
};

// True where a larger score is closer.
constexpr bool HigherIsCloser(Metric metric) {
  return metric == Metric::kInnerProduct || metric == Metric::kCosine;
}

enum class IndexKind : uint8_t {
  // FLAT below 20,000 rows of a segment, GRAPH from there on; of BITS BINARY_FLAT and BINARY_HNSW
  kAuto = 1,
  kFlat = 2,
  kHnsw = 3,
  kIvfFlat = 4,
  kIvfPq = 5,
  kGraph = 6,
  // Kept for the indexes that follow; refused with INVALID_ARGUMENT until then.
  kBinary = 7,  // given away before the three below; stays refused
  kSparse = 8,
  kMultiVector = 9,
  // Of BITS, which take no other but AUTO.
  kBinaryFlat = 10,
  kBinaryHnsw = 11,  // HnswParams
  kBinaryIvf = 12,   // IvfParams
  // Codes of fewer bytes, CodecParams; for other vectors than BITS.
  kFlatCodes = 13,  // all are scanned
  kIvfCodes = 14,   // those of inverted lists, IvfParams
};

// True where there is no structure: every search is an exact scan.
constexpr bool IsFlat(IndexKind kind) {
  return kind == IndexKind::kFlat || kind == IndexKind::kBinaryFlat;
}

// True of what only BITS take.
constexpr bool IsBinary(IndexKind kind) {
  return kind == IndexKind::kBinaryFlat || kind == IndexKind::kBinaryHnsw ||
         kind == IndexKind::kBinaryIvf;
}
constexpr bool IsBinary(Metric metric) {
  return metric == Metric::kHamming || metric == Metric::kJaccard;
}

// What is flat for vectors of a dtype.
constexpr IndexKind FlatKind(Dtype dtype) {
  return dtype == Dtype::kBits ? IndexKind::kBinaryFlat : IndexKind::kFlat;
}

struct HnswParams {
  uint32_t m = 16;                 // links per node and level (2m at level 0), 2–128
  uint32_t ef_construction = 200;  // candidates while building, 4–4,096
  uint32_t ef_search = 128;  // candidates while searching, where the query gives none, 1–10,000
  friend bool operator==(const HnswParams&, const HnswParams&) = default;
};

struct IvfParams {
  // Lists, 1–65,536; 0 = 4·sqrt(rows), at most rows/39, of IVF_CODES rows/256.
  uint32_t nlist = 0;
  // Lists read by a query that gives none; 0 = max(8, nlist/16), of IVF_CODES
  // min(nlist/2, 8·sqrt(nlist)), at least 8.
  uint32_t nprobe = 0;
  friend bool operator==(const IvfParams&, const IvfParams&) = default;
};

struct PqParams {
  uint32_t m = 0;      // sub-quantizers, a divisor of dim; 0 = the largest divisor ≤ dim/4 (one
                       // byte for four elements), at least 1
  uint32_t nbits = 8;  // bits per code: 4–8
  float oversampling = 4.0f;  // k × this many candidates are reranked on stored vectors, 1–100
  friend bool operator==(const PqParams&, const PqParams&) = default;
};

// A flat graph whose links are followed by short codes of the vectors; answers are ranked by the
// stored vectors. It grows with the rows while there are searches: those of a mutable segment are
// linked a moment after they came, and until then scanned.
struct GraphParams {
  uint32_t degree = 32;        // links per node, 8–128
  uint32_t build_width = 128;  // candidates while building, 16–4,096
  float alpha = 1.2f;          // 1–2: a link is left out where another is this much nearer
  uint32_t code_bits = 4;      // per dimension: 1, 4 or 8
  // Candidates while searching, where the query gives none, 1–10,000. 0 = as many as give a sealed
  // segment's rows a recall@10 of 0.99 (measured when it is built: 16–512; more for larger k), and
  // 128 of a mutable one. A filter that a share s of the rows passes takes (1 + s) / 2 of it, or up
  // to twice as many where hardly any are near.
  uint32_t ef_search = 0;
  float oversampling = 2.5f;  // k × this many candidates, but ef / 4, are reranked, 1–100
  friend bool operator==(const GraphParams&, const GraphParams&) = default;
};

// How vectors are coded in fewer bytes.
enum class CodecKind : uint8_t {
  kF16 = 1,
  kBf16 = 2,
  // An integer of `bits` for each element, on a grid of its own: SQ8, SQ6, SQ4.
  kScalar = 3,
  // Signed bytes on a grid that every row scales by a number of its own.
  kRowScaled = 4,
  // The sign of each element less its mean, and a number per row.
  kSign = 5,
  // Random rotation, then a sign, the sign of what it leaves, and so on, `bits` deep: integers on
  // one odd grid for all elements (Gan et al., "Binary Embedding-based Retrieval at Tencent",
  // KDD 2023, arXiv 2302.08714, with an orthogonal matrix for its learned ones).
  kRecurrent = 6,
  // Random rotation of centred rows, `bits` for each element, and a number per row that makes dot
  // products unbiased (Gao and Long, "RaBitQ", arXiv 2405.12497; Gao et al., arXiv 2409.09913).
  kRotated = 7,
  // Principal components, each with as many bits of a row's `bytes` as lower the error most
  // (reverse water-filling; Cover and Thomas, "Elements of Information Theory", 10.3.3; Brandt,
  // "Transform coding for fast approximate nearest neighbor search in high dimensions",
  // CVPR 2010), and that number.
  kAllocated = 8,
  // Product quantization of `pieces` pieces with 2^bits codewords each, and that number; without
  // and with a rotation learned for it (Ge et al., "Optimized Product Quantization", PAMI 2014).
  kProduct = 9,
  kRotatedProduct = 10,
  // kRecurrent with the paper's learned blocks around the rotation: a model of the database's, see
  // sagitta/model.h. Nothing is trained when an index is built.
  kLearned = 11,
};

// What is done to vectors before SQ, SQ_ROW, SIGN and RABITQ code them; all but the first two
// subtract the mean.
enum class CodecTransform : uint8_t {
  kUsual = 1,     // the codec's own: of RABITQ kRotation, of SIGN the mean alone, of others kNone
  kNone = 2,      // elements as they are
  kRotation = 3,  // random: what an element holds is spread over all
  kPca = 4,       // principal components
  // Principal components, each divided by its standard deviation. Not for SQ_ROW; for SQ, with a
  // grid for every element, the same as kPca.
  kWhitening = 5,
  // Very sparse random projection: of each element sqrt(dim) of dim entries are not 0 (Li, Hastie
  // and Church, "Very sparse random projections", KDD 2006). Quick, and to any number of elements.
  kSparse = 6,
};

// Of FLAT_CODES and IVF_CODES, which find candidates by codes in memory and rank them by the stored
// vectors. Not for the metric L1.
struct CodecParams {
  CodecKind kind = CodecKind::kAllocated;
  // kScalar, kRotated: 1–8 [8, 4]; kRecurrent: 1–4 [2]; products: 4 or 8 [4]. 0 = what is in
  // brackets, and for all others.
  uint32_t bits = 0;
  uint32_t pieces = 0;  // of products, a divisor of the coded elements; 0 = 2 bits an element
  uint32_t bytes = 0;   // of a row of kAllocated; 0 = 4 bits an element, and 2 to 6 bytes
  uint32_t dims = 0;    // only the first of each vector are coded (Matryoshka); 0 = all
  CodecTransform transform = CodecTransform::kUsual;
  // Elements of a code: of kPca and kWhitening the first components, at most the coded dims; of
  // kSparse 8–8,192. 0 = as many as coded dims, and for all others.
  uint32_t width = 0;
  float oversampling = 4.0f;  // k × this many candidates are reranked, 1–100
  // Rows so much of the standard deviation of all apart, or less, share one code, 0–1; equal ones
  // always do. Rows of unit length with a cosine of 0.98, for instance, are about 0.2 apart.
  float near_duplicates = 0;
  std::string model = {};  // of kLearned, "NAME@VERSION"; of all others empty
  friend bool operator==(const CodecParams&, const CodecParams&) = default;
};

// Where a sealed segment's stored vectors are kept. Codes and links stay in memory.
enum class Residency : uint8_t {
  // In memory as far as the database's memory limit has room for them behind all that is needed
  // more, those first that are searched most for their size; else as kDisk.
  kAuto = 1,
  kMemory = 2,
  // What ranks an answer is read from disk, all rows of a query at once. No more than a sixteenth
  // stays in memory for long. For indexes with codes: others compare vectors all the way.
  kDisk = 3,
};

struct IndexParams {
  IndexKind kind = IndexKind::kAuto;
  HnswParams hnsw;
  IvfParams ivf;
  PqParams pq;
  GraphParams graph;
  CodecParams codec;
  Residency residency = Residency::kAuto;  // holds at once, without a rebuild
  friend bool operator==(const IndexParams&, const IndexParams&) = default;
};

struct VectorField {
  std::string name;  // [a-z0-9][a-z0-9_-]{0,63}
  uint32_t dim = 0;  // 1–8,192; of BITS 1–65,536
  Metric metric = Metric::kL2;
  // How elements are kept; input of another dtype is converted on write. BITS go with HAMMING and
  // JACCARD; they take BITS, the same packed bytes as U8, and of any dtype dim elements that are
  // all 0 or 1.
  Dtype storage = Dtype::kF32;
  IndexParams index;
  friend bool operator==(const VectorField&, const VectorField&) = default;
};

enum class PayloadIndexKind : uint8_t {
  kKeyword = 1,  // strings
  kInt64 = 2,
  kDouble = 3,  // doubles and int64s
  kBool = 4,
  kDatetime = 5,  // RFC 3339 strings, or int64 ms since the epoch
  kGeo = 6,       // objects with "lon" and "lat" in degrees
  kText = 7,      // the words of strings
};

struct PayloadIndex {
  std::string path;  // key, or keys joined by '.', into nested objects; lists match by any element
  PayloadIndexKind kind = PayloadIndexKind::kKeyword;
  TextParams text;  // of kText; the defaults for any other kind
  friend bool operator==(const PayloadIndex&, const PayloadIndex&) = default;
};

// Rows come into a mutable segment and are found at once. It is searched exactly where the index is
// FLAT, an IVF kind, or AUTO in a shard of fewer than 20,000 live rows; elsewhere, from 512 rows
// on, over a graph that grows behind the writes, with the recall of a GRAPH.
//
// When the compactor acts. Zero means the default in brackets.
struct CompactionSettings {
  // Rows of a mutable segment that make it full [65,536], 64–4,194,304; 16 GiB of vectors do too.
  uint32_t seal_rows = 0;
  uint32_t seal_idle_ms =
      0;  // quiet time after which a mutable segment of ≥ seal_min_rows is sealed [5,000]
  uint32_t seal_min_rows = 0;     // [2,000]
  uint32_t max_segment_rows = 0;  // rows above which segments are no longer merged [2,000,000]
  float deleted_ratio = 0;        // dead share of a segment that makes it worth a rewrite [0.2]
  friend bool operator==(const CompactionSettings&, const CompactionSettings&) = default;
};

struct CollectionSchema {
  std::string name;                   // [a-z0-9][a-z0-9_-]{0,63}
  uint32_t shards = 1;                // 1–64, fixed for life
  std::vector<VectorField> fields;    // 1–32
  std::vector<PayloadIndex> indexes;  // 0–64
  CompactionSettings compaction;
  friend bool operator==(const CollectionSchema&, const CollectionSchema&) = default;

  const VectorField* FindField(std::string_view name) const;

  // INVALID_ARGUMENT naming the field that is out of its range.
  Status Validate() const;

  // Stable text form (JSON, with a version), for the catalog and snapshots.
  std::string ToJson() const;
  static Result<CollectionSchema> FromJson(std::string_view json);
};

// A change of settings while serving. What is not given stays.
struct CollectionUpdate {
  struct Field {
    std::string name;
    IndexParams index;
  };
  std::vector<Field> fields;
  bool set_compaction = false;
  CompactionSettings compaction;
};

// INVALID_ARGUMENT unless `name` is [a-z0-9][a-z0-9_-]{0,63}; `field` is what the error names.
Status ValidateName(std::string_view field, std::string_view name);

}  // namespace sagitta
