#include "learn/train_binarizer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/checksum.h"
#include "codec/floats.h"
#include "learn/binarizer_gate.h"
#include "learn/binarizer_head.h"
#include "learn/binarizer_plan.h"
#include "learn/objectives.h"
#include "learn/random.h"
#include "learn/retrieval.h"

namespace sagitta::learn {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kGroup = 64;  // rows near one another, of neighbours

// Two matrices of one width, one below the other, and back.
Matrix Stacked(const Matrix& a, const Matrix& b) {
  Matrix out = a;
  out.n += b.n;
  out.values.insert(out.values.end(), b.values.begin(), b.values.end());
  return out;
}

Matrix Part(const Matrix& rows, size_t first, size_t count) {
  Matrix out(count, rows.dim);
  std::copy_n(rows.row(first), count * rows.dim, out.values.data());
  return out;
}

// Whether all of its numbers are finite, or there is none.
bool IsReadable(const codec::LearnedModel& model) {
  if (model.width == 0) return true;
  codec::LearnedModel copy = model;
  if (copy.has_map()) {  // a decoder is fitted later
    copy.decoder.assign(size_t{copy.dim} * copy.width, 0.0f);
    copy.decoder_bias.assign(copy.dim, 0.0f);
  }
  return codec::Codec::Deserialize(codec::MakeLearnedCodec(std::move(copy))->Serialize()).ok();
}

}  // namespace

struct BinarizerTrainer::State {
  explicit State(BinarizerPlan made) : plan(std::move(made)) {
    if (!plan.has_queries()) kept_documents = Gather(plan.data.documents, plan.kept);
    NormaliseRows(&kept_documents);
    MakeHeads();
  }

  void MakeHeads() {
    query = std::make_unique<BinarizerHead>(plan.options, plan.options.seed);
    const bool two = plan.options.heads == Heads::kSeparate;
    document =
        two ? std::make_unique<BinarizerHead>(plan.options, plan.options.seed + 100) : nullptr;
  }

  std::vector<uint32_t> NextRows();
  std::vector<uint32_t> WithNearest(const std::vector<uint32_t>& rows, size_t group) const;
  double NeighboursStep(const std::vector<uint32_t>& rows, float share);
  double SharedStep(const std::vector<uint32_t>& rows, float share);
  double SeparateStep(const std::vector<uint32_t>& rows, float share);
  double QueryStep(const std::vector<uint32_t>& rows, float share);
  std::vector<uint64_t> IdsOf(const std::vector<uint32_t>& rows) const;
  PairsLoss Loss() const {
    return {.temperature = plan.options.temperature, .hard_negatives = plan.options.hard_negatives};
  }

  BinarizerPlan plan;
  Matrix kept_documents;                           // kNeighbours: of unit length
  std::unique_ptr<BinarizerHead> query, document;  // shared heads are `query`
  std::vector<float> losses;                       // by step done
  // Of the epoch that the next step is in, and which that is.
  std::vector<uint32_t> order;
  uint64_t epoch = 0;
};

// What a step trains on follows from its number alone: the next of the kept rows in an order that
// each epoch has anew; for neighbours, a few of these and the rows nearest to each, since among
// rows at random there are none to tell apart.
std::vector<uint32_t> BinarizerTrainer::State::NextRows() {
  const bool near = !plan.has_queries();
  const size_t group = near ? std::min<size_t>(kGroup, plan.options.batch) : 1;
  const size_t batch = plan.options.batch / group, steps = plan.kept.size() / batch;
  const uint64_t now = losses.size() / steps, place = losses.size() % steps;
  if (order.empty() || now != epoch) {
    epoch = now;
    order =
        Random(plan.options.seed + 0x9E3779B97F4A7C15u * (epoch + 1)).Permutation(plan.kept.size());
  }
  std::vector<uint32_t> rows(batch);
  for (size_t i = 0; i < batch; ++i) rows[i] = plan.kept[order[place * batch + i]];
  return near ? WithNearest(rows, group) : rows;
}

// Each of the rows with the others of its group: a set of about rows.size() · group kept rows.
std::vector<uint32_t> BinarizerTrainer::State::WithNearest(const std::vector<uint32_t>& rows,
                                                           size_t group) const {
  const auto nearest = FindBest(Gather(plan.data.documents, rows), kept_documents, group, {});
  std::vector<uint32_t> all = rows;
  for (const uint32_t place : *nearest) all.push_back(plan.kept[place]);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

std::vector<uint64_t> BinarizerTrainer::State::IdsOf(const std::vector<uint32_t>& rows) const {
  std::vector<uint64_t> chosen(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) chosen[i] = plan.ids[rows[i]];
  return chosen;
}

// Queries are codes as often as not.
double BinarizerTrainer::State::NeighboursStep(const std::vector<uint32_t>& rows, float share) {
  const Matrix& codes = query->Forward(Gather(plan.document_v, rows));
  const Matrix floats = Gather(plan.data.documents, rows);
  const float temperature = plan.options.temperature;
  Matrix by_codes(codes.n, codes.dim), by_u(codes.n, codes.dim);
  const double loss =
      AddNeighboursLoss(temperature, codes, codes, floats, 0.5f, &by_codes, &by_codes) +
      AddNeighboursLoss(temperature, query->u(), codes, floats, 0.5f, &by_u, &by_codes);
  query->Backward(by_codes, &by_u, share);
  return loss;
}

double BinarizerTrainer::State::SharedStep(const std::vector<uint32_t>& rows, float share) {
  const size_t n = rows.size();
  const Matrix& codes =
      query->Forward(Stacked(Gather(plan.query_v, rows), Gather(plan.document_v, rows)));
  const Matrix queries = Part(codes, 0, n), documents = Part(codes, n, n);
  Matrix by_queries(n, codes.dim), by_documents(n, codes.dim);
  const std::vector<uint64_t> ids = IdsOf(rows);
  double loss = AddPairsLoss(Loss(), queries, documents, ids, 1, &by_queries, &by_documents);
  if (plan.has_old()) {
    loss += AddPairsLoss(Loss(), queries, Gather(plan.old_values, rows), ids,
                         plan.options.old_weight, &by_queries, nullptr);
  }
  query->Backward(Stacked(by_queries, by_documents), nullptr, share);
  return loss;
}

double BinarizerTrainer::State::SeparateStep(const std::vector<uint32_t>& rows, float share) {
  const Matrix& queries = query->Forward(Gather(plan.query_v, rows));
  const Matrix& documents = document->Forward(Gather(plan.document_v, rows));
  Matrix by_queries(queries.n, queries.dim), by_documents(queries.n, queries.dim);
  const double loss =
      AddPairsLoss(Loss(), queries, documents, IdsOf(rows), 1, &by_queries, &by_documents);
  query->Backward(by_queries, nullptr, share);
  document->Backward(by_documents, nullptr, share);
  return loss;
}

double BinarizerTrainer::State::QueryStep(const std::vector<uint32_t>& rows, float share) {
  const Matrix& queries = query->Forward(Gather(plan.query_v, rows));
  Matrix by_queries(queries.n, queries.dim);
  const double loss = AddPairsLoss(Loss(), queries, Gather(plan.old_values, rows), IdsOf(rows), 1,
                                   &by_queries, nullptr);
  query->Backward(by_queries, nullptr, share);
  return loss;
}

BinarizerTrainer::BinarizerTrainer(std::unique_ptr<State> state) : state_(std::move(state)) {}
BinarizerTrainer::~BinarizerTrainer() = default;

Result<std::unique_ptr<BinarizerTrainer>> BinarizerTrainer::Create(const BinarizerOptions& options,
                                                                   const BinarizerData& data,
                                                                   const CancelToken& cancel) {
  SAGITTA_RETURN_IF_ERROR(CheckData(options, data));
  const BlasThreads threads(options.threads);
  SAGITTA_ASSIGN_OR_RETURN(BinarizerPlan plan, MakePlan(options, data, cancel));
  return std::unique_ptr<BinarizerTrainer>(
      new BinarizerTrainer(std::make_unique<State>(std::move(plan))));
}

uint32_t BinarizerTrainer::step() const { return static_cast<uint32_t>(state_->losses.size()); }
uint32_t BinarizerTrainer::steps() const { return state_->plan.options.steps; }
const std::vector<float>& BinarizerTrainer::losses() const { return state_->losses; }

double BinarizerTrainer::Step() {
  const BlasThreads threads(state_->plan.options.threads);
  const std::vector<uint32_t> rows = state_->NextRows();
  const float share = 1.0f - static_cast<float>(step()) / static_cast<float>(steps());
  double loss;
  if (!state_->plan.has_queries()) {
    loss = state_->NeighboursStep(rows, share);
  } else if (state_->document != nullptr) {
    loss = state_->SeparateStep(rows, share);
  } else if (state_->plan.options.heads == Heads::kQueryOnly) {
    loss = state_->QueryStep(rows, share);
  } else {
    loss = state_->SharedStep(rows, share);
  }
  state_->losses.push_back(static_cast<float>(loss));
  return loss;
}

Status BinarizerTrainer::Run(const CancelToken& cancel, const Progress& progress) {
  while (step() < steps()) {
    SAGITTA_RETURN_IF_ERROR(cancel.Check());
    const double loss = Step();
    if (progress) progress(step(), steps(), loss);
  }
  return cancel.Check();
}

// Byte for byte: version (a byte), fingerprint of options and data, losses of the steps done, then
// for each head its parameters with their moments and its statistics, CRC32C of all.
std::string BinarizerTrainer::Checkpoint() const {
  std::string out;
  out.push_back(static_cast<char>(kVersion));
  base::PutLe(out, state_->plan.fingerprint);
  codec::PutFloats(state_->losses, &out);
  state_->query->Serialize(&out);
  if (state_->document != nullptr) state_->document->Serialize(&out);
  base::PutLe(out, base::Crc32c(out));
  return out;
}

Status BinarizerTrainer::Restore(std::string_view checkpoint) {
  const Status damaged = Status::DataLoss("the bytes of a checkpoint are damaged");
  uint32_t checksum;
  if (checkpoint.size() < sizeof checksum) return damaged;
  std::string_view tail = checkpoint.substr(checkpoint.size() - sizeof checksum);
  std::string_view in = checkpoint.substr(0, checkpoint.size() - sizeof checksum);
  base::GetLe(tail, &checksum);
  uint8_t version;
  uint64_t fingerprint;
  if (base::Crc32c(in) != checksum || !base::GetLe(in, &version)) return damaged;
  if (version != kVersion) {
    return Status::DataLoss("a checkpoint of format " + std::to_string(version) +
                            " cannot be read; this version reads format " +
                            std::to_string(kVersion));
  }
  if (!base::GetLe(in, &fingerprint)) return damaged;
  if (fingerprint != state_->plan.fingerprint) {
    return Status::FailedPrecondition("the checkpoint is of other options or other data");
  }
  // Into heads of its own, so that damage leaves this trainer as it was.
  std::unique_ptr<BinarizerHead> query = std::move(state_->query),
                                 document = std::move(state_->document);
  std::vector<float> losses;
  state_->MakeHeads();
  const bool read =
      codec::GetFloats(in, &losses) && losses.size() <= steps() && state_->query->Deserialize(in) &&
      (state_->document == nullptr || state_->document->Deserialize(in)) && in.empty();
  if (!read) {
    state_->query = std::move(query);
    state_->document = std::move(document);
    return damaged;
  }
  state_->losses = std::move(losses);
  return Status();
}

Result<BinarizerResult> BinarizerTrainer::Finish(const CancelToken& cancel) {
  const BinarizerPlan& plan = state_->plan;
  const BlasThreads threads(plan.options.threads);
  const bool shared = plan.options.heads == Heads::kShared;
  const bool coded = plan.options.heads != Heads::kQueryOnly;  // documents are, by a new codec
  const RowsView query_rows =
      plan.options.heads == Heads::kShared ? plan.data.documents : plan.data.queries;
  BinarizerResult result;
  result.losses.assign(state_->losses.begin(), state_->losses.end());
  codec::LearnedModel query = plan.query_model, document = plan.document_model;
  SAGITTA_ASSIGN_OR_RETURN(result.before,
                           MeasureModels(plan, query, coded ? &document : nullptr, cancel));
  state_->query->Export(&query);
  if (shared) document = query;
  if (state_->document != nullptr) state_->document->Export(&document);
  SAGITTA_ASSIGN_OR_RETURN(result.after,
                           MeasureModels(plan, query, coded ? &document : nullptr, cancel));
  result.published =
      IsNoWorse(result.after, result.before) && IsReadable(query) && IsReadable(document);
  if (!result.published) {
    query = plan.query_model;
    document = plan.document_model;
  }
  SAGITTA_RETURN_IF_ERROR(FitDecoder(plan, query_rows, &query));
  result.query_codec = codec::MakeLearnedCodec(query)->Serialize();
  if (shared) result.document_codec = result.query_codec;
  if (!shared && coded) {
    SAGITTA_RETURN_IF_ERROR(FitDecoder(plan, plan.data.documents, &document));
    result.document_codec = codec::MakeLearnedCodec(document)->Serialize();
  }
  SAGITTA_ASSIGN_OR_RETURN(result.old_alone, MeasureOldAlone(plan, cancel));
  const GateMetrics& kept = result.published ? result.after : result.before;
  const double to_old = coded ? kept.to_old : kept.coded;
  result.backward_compatible = result.old_alone >= 0 && to_old >= result.old_alone;
  SAGITTA_RETURN_IF_ERROR(cancel.Check());
  return result;
}

Result<BinarizerResult> TrainBinarizer(const BinarizerOptions& options, const BinarizerData& data,
                                       const CancelToken& cancel, const Progress& progress) {
  SAGITTA_ASSIGN_OR_RETURN(const auto trainer, BinarizerTrainer::Create(options, data, cancel));
  SAGITTA_RETURN_IF_ERROR(trainer->Run(cancel, progress));
  return trainer->Finish(cancel);
}

}  // namespace sagitta::learn
