// Adapter: a map from the vectors of one embedding model to those of another, so that queries of a
// new model search documents that an old one has embedded.
//
// Immutable, thread-safe. A mapped query is ranked by cosine, as documents of unit length are.
// Where all rows of a side that it was trained on were of unit length, so is what it takes, or
// gives: lengths are set to one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "learn/matrix.h"
#include "learn/residual_mlp.h"
#include "learn/retrieval.h"
#include "sagitta/model.h"
#include "sagitta/query.h"
#include "sagitta/status.h"

namespace sagitta::learn {

std::string_view AdapterName(AdapterKind kind);  // "centre", "procrustes", "ridge", "mlp"

// DO NOT CHANGE THE VALUES: stored.
enum class AdapterFrame : uint8_t {
  // Mapped queries search documents as they are.
  kTarget = 0,
  // They search documents with their mean subtracted (see Adapter::CentreTargets). Finds more where
  // means carry much of every vector, as those of text models do.
  kCentred = 1,
};

struct AdapterOptions {
  AdapterKind kind = AdapterKind::kRidge;
  AdapterFrame frame = AdapterFrame::kTarget;
  // kRidge, kMlp: the weight of the matrix' squared length, as a share of the inputs' mean squared
  // deviation summed over rows; 0–1,000. 0 = the one of seven that finds most of the held-out part.
  float ridge = 0.0f;
  float held_out = 0.1f;       // of the pairs, to choose by; 0.01–0.5. All are used in the end.
  uint32_t hidden = 256;       // kMlp, 1–16,384
  uint32_t steps = 200;        // kMlp, 1–1,000,000
  uint32_t batch = 512;        // kMlp, pairs a step; 8–65,536
  float learning_rate = 1e-3;  // kMlp, 1e-7–1
  float temperature = 0.05f;   // kMlp, 0.001–10
  uint64_t seed = 1;
  uint32_t threads = 0;  // see BlasThreads; 0–1,024

  // INVALID_ARGUMENT names the field and what it allows.
  Status Validate() const;
};

class Adapter {
 public:
  AdapterKind kind() const { return kind_; }
  AdapterFrame frame() const { return frame_; }
  uint32_t from_dim() const { return static_cast<uint32_t>(from_mean_.size()); }
  uint32_t to_dim() const { return static_cast<uint32_t>(to_mean_.size()); }
  // n × from_dim() to n × to_dim(). INVALID_ARGUMENT where the dimension is another.
  Result<Matrix> Apply(RowsView rows) const;
  // The same for one row, from_dim() numbers, without BLAS: for searches, which have a thread each.
  std::vector<float> ApplyOne(const float* row) const;
  // Documents, n × to_dim(), as this adapter's queries search them: of unit length, and of kCentred
  // with their mean subtracted before.
  Result<Matrix> CentreTargets(RowsView documents) const;
  // The map as matrix (to_dim() × from_dim()) and what is added to its products, lengths aside.
  // FAILED_PRECONDITION for kMlp.
  struct Affine {
    Matrix matrix;
    std::vector<float> bias;
  };
  Result<Affine> AsAffine() const;
  const std::vector<float>& to_mean() const { return to_mean_; }

  // With a version and a checksum.
  std::string Serialize() const;
  // DATA_LOSS on bytes that are damaged (and may be hostile), or of a version that is not known.
  static Result<Adapter> Deserialize(std::string_view bytes);

 private:
  friend class AdapterTrainer;
  bool HasRightSizes() const;

  AdapterKind kind_ = AdapterKind::kCentre;
  AdapterFrame frame_ = AdapterFrame::kTarget;
  bool unit_from_ = false, unit_to_ = false;  // see above
  std::vector<float> from_mean_, to_mean_;
  Matrix matrix_;  // to × from; empty = the identity
  FoldedMlp mlp_;  // of centred rows; without second_bias there is none
};

struct AdapterResult {
  Adapter adapter;
  float ridge = 0;  // that was used
  // Of at most 2,000 held-out pairs among at most 50,000 documents: unmapped (zeros where
  // dimensions differ), and by this kind of map of the other pairs.
  Retrieval before, after;
  bool mlp_kept = false;       // kMlp: false when it found less of them than ridge alone
  std::vector<double> losses;  // kMlp, by step
};

using Progress = std::function<void(uint32_t step, uint32_t steps, double loss)>;  // step from 1

// Row i of `from` (the new model) and row i of `to` (the old one) embed the same thing.
// INVALID_ARGUMENT names "options.…", "from" or "to"; CANCELLED.
Result<AdapterResult> TrainAdapter(const AdapterOptions& options, RowsView from, RowsView to,
                                   const CancelToken& cancel, const Progress& progress = nullptr);

// Of queries (n × from_dim) whose own documents are rows own[i] of `documents`.
Result<Retrieval> EvaluateAdapter(const Adapter& adapter, RowsView queries, RowsView documents,
                                  const std::vector<uint32_t>& own, const CancelToken& cancel);

}  // namespace sagitta::learn
