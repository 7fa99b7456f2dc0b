// Models: trained codes and adapters that a database keeps, and their training. Thread-compatible
// value types.
//
// A model has a name and versions 1, 2, …, each of which never changes and whose number is never
// given again. A job trains it, and publishes it as the next version only if held-out rows are
// found no worse than without it.
//
// - A binarizer is what LEARNED codes are made by (CodecParams::model), trained on a collection's
//   own vectors or on pairs given (Gan et al., "Binary Embedding-based Retrieval at Tencent", KDD
//   2023, arXiv 2302.08714).
// - An adapter maps vectors of another embedding model, of any dim, to those of a field
//   (VectorValue::adapter), so that queries and points of a new model are at home among points of
//   the old one. It is trained on pairs: the same things as either model embeds them.
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
  kAdapter = 2,
};

// How an adapter maps. DO NOT CHANGE THE VALUES: stored, and on the wire.
enum class AdapterKind : uint8_t {
  // The difference of the means is added; between equal dimensions.
  kCentre = 1,
  // And the matrix with orthonormal rows or columns that takes the one side nearest to the other
  // (Schönemann, "A generalized solution of the orthogonal Procrustes problem", 1966). Between
  // different dimensions lengths shrink, or the larger space is filled in part.
  kProcrustes = 2,
  // And the matrix of least squared error, its own squared length weighed with it (Hoerl and
  // Kennard, "Ridge Regression", 1970).
  kRidge = 3,
  // Ridge, and a Linear–BatchNorm–ReLU–Linear added to it, trained to tell documents apart.
  kMlp = 4,
};

// How much is found of held-out rows, 0–1. Of pairs: the share of queries whose own document comes
// first. Else the share of the ten nearest by floats that are among the ten nearest by codes.
struct ModelMetrics {
  double coded = 0;        // queries are codes, too; of binarizers
  double float_query = 0;  // queries are not coded, as in searches
  double to_old = 0;       // of a compatible model: coded queries among codes of the old one
  friend bool operator==(const ModelMetrics&, const ModelMetrics&) = default;
};

struct ModelInfo {
  ModelRef ref;
  ModelKind kind = ModelKind::kBinarizer;
  Metric metric = Metric::kCosine;
  uint32_t dim = 0;                    // of the vectors that it takes
  uint32_t bits = 0, width = 0;        // a binarizer's code is `width` numbers of `bits` bits
  std::optional<AdapterKind> adapter;  // of an adapter: how it maps,
  uint32_t to_dim = 0;                 // and the dim of the vectors that it makes
  uint64_t bytes = 0;                  // of the model
  int64_t created_ms = 0;              // Unix time
  std::string collection, field;       // that it was trained for, as they were called then
  uint64_t rows = 0;                   // trained and held out
  std::optional<ModelRef> compatible;  // the version whose codes its queries search, too
  // The untrained code's, or without an adapter (0 between different dims); and this model's.
  ModelMetrics before, after;
  double old_alone = -1;  // the old version by itself; −1 = there is none
  bool imported = false;  // then all but the shape is what the file says
  std::string job;        // UUID of the training
  uint64_t mapped = 0;    // vectors that an adapter has mapped since the database was opened
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

// Row i of `from` and the vector of point i, or row i of `to`, embed the same thing.
struct TrainAdapterRequest {
  std::string name;               // of the model
  std::string collection;         // name or alias
  std::string field;              // may be empty where there is one; what is mapped to
  std::vector<VectorValue> from;  // 256 to 1,000,000, of one dim, 1–8,192
  // Exactly one of the two, as many as `from`: points of the collection that have the field's
  // vector, or vectors of the field's dim.
  std::vector<PointId> points;
  std::vector<VectorValue> to;
  AdapterKind kind = AdapterKind::kRidge;
  // kRidge, kMlp: the weight of the matrix' squared length, as a share of the inputs' mean squared
  // deviation summed over rows; 0–1,000. 0 = the one of seven that finds most of the held-out part.
  float ridge = 0;
  float held_out = 0.1f;       // of the pairs, 0.01–0.5; what measures and chooses
  uint32_t hidden = 256;       // kMlp: 1–16,384
  uint32_t steps = 200;        // kMlp: 1–1,000,000
  uint32_t batch = 512;        // kMlp: pairs a step, 8–65,536
  float learning_rate = 1e-3;  // kMlp: 1e-7–1
  uint64_t seed = 1;
};

// A model beside the untrained code of its shape, on vectors of a collection.
struct ModelEvaluation {
  ModelMetrics untrained, model;  // shares of the ten nearest
  uint32_t queries = 0;           // rows that were queries, and are not among the documents
  uint32_t documents = 0;
};

}  // namespace sagitta
