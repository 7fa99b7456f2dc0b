// Training of learned recurrent codes, as a job that shows its progress, can be cancelled, and can
// be stopped and gone on with (Gan et al., "Binary Embedding-based Retrieval at Tencent", KDD 2023,
// arXiv 2302.08714).
//
// It starts from the untrained rotated code, measures held-out rows before and after, and publishes
// what it trained only if that is no worse. Memory is about four floats for each number of the
// data; of a large collection a sample of 50,000 rows is enough. The same options, data, number of
// BLAS threads and machine give the same bytes, also after a resume.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "codec/codec.h"
#include "codec/learned_codec.h"
#include "learn/adapter.h"
#include "learn/matrix.h"
#include "sagitta/query.h"
#include "sagitta/status.h"

namespace sagitta::learn {

// DO NOT CHANGE THE VALUES: stored in checkpoints.
enum class Objective : uint8_t {
  // Every query finds its own document: cross-entropy against the hardest others of the batch.
  kPairs = 1,
  // Codes tell neighbours apart as floats do (AddNeighboursLoss). Needs documents alone.
  kNeighbours = 2,
};

// DO NOT CHANGE THE VALUES: stored in checkpoints.
enum class Heads : uint8_t {
  // One encoder and one head for queries and documents. Always kNeighbours'.
  kShared = 1,
  // Queries and documents are from two encoders: a head each, both trained.
  kSeparate = 2,
  // A head for queries alone, whose codes search documents as data.old codes them.
  kQueryOnly = 3,
};

struct BinarizerOptions {
  Objective objective = Objective::kNeighbours;
  Heads heads = Heads::kShared;
  Metric metric = Metric::kCosine;  // L2, INNER_PRODUCT or COSINE, of the codec
  uint32_t bits = 2;   // of each number of a code, 1–4; data.old's where there is one
  uint32_t width = 0;  // numbers of a code, 1–65,536; 0 = the documents' dimension, or data.old's
  uint32_t hidden = 512;        // of each block's MLP, 0–16,384; 0 = blocks are affine
  uint32_t steps = 0;           // 1–1,000,000; 0 = 300 for kPairs, 600 for kNeighbours
  uint32_t batch = 512;         // rows a step, 8–65,536; no more than there are to train on
  float learning_rate = 0;      // 1e-8–1, falling to 0 along a line; 0 = 1e-3, kNeighbours 1e-4
  float temperature = 0.05f;    // of cosines in softmax, 0.001–10
  uint32_t hard_negatives = 5;  // kPairs, a row, 1–65,536
  float most_gradient = 5.0f;   // longer gradients are cut to this length; 1e-6–1e6
  // What takes query vectors to the documents' space before anything is trained, where heads are
  // not shared or data.old is given; frames and ridges are chosen here. Adapters of kMlp are none.
  bool map_queries = true;
  AdapterKind map = AdapterKind::kRidge;
  // kSeparate: documents are coded with their mean subtracted.
  bool centre_documents = true;
  float old_weight = 1.0f;           // of the loss against data.old's codes, 0–1,000
  float held_out = 0.1f;             // of the rows, for the gate; 0.01–0.5
  uint32_t most_held_out = 2000;     // rows, 8–1,000,000
  uint32_t most_documents = 50'000;  // that held-out queries search, 100–10,000,000
  uint64_t seed = 1;
  uint32_t threads = 0;  // see BlasThreads; 0–1,024

  // INVALID_ARGUMENT names the field and what it allows.
  Status Validate() const;
};

// Row i of each part is of the same pair. Nothing is copied: all has to outlive the trainer.
struct BinarizerData {
  RowsView documents;  // what is to be coded; of kQueryOnly, as data.old's encoder embeds them
  RowsView queries;    // kPairs
  // A frozen model: a codec with an odd grid (kRecurrent or kLearned), and the rows as its encoder
  // embeds them. kShared and kPairs: backward-compatible training, so that the new model's queries
  // search codes of the old one; of documents the new model and the old one have vectors of their
  // own. kQueryOnly: old.documents is not read.
  struct Old {
    const codec::Codec* codec = nullptr;
    RowsView documents;
    RowsView queries;  // optional: to say how the old model does by itself
  } old;
};

struct GateMetrics {
  // kPairs: recall@1 of held-out queries' own documents. kNeighbours: the share of the ten nearest
  // by floats among the ten nearest by codes.
  double coded = 0;  // queries are codes, too
  double float_query = 0;
  double to_old = 0;  // with data.old and kShared: coded queries among the old model's codes
};

struct BinarizerResult {
  // Serialized codecs of kind kLearned. One serves both where heads are shared; there is none for
  // documents where they keep theirs.
  std::string query_codec, document_codec;
  bool published = false;  // false: the codecs are the untrained ones
  GateMetrics before, after;
  // The old model's queries among its own documents, both coded; −1 without old.queries. Backward
  // compatible: the published model's to_old (of kQueryOnly: coded) is no less.
  double old_alone = -1;
  bool backward_compatible = false;
  std::vector<double> losses;  // by step
};

class BinarizerTrainer {
 public:
  // INVALID_ARGUMENT names "options.…", "documents", "queries", "old.…"; CANCELLED. Rows are
  // checked and mapped here: seconds for 50,000.
  static Result<std::unique_ptr<BinarizerTrainer>> Create(const BinarizerOptions& options,
                                                          const BinarizerData& data,
                                                          const CancelToken& cancel);
  ~BinarizerTrainer();
  BinarizerTrainer(const BinarizerTrainer&) = delete;
  BinarizerTrainer& operator=(const BinarizerTrainer&) = delete;

  uint32_t step() const;                     // steps done
  uint32_t steps() const;                    // of so many
  const std::vector<float>& losses() const;  // by step done
  // One step; its loss. REQUIRES: step() < steps().
  double Step();
  // All that is left; progress after each. CANCELLED leaves a state that can be saved and gone on
  // with.
  Status Run(const CancelToken& cancel, const Progress& progress = nullptr);

  // The whole state, with a version and a checksum.
  std::string Checkpoint() const;
  // Goes on from there. DATA_LOSS on damage; FAILED_PRECONDITION when the checkpoint is of other
  // options or data; nothing has changed then.
  Status Restore(std::string_view checkpoint);

  // The models as they are now, measured. CANCELLED.
  Result<BinarizerResult> Finish(const CancelToken& cancel);

 private:
  struct State;
  explicit BinarizerTrainer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// What a code finds of queries that are given, by the ten nearest as floats (see GateMetrics).
// REQUIRES: rows are of codec.dim(), there are documents. CANCELLED.
Result<GateMetrics> EvaluateNeighbours(const codec::LearnedCodec& codec, RowsView queries,
                                       RowsView documents, uint32_t threads,
                                       const CancelToken& cancel);
// The code that training such a model starts from where there is no old one; its scale suits
// `rows`.
std::unique_ptr<codec::LearnedCodec> UntrainedCodec(const codec::LearnedModel& like, RowsView rows);

// Create, Run and Finish.
Result<BinarizerResult> TrainBinarizer(const BinarizerOptions& options, const BinarizerData& data,
                                       const CancelToken& cancel,
                                       const Progress& progress = nullptr);

}  // namespace sagitta::learn
