#include <string>

#include "learn/binarizer_plan.h"
#include "learn/option_check.h"

namespace sagitta::learn {
namespace {

constexpr size_t kLeastRows = 32;

Status CheckRows(RowsView rows, size_t n, const std::string& field) {
  if (rows.n != n) {
    return Status::InvalidArgument(field, "has " + std::to_string(rows.n) +
                                              " rows; `documents` has " + std::to_string(n) +
                                              ", and rows belong together");
  }
  if (rows.dim < 1) return Status::InvalidArgument(field, "has rows of dim 0");
  return CheckFinite(rows, field);
}

Status CheckOld(const BinarizerOptions& options, const BinarizerData& data) {
  const codec::Codec& codec = *data.old.codec;
  if (options.heads == Heads::kSeparate || options.objective != Objective::kPairs) {
    return Status::InvalidArgument(
        "old.codec", "goes with pairs, and heads that are shared or for queries only");
  }
  if (codec.odd_grid().bits == 0) {
    return Status::InvalidArgument("old.codec", std::string(codec::CodecName(codec.kind())) +
                                                    " codes are no odd integers; recurrent and "
                                                    "learned ones are");
  }
  if (codec.metric() != options.metric) {
    return Status::InvalidArgument("options.metric", "is not the one of old.codec");
  }
  const bool query_only = options.heads == Heads::kQueryOnly;
  const RowsView coded = query_only ? data.documents : data.old.documents;
  const std::string field = query_only ? "documents" : "old.documents";
  if (!query_only) SAGITTA_RETURN_IF_ERROR(CheckRows(coded, data.documents.n, field));
  if (coded.dim != codec.dim()) {
    return Status::InvalidArgument(field, "has dim " + std::to_string(coded.dim) +
                                              "; old.codec takes " + std::to_string(codec.dim()));
  }
  if (data.old.queries.empty()) return Status();
  SAGITTA_RETURN_IF_ERROR(CheckRows(data.old.queries, data.documents.n, "old.queries"));
  if (data.old.queries.dim == codec.dim()) return Status();
  return Status::InvalidArgument("old.queries", "has dim " + std::to_string(data.old.queries.dim) +
                                                    "; old.codec takes " +
                                                    std::to_string(codec.dim()));
}

// Whether query vectors may stay as they are.
Status CheckUnmapped(const BinarizerOptions& options, const BinarizerData& data) {
  if (options.map_queries) return Status();
  if (options.heads == Heads::kSeparate && data.queries.dim != data.documents.dim) {
    return Status::InvalidArgument("options.map_queries",
                                   "is needed where queries and documents differ in dim");
  }
  if (data.old.codec == nullptr) return Status();
  const auto* learned = dynamic_cast<const codec::LearnedCodec*>(data.old.codec);
  const size_t dim = data.queries.dim;
  if (learned != nullptr && learned->head().model().plain() && learned->dim() == dim &&
      !learned->head().model().has_map()) {
    return Status();
  }
  return Status::InvalidArgument("options.map_queries",
                                 "is needed but with a codec of the same dim and kind learned "
                                 "that has learned nothing");
}

Status CheckQueries(const BinarizerOptions& options, const BinarizerData& data) {
  if (options.objective == Objective::kNeighbours) {
    if (options.heads == Heads::kShared) return Status();
    return Status::InvalidArgument("options.heads", "of neighbours are shared");
  }
  SAGITTA_RETURN_IF_ERROR(CheckRows(data.queries, data.documents.n, "queries"));
  if (options.heads == Heads::kShared && data.queries.dim != data.documents.dim) {
    return Status::InvalidArgument("queries", "has dim " + std::to_string(data.queries.dim) +
                                                  "; heads are shared with documents of " +
                                                  std::to_string(data.documents.dim));
  }
  if (options.heads == Heads::kQueryOnly && data.old.codec == nullptr) {
    return Status::InvalidArgument("old.codec", "is needed where documents keep their codes");
  }
  return Status();
}

}  // namespace

Status BinarizerOptions::Validate() const {
  if (objective != Objective::kPairs && objective != Objective::kNeighbours) {
    return Status::InvalidArgument("options.objective", "is neither pairs nor neighbours");
  }
  if (heads < Heads::kShared || heads > Heads::kQueryOnly) {
    return Status::InvalidArgument("options.heads", "is none of shared, separate, query only");
  }
  if (metric != Metric::kL2 && metric != Metric::kInnerProduct && metric != Metric::kCosine) {
    return Status::InvalidArgument("options.metric", "codecs serve L2, INNER_PRODUCT and COSINE");
  }
  if (map < AdapterKind::kCentre || map > AdapterKind::kRidge) {
    return Status::InvalidArgument("options.map", "is none of centre, procrustes, ridge");
  }
  SAGITTA_RETURN_IF_ERROR(CheckRange("bits", bits, 1u, 4u));
  SAGITTA_RETURN_IF_ERROR(CheckRange("width", width, 0u, 65'536u));
  SAGITTA_RETURN_IF_ERROR(CheckRange("hidden", hidden, 0u, 16'384u));
  SAGITTA_RETURN_IF_ERROR(CheckRange("steps", steps, 0u, 1'000'000u));
  SAGITTA_RETURN_IF_ERROR(CheckRange("batch", batch, 8u, 65'536u));
  if (learning_rate != 0) {
    SAGITTA_RETURN_IF_ERROR(CheckRange("learning_rate", learning_rate, 1e-8f, 1.0f));
  }
  SAGITTA_RETURN_IF_ERROR(CheckRange("temperature", temperature, 1e-3f, 10.0f));
  SAGITTA_RETURN_IF_ERROR(CheckRange("hard_negatives", hard_negatives, 1u, 65'536u));
  SAGITTA_RETURN_IF_ERROR(CheckRange("most_gradient", most_gradient, 1e-6f, 1e6f));
  SAGITTA_RETURN_IF_ERROR(CheckRange("old_weight", old_weight, 0.0f, 1000.0f));
  SAGITTA_RETURN_IF_ERROR(CheckRange("held_out", held_out, 0.01f, 0.5f));
  SAGITTA_RETURN_IF_ERROR(CheckRange("most_held_out", most_held_out, 8u, 1'000'000u));
  SAGITTA_RETURN_IF_ERROR(CheckRange("most_documents", most_documents, 100u, 10'000'000u));
  return CheckRange("threads", threads, 0u, 1024u);
}

Status CheckData(const BinarizerOptions& options, const BinarizerData& data) {
  SAGITTA_RETURN_IF_ERROR(options.Validate());
  if (data.documents.n < kLeastRows) {
    return Status::InvalidArgument("documents", "has " + std::to_string(data.documents.n) +
                                                    " rows; at least " +
                                                    std::to_string(kLeastRows) + " are needed");
  }
  SAGITTA_RETURN_IF_ERROR(CheckRows(data.documents, data.documents.n, "documents"));
  SAGITTA_RETURN_IF_ERROR(CheckQueries(options, data));
  if (data.old.codec != nullptr) SAGITTA_RETURN_IF_ERROR(CheckOld(options, data));
  return CheckUnmapped(options, data);
}

}  // namespace sagitta::learn
