// Models: trained codes that a database keeps, and their training. Thread-compatible value types.
//
// A model is what LEARNED codes are made by (CodecParams::model). It has a name and versions 1, 2,
// …, each of which never changes and whose number is never given again. A job trains it, on a
// collection's own vectors or on pairs given, and publishes it as the next version only if held-out
// rows are found no worse than by the untrained code (Gan et al., "Binary Embedding-based Retrieval
// at Tencent", KDD 2023, arXiv 2302.08714).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sagitta/point.h"
#include "sagitta/schema.h"
#include "sagitta/status.h"

namespace sagitta {

// A version of a model, "NAME@VERSION" as text.
struct ModelRef {
  std::string name;      // [a-z0-9][a-z0-9_-]{0,63}
  uint32_t version = 0;  // from 1

  std::string ToString() const { return name + "@" + std::to_string(version); }
  // INVALID_ARGUMENT; `field` is what the error names.
  static Result<ModelRef> Parse(std::string_view field, std::string_view text);
  friend auto operator<=>(const ModelRef&, const ModelRef&) = default;
};

// DO NOT CHANGE THE VALUES: stored, and on the wire.
enum class ModelKind : uint8_t {
  kBinarizer = 1,  // a codec of kind LEARNED
};

// How much is found of held-out rows, 0–1. Of pairs: the share of queries whose own document comes
// first. Else the share of the ten nearest by floats that are among the ten nearest by codes.
struct ModelMetrics {
  double coded = 0;        // queries are codes, too
  double float_query = 0;  // queries are not coded, as in searches
  double to_old = 0;       // of a compatible model: coded queries among codes of the old one
  friend bool operator==(const ModelMetrics&, const ModelMetrics&) = default;
};

struct ModelInfo {
  ModelRef ref;
  ModelKind kind = ModelKind::kBinarizer;
  Metric metric = Metric::kCosine;
  uint32_t dim = 0;                    // of the vectors that it takes
  uint32_t bits = 0, width = 0;        // a code is `width` numbers of `bits` bits
  uint64_t bytes = 0;                  // of the model
  int64_t created_ms = 0;              // Unix time
  std::string collection, field;       // that it was trained for, as they were called then
  uint64_t rows = 0;                   // trained and held out
  std::optional<ModelRef> compatible;  // the version whose codes its queries search, too
  ModelMetrics before, after;          // the untrained code's, and this model's
  double old_alone = -1;               // the old version by itself; −1 = there is none
  bool imported = false;               // then all but the shape is what the file says
  std::string job;                     // UUID of the training
  friend bool operator==(const ModelInfo&, const ModelInfo&) = default;
};

// Row i of each list belongs together. Elements are converted to floats; under COSINE vectors are
// normalised.
struct TrainingPairs {
  std::vector<VectorValue> queries, documents;  // of the field's dim
  // As the old version's embedding model makes them; empty where that is the same model.
  std::vector<VectorValue> old_queries, old_documents;
};

struct TrainBinarizerRequest {
  std::string name;         // of the model
  std::string collection;   // name or alias; says dim and metric, and has the vectors
  std::string field;        // may be empty where there is one
  uint32_t bits = 2;        // of each number of a code, 1–4; a compatible model has the old one's
  uint32_t width = 0;       // numbers of a code, 1–65,536; 0 = dim; compatible: the old one's
  uint32_t hidden = 512;    // of each block's MLP, 0–16,384; 0 = blocks are affine
  uint32_t steps = 0;       // 1–1,000,000; 0 = 300 for pairs, else 600
  uint32_t batch = 512;     // rows a step, 8–65,536
  float learning_rate = 0;  // 1e-8–1, falling to 0 along a line; 0 = 1e-3 for pairs, else 1e-4
  float held_out = 0.1f;    // of the rows, 0.01–0.5
  uint64_t seed = 1;
  uint32_t sample_rows = 50'000;     // of the collection that are trained on, 256–1,000,000
  uint32_t checkpoint_seconds = 30;  // 1–3,600; what a crash costs at most
  // Given, the collection's own vectors are not read. At least 256.
  std::optional<TrainingPairs> pairs;
  // A version, "NAME@VERSION", that stays as it is while queries of the new one learn to search its
  // codes. Needs pairs. Published only if they find no less there than the old version's own.
  std::string compatible_with;
};

// A model beside the untrained code of its shape, on vectors of a collection.
struct ModelEvaluation {
  ModelMetrics untrained, model;  // shares of the ten nearest
  uint32_t queries = 0;           // rows that were queries, and are not among the documents
  uint32_t documents = 0;
};

}  // namespace sagitta
