#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "kernels/kernels.h"
#include "learn/adam.h"
#include "learn/adapter.h"
#include "learn/objectives.h"
#include "learn/option_check.h"
#include "learn/random.h"

namespace sagitta::learn {
namespace {

constexpr size_t kLeastPairs = 10;
constexpr size_t kMostHeldOut = 2'000, kMostDocuments = 50'000;  // that are measured with
constexpr float kRidges[] = {1e-4f, 1e-3f, 3e-3f, 1e-2f, 3e-2f, 1e-1f, 1.0f};
constexpr float kMostGradient = 5.0f;

Status CheckPairs(const AdapterOptions& options, RowsView from, RowsView to) {
  SAGITTA_RETURN_IF_ERROR(options.Validate());
  if (from.n != to.n) {
    return Status::InvalidArgument("to", "has " + std::to_string(to.n) + " rows; `from` has " +
                                             std::to_string(from.n) + ", and rows are pairs");
  }
  if (from.n < kLeastPairs) {
    return Status::InvalidArgument("from", "has " + std::to_string(from.n) +
                                               " rows; an adapter wants at least " +
                                               std::to_string(kLeastPairs) + " pairs");
  }
  if (from.dim < 1 || to.dim < 1) return Status::InvalidArgument("from", "has rows of dim 0");
  if (options.kind == AdapterKind::kCentre && from.dim != to.dim) {
    return Status::InvalidArgument("options.kind", "centre maps between equal dimensions, not " +
                                                       std::to_string(from.dim) + " and " +
                                                       std::to_string(to.dim));
  }
  SAGITTA_RETURN_IF_ERROR(CheckFinite(from, "from"));
  return CheckFinite(to, "to");
}

Matrix Centred(RowsView rows, const std::vector<float>& mean) {
  Matrix out(rows.n, rows.dim);
  for (size_t i = 0; i < rows.n; ++i) {
    for (size_t d = 0; d < rows.dim; ++d) out.row(i)[d] = rows.row(i)[d] - mean[d];
  }
  return out;
}

Matrix Transposed(const Matrix& matrix) {
  Matrix out(matrix.dim, matrix.n);
  for (size_t i = 0; i < matrix.n; ++i) {
    for (size_t j = 0; j < matrix.dim; ++j) out.row(j)[i] = matrix.row(i)[j];
  }
  return out;
}

// What linear maps are found from: means, and products of the rows less these.
struct Moments {
  std::vector<float> from_mean, to_mean;
  Matrix square, product;  // XᵀX, XᵀY
};

// (XᵀX + weight·tr(XᵀX)/dim)⁻¹·XᵀY, transposed.
Result<Matrix> Ridge(const Moments& moments, float weight) {
  Matrix square = moments.square;
  double trace = 0;
  for (size_t d = 0; d < square.n; ++d) trace += square.row(d)[d];
  const double mean = trace / static_cast<double>(square.n);
  // A little even of nothing: rows of no variance have a map, too, the zero one.
  const auto added = static_cast<float>(std::max(weight * mean, 1e-6 * mean + 1e-12));
  for (size_t d = 0; d < square.n; ++d) square.row(d)[d] += added;
  SAGITTA_ASSIGN_OR_RETURN(const Matrix solved, SolvePositive(square, moments.product));
  return Transposed(solved);
}

bool AllOfUnitLength(RowsView rows) {
  constexpr double kTolerance = 2e-3;  // of f16 and bf16 vectors
  for (size_t i = 0; i < rows.n; ++i) {
    const double square = kernels::SquaredNorm(rows.row(i), rows.dim);
    if (std::abs(square - 1) > 2 * kTolerance) return false;
  }
  return true;
}

bool IsBetter(const Retrieval& a, const Retrieval& b) {
  return std::pair(a.recall_at_1, a.recall_at_10) > std::pair(b.recall_at_1, b.recall_at_10);
}

}  // namespace

// Pairs split in two; adapters are fitted to some rows and tried on others.
class AdapterTrainer {
 public:
  AdapterTrainer(const AdapterOptions& options, RowsView from, RowsView to,
                 const CancelToken& cancel, const Progress& progress)
      : options_(options), from_(from), to_(to), cancel_(cancel), progress_(progress) {
    std::vector<uint32_t> order = Random(options.seed).Permutation(from.n);
    const auto share = static_cast<size_t>(options.held_out * static_cast<float>(from.n));
    const size_t held = std::clamp<size_t>(share, 1, kMostHeldOut);
    const auto end = order.begin() + static_cast<ptrdiff_t>(held);
    kept_.assign(end, order.end());
    asked_ = Gather(from, {order.begin(), end});
    own_.resize(held);
    std::iota(own_.begin(), own_.end(), 0u);
    all_ = order;
    order.resize(std::min(order.size(), std::max(kMostDocuments, held)));
    documents_ = Gather(to, order);
  }

  Result<AdapterResult> Train() {
    AdapterResult result;
    if (from_.dim == to_.dim) {
      SAGITTA_ASSIGN_OR_RETURN(result.before, MeasureOwn(asked_, documents_, own_, cancel_));
    }
    const Moments kept = MomentsOf(kept_);
    SAGITTA_ASSIGN_OR_RETURN(result.ridge, ChooseRidge(kept));
    SAGITTA_ASSIGN_OR_RETURN(Adapter trial, FitLinear(kept, result.ridge));
    SAGITTA_ASSIGN_OR_RETURN(result.after, Try(trial));
    if (options_.kind == AdapterKind::kMlp) {
      SAGITTA_RETURN_IF_ERROR(AddMlp(kept_, &trial, &result.losses));
      SAGITTA_ASSIGN_OR_RETURN(const Retrieval with, Try(trial));
      result.mlp_kept = !IsBetter(result.after, with);
      if (result.mlp_kept) result.after = with;
    }
    SAGITTA_ASSIGN_OR_RETURN(result.adapter, FitLinear(MomentsOf(all_), result.ridge));
    if (result.mlp_kept) {
      SAGITTA_RETURN_IF_ERROR(AddMlp(all_, &result.adapter, &result.losses));
    }
    result.adapter.unit_from_ = AllOfUnitLength(from_);
    result.adapter.unit_to_ = AllOfUnitLength(to_);
    return result;
  }

 private:
  Result<Retrieval> Try(const Adapter& adapter) const {
    return EvaluateAdapter(adapter, asked_, documents_, own_, cancel_);
  }

  bool NeedsRidge() const {
    return options_.kind == AdapterKind::kRidge || options_.kind == AdapterKind::kMlp;
  }

  Result<float> ChooseRidge(const Moments& moments) const {
    if (!NeedsRidge() || options_.ridge > 0) return options_.ridge;
    float best = 0;
    Retrieval most{-1, -1};
    for (const float ridge : kRidges) {
      SAGITTA_ASSIGN_OR_RETURN(const Adapter adapter, FitLinear(moments, ridge));
      SAGITTA_ASSIGN_OR_RETURN(const Retrieval found, Try(adapter));
      if (!IsBetter(found, most)) continue;
      most = found;
      best = ridge;
    }
    return best;
  }

  Moments MomentsOf(const std::vector<uint32_t>& numbers) const {
    const Matrix from = Gather(from_, numbers), to = Gather(to_, numbers);
    Moments moments{MeanOfColumns(from), MeanOfColumns(to), {}, {}};
    if (options_.kind == AdapterKind::kCentre) return moments;
    const Matrix x = Centred(from, moments.from_mean), y = Centred(to, moments.to_mean);
    TMultiply(x, y, &moments.product);
    if (NeedsRidge()) TMultiply(x, x, &moments.square);
    return moments;
  }

  Result<Adapter> FitLinear(const Moments& moments, float ridge) const {
    SAGITTA_RETURN_IF_ERROR(cancel_.Check());
    Adapter adapter;
    adapter.kind_ = options_.kind;
    adapter.frame_ = options_.frame;
    adapter.from_mean_ = moments.from_mean;
    adapter.to_mean_ = moments.to_mean;
    if (options_.kind == AdapterKind::kCentre) return adapter;
    if (NeedsRidge()) {
      SAGITTA_ASSIGN_OR_RETURN(adapter.matrix_, Ridge(moments, ridge));
    } else {
      SAGITTA_ASSIGN_OR_RETURN(adapter.matrix_, NearestOrthogonal(Transposed(moments.product)));
    }
    return adapter;
  }

  // To the linear adapter of the same rows.
  Status AddMlp(const std::vector<uint32_t>& numbers, Adapter* adapter,
                std::vector<double>* losses) const {
    const Matrix x = Centred(Gather(from_, numbers), adapter->from_mean_);
    SAGITTA_ASSIGN_OR_RETURN(const Matrix base, adapter->Apply(Gather(from_, numbers)));
    SAGITTA_ASSIGN_OR_RETURN(const Matrix wanted, adapter->CentreTargets(Gather(to_, numbers)));
    Random random(options_.seed + 1);
    ResidualMlp mlp(x.dim, options_.hidden, base.dim, &random);
    std::vector<Parameter*> parameters;
    mlp.ForEach([&](Parameter* parameter) { parameters.push_back(parameter); });
    Adam adam(std::move(parameters), options_.learning_rate, kMostGradient);
    const PairsLoss loss{.temperature = options_.temperature};
    const size_t batch = std::min<size_t>(options_.batch, numbers.size());
    std::vector<uint32_t> order;
    losses->clear();
    for (uint32_t step = 1; step <= options_.steps; ++step) {
      SAGITTA_RETURN_IF_ERROR(cancel_.Check());
      if (order.size() < batch) order = random.Permutation(numbers.size());
      const std::vector<uint32_t> chosen(order.end() - static_cast<ptrdiff_t>(batch), order.end());
      order.resize(order.size() - batch);
      const Matrix input = Gather(x, chosen);
      Matrix out = Gather(base, chosen), by_out(batch, base.dim);
      ResidualMlp::Pass pass;
      mlp.Forward(input, &pass, &out);
      losses->push_back(AddPairsLoss(loss, out, Gather(wanted, chosen),
                                     std::vector<uint64_t>(chosen.begin(), chosen.end()), 1.0f,
                                     &by_out, nullptr));
      mlp.Backward(input, pass, by_out, nullptr);
      adam.Step();
      if (progress_) progress_(step, options_.steps, losses->back());
    }
    adapter->mlp_ = mlp.Fold();
    return Status();
  }

  const AdapterOptions& options_;
  const RowsView from_, to_;
  const CancelToken& cancel_;
  const Progress& progress_;
  std::vector<uint32_t> kept_, all_;
  Matrix asked_, documents_;   // the rows held out, and those that they are looked for among:
  std::vector<uint32_t> own_;  // asked_[i]'s own is documents_[own_[i]]
};

Status AdapterOptions::Validate() const {
  if (kind < AdapterKind::kCentre || kind > AdapterKind::kMlp) {
    return Status::InvalidArgument("options.kind", "is no kind of adapter");
  }
  if (frame != AdapterFrame::kTarget && frame != AdapterFrame::kCentred) {
    return Status::InvalidArgument("options.frame", "is no frame");
  }
  SAGITTA_RETURN_IF_ERROR(CheckRange("ridge", ridge, 0.0f, 1000.0f));
  SAGITTA_RETURN_IF_ERROR(CheckRange("held_out", held_out, 0.01f, 0.5f));
  SAGITTA_RETURN_IF_ERROR(CheckRange("hidden", hidden, 1u, 16'384u));
  SAGITTA_RETURN_IF_ERROR(CheckRange("steps", steps, 1u, 1'000'000u));
  SAGITTA_RETURN_IF_ERROR(CheckRange("batch", batch, 8u, 65'536u));
  SAGITTA_RETURN_IF_ERROR(CheckRange("learning_rate", learning_rate, 1e-7f, 1.0f));
  SAGITTA_RETURN_IF_ERROR(CheckRange("temperature", temperature, 1e-3f, 10.0f));
  return CheckRange("threads", threads, 0u, 1024u);
}

Result<AdapterResult> TrainAdapter(const AdapterOptions& options, RowsView from, RowsView to,
                                   const CancelToken& cancel, const Progress& progress) {
  SAGITTA_RETURN_IF_ERROR(CheckPairs(options, from, to));
  const BlasThreads threads(options.threads);
  return AdapterTrainer(options, from, to, cancel, progress).Train();
}

}  // namespace sagitta::learn
