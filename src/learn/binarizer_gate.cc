#include "learn/binarizer_gate.h"

#include <algorithm>
#include <utility>

#include "learn/retrieval.h"

namespace sagitta::learn {
namespace {

constexpr size_t kNearest = 10;  // of neighbours
constexpr size_t kDecoderRows = 20'000;
constexpr float kDecoderRidge = 1e-3f;  // as a share of the values' mean squared length

// The rows that held-out queries search: their own documents first where they have any, then kept
// rows.
struct Searched {
  std::vector<uint32_t> rows, own;
};

Searched SearchedRows(const BinarizerPlan& plan) {
  Searched searched;
  if (plan.has_queries()) {
    searched.rows = plan.held_out;
    for (size_t i = 0; i < plan.held_out.size(); ++i) {
      searched.own.push_back(static_cast<uint32_t>(i));
    }
  }
  const size_t room = plan.options.most_documents -
                      std::min<size_t>(plan.options.most_documents, searched.rows.size());
  const size_t more = std::min(plan.kept.size(), room);
  searched.rows.insert(searched.rows.end(), plan.kept.begin(),
                       plan.kept.begin() + static_cast<ptrdiff_t>(more));
  return searched;
}

Result<double> RecallAt1(RowsView queries, RowsView documents, const std::vector<uint32_t>& own,
                         const CancelToken& cancel) {
  SAGITTA_ASSIGN_OR_RETURN(const Retrieval found, MeasureOwn(queries, documents, own, cancel));
  return found.recall_at_1;
}

Result<GateMetrics> MeasurePairs(const BinarizerPlan& plan, const codec::LearnedCodec& query,
                                 const codec::Codec& document, const CancelToken& cancel) {
  const Searched searched = SearchedRows(plan);
  const uint32_t threads = plan.options.threads;
  const Matrix rows = Gather(plan.data.queries, plan.held_out);
  const Matrix coded = CodedQueryValues(query, rows, threads);
  const Matrix documents =
      DocumentValues(document, Gather(plan.data.documents, searched.rows), threads);
  GateMetrics metrics;
  SAGITTA_ASSIGN_OR_RETURN(metrics.coded, RecallAt1(coded, documents, searched.own, cancel));
  SAGITTA_ASSIGN_OR_RETURN(metrics.float_query, RecallAt1(FloatQueryValues(query, rows), documents,
                                                          searched.own, cancel));
  if (!plan.has_old() || plan.options.heads == Heads::kQueryOnly) return metrics;
  const Matrix old =
      DocumentValues(*plan.data.old.codec, Gather(plan.data.old.documents, searched.rows), threads);
  SAGITTA_ASSIGN_OR_RETURN(metrics.to_old, RecallAt1(coded, old, searched.own, cancel));
  return metrics;
}

// For L2, [x, 1] and [y, −|y|²/2]: best by product is nearest.
Matrix AsProducts(RowsView rows, Metric metric, bool of_queries) {
  if (metric != Metric::kL2) {
    Matrix same(rows.n, rows.dim);
    std::copy_n(rows.values, rows.n * rows.dim, same.values.data());
    return same;
  }
  Matrix out(rows.n, rows.dim + 1);
  for (size_t i = 0; i < rows.n; ++i) {
    double squares = 0;
    for (size_t d = 0; d < rows.dim; ++d) {
      out.row(i)[d] = rows.row(i)[d];
      squares += double{rows.row(i)[d]} * rows.row(i)[d];
    }
    out.row(i)[rows.dim] = of_queries ? 1.0f : static_cast<float>(-squares / 2);
  }
  return out;
}

}  // namespace

Status FitDecoder(const BinarizerPlan& plan, RowsView rows, codec::LearnedModel* model) {
  if (!model->has_map() && model->plain()) return Status();
  const size_t count = std::min(plan.kept.size(), kDecoderRows);
  Matrix y = Gather(rows, std::vector<uint32_t>(plan.kept.begin(),
                                                plan.kept.begin() + static_cast<ptrdiff_t>(count)));
  Matrix x = DocumentValues(*codec::MakeLearnedCodec(*model), y, plan.options.threads);
  // Under L2 the last number is no part of the code.
  Matrix values(x.n, model->width);
  for (size_t i = 0; i < x.n; ++i) std::copy_n(x.row(i), values.dim, values.row(i));
  const std::vector<float> x_mean = MeanOfColumns(values), y_mean = MeanOfColumns(y);
  for (size_t i = 0; i < y.n; ++i) {
    for (size_t d = 0; d < values.dim; ++d) values.row(i)[d] -= x_mean[d];
    for (size_t d = 0; d < y.dim; ++d) y.row(i)[d] -= y_mean[d];
  }
  Matrix square, product;
  TMultiply(values, values, &square);
  TMultiply(values, y, &product);
  double trace = 0;
  for (size_t d = 0; d < square.n; ++d) trace += square.row(d)[d];
  const double mean = trace / static_cast<double>(square.n);
  for (size_t d = 0; d < square.n; ++d) {
    square.row(d)[d] += static_cast<float>(kDecoderRidge * mean + 1e-12);
  }
  SAGITTA_ASSIGN_OR_RETURN(const Matrix solved, SolvePositive(square, product));
  model->decoder.resize(size_t{model->dim} * model->width);
  model->decoder_bias = y_mean;
  for (size_t d = 0; d < model->dim; ++d) {
    for (size_t j = 0; j < model->width; ++j) {
      model->decoder[d * model->width + j] = solved.row(j)[d];
      model->decoder_bias[d] -= solved.row(j)[d] * x_mean[j];
    }
  }
  return Status();
}

Result<GateMetrics> EvaluateNeighbours(const codec::LearnedCodec& codec, RowsView queries,
                                       RowsView documents, uint32_t threads,
                                       const CancelToken& cancel) {
  const size_t k = std::min(kNearest, documents.n);
  const Metric metric = codec.metric();
  SAGITTA_ASSIGN_OR_RETURN(
      const std::vector<uint32_t> wanted,
      FindBest(AsProducts(queries, metric, true), AsProducts(documents, metric, false), k, cancel));
  const Matrix values = DocumentValues(codec, documents, threads);
  GateMetrics metrics;
  SAGITTA_ASSIGN_OR_RETURN(metrics.coded, MeasureShared(CodedQueryValues(codec, queries, threads),
                                                        values, k, wanted, cancel));
  SAGITTA_ASSIGN_OR_RETURN(metrics.float_query, MeasureShared(FloatQueryValues(codec, queries),
                                                              values, k, wanted, cancel));
  return metrics;
}

std::unique_ptr<codec::LearnedCodec> UntrainedCodec(const codec::LearnedModel& like,
                                                    RowsView rows) {
  codec::LearnedModel model;
  model.metric = like.metric;
  model.dim = model.core = like.dim;
  model.width = like.width;
  model.bits = like.bits;
  model.seed = like.seed;
  model.scale = codec::PlainScale(model, rows.values, rows.n);
  return codec::MakeLearnedCodec(std::move(model));
}

Result<GateMetrics> MeasureModels(const BinarizerPlan& plan, const codec::LearnedModel& query,
                                  const codec::LearnedModel* document, const CancelToken& cancel) {
  const auto query_codec = codec::MakeLearnedCodec(query);
  if (!plan.has_queries()) {
    return EvaluateNeighbours(*query_codec, Gather(plan.data.documents, plan.held_out),
                              Gather(plan.data.documents, SearchedRows(plan).rows),
                              plan.options.threads, cancel);
  }
  if (document == nullptr) {
    return MeasurePairs(plan, *query_codec, *plan.data.old.codec, cancel);
  }
  return MeasurePairs(plan, *query_codec, *codec::MakeLearnedCodec(*document), cancel);
}

Result<double> MeasureOldAlone(const BinarizerPlan& plan, const CancelToken& cancel) {
  if (!plan.has_old() || plan.data.old.queries.empty()) return -1.0;
  const Searched searched = SearchedRows(plan);
  const uint32_t threads = plan.options.threads;
  const codec::Codec& codec = *plan.data.old.codec;
  const bool query_only = plan.options.heads == Heads::kQueryOnly;
  const RowsView documents = query_only ? plan.data.documents : plan.data.old.documents;
  return RecallAt1(CodedQueryValues(codec, Gather(plan.data.old.queries, plan.held_out), threads),
                   DocumentValues(codec, Gather(documents, searched.rows), threads), searched.own,
                   cancel);
}

bool IsNoWorse(const GateMetrics& after, const GateMetrics& before) {
  return after.coded >= before.coded && after.float_query >= before.float_query &&
         after.to_old >= before.to_old;
}

}  // namespace sagitta::learn
