#include "learn/binarizer_plan.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/checksum.h"
#include "learn/random.h"

namespace sagitta::learn {
namespace {

constexpr size_t kScaled = 20'000;  // rows that a scale is taken from

// What codes stand for: integers times factors.
Matrix ValuesOf(const codec::Codec& codec, RowsView rows, uint32_t threads) {
  const Matrix values = DocumentValues(codec, rows, threads);
  Matrix out(rows.n, codec.odd_grid().width);
  for (size_t i = 0; i < rows.n; ++i) std::copy_n(values.row(i), out.dim, out.row(i));
  return out;
}

codec::LearnedModel PlainModel(const BinarizerOptions& options, uint32_t dim) {
  codec::LearnedModel model;
  model.metric = options.metric;
  model.dim = model.core = dim;
  model.width = options.width;
  model.bits = options.bits;
  model.seed = options.seed;
  return model;
}

void SetScale(RowsView rows, const std::vector<uint32_t>& kept, codec::LearnedModel* model) {
  const size_t count = std::min(kept.size(), kScaled);
  const Matrix sample = Gather(
      rows, std::vector<uint32_t>(kept.begin(), kept.begin() + static_cast<ptrdiff_t>(count)));
  model->scale = codec::PlainScale(*model, sample.values.data(), sample.n);
}

// v of all rows.
Matrix StartOf(const codec::LearnedModel& model, RowsView rows) {
  const codec::LearnedHead head(model);
  std::vector<float> core(model.core);
  Matrix v(rows.n, model.width);
  const float inverse = 1.0f / model.scale;
  for (size_t i = 0; i < rows.n; ++i) {
    head.Map(rows.row(i), core.data());
    head.Rotate(core.data(), v.row(i));
    for (size_t d = 0; d < v.dim; ++d) v.row(i)[d] *= inverse;
  }
  return v;
}

class Planner {
 public:
  Planner(const BinarizerOptions& options, const BinarizerData& data, const CancelToken& cancel)
      : cancel_(cancel) {
    plan_.options = options;
    plan_.data = data;
  }

  Result<BinarizerPlan> Make() {
    FillIn();
    Split();
    SAGITTA_RETURN_IF_ERROR(cancel_.Check());
    const BinarizerData& data = plan_.data;
    if (plan_.has_old()) {
      const bool query_only = plan_.options.heads == Heads::kQueryOnly;
      plan_.old_values = ValuesOf(*data.old.codec, query_only ? data.documents : data.old.documents,
                                  plan_.options.threads);
      SAGITTA_RETURN_IF_ERROR(
          StartInOldCodes(query_only ? data.queries : data.documents, &plan_.query_model));
      if (!query_only) plan_.document_model = plan_.query_model;
    } else if (plan_.options.heads == Heads::kSeparate) {
      SAGITTA_RETURN_IF_ERROR(StartSeparate());
    } else {
      plan_.query_model = PlainModel(plan_.options, static_cast<uint32_t>(data.documents.dim));
      SetScale(data.documents, plan_.kept, &plan_.query_model);
      plan_.document_model = plan_.query_model;
    }
    SAGITTA_RETURN_IF_ERROR(cancel_.Check());
    if (plan_.has_queries()) plan_.query_v = StartOf(plan_.query_model, data.queries);
    if (plan_.options.heads != Heads::kQueryOnly) {
      plan_.document_v = StartOf(plan_.document_model, data.documents);
    }
    SetIds();
    SetFingerprint();
    return std::move(plan_);
  }

 private:
  void FillIn() {
    BinarizerOptions& options = plan_.options;
    const bool pairs = options.objective == Objective::kPairs;
    if (options.steps == 0) options.steps = pairs ? 300 : 600;
    if (options.learning_rate == 0) options.learning_rate = pairs ? 1e-3f : 1e-4f;
    if (plan_.has_old()) {
      options.width = plan_.data.old.codec->odd_grid().width;
      options.bits = plan_.data.old.codec->odd_grid().bits;
    }
    if (options.width == 0) options.width = static_cast<uint32_t>(plan_.data.documents.dim);
  }

  void Split() {
    const size_t n = plan_.data.documents.n;
    std::vector<uint32_t> order = Random(plan_.options.seed).Permutation(n);
    const auto share = static_cast<size_t>(plan_.options.held_out * static_cast<float>(n));
    const auto held =
        static_cast<ptrdiff_t>(std::clamp<size_t>(share, 1, plan_.options.most_held_out));
    plan_.held_out.assign(order.begin(), order.begin() + held);
    plan_.kept.assign(order.begin() + held, order.end());
    plan_.options.batch = std::min(plan_.options.batch, static_cast<uint32_t>(plan_.kept.size()));
  }

  // A map of kept rows.
  Result<Adapter::Affine> MapOf(RowsView from, RowsView to, AdapterFrame frame) {
    const AdapterOptions options{.kind = plan_.options.map,
                                 .frame = frame,
                                 .seed = plan_.options.seed,
                                 .threads = plan_.options.threads};
    SAGITTA_ASSIGN_OR_RETURN(
        const AdapterResult result,
        TrainAdapter(options, Gather(from, plan_.kept), Gather(to, plan_.kept), cancel_));
    return result.adapter.AsAffine();
  }

  // A model whose v are about what old codes stand for.
  Status StartInOldCodes(RowsView rows, codec::LearnedModel* model) {
    *model = PlainModel(plan_.options, static_cast<uint32_t>(rows.dim));
    if (!plan_.options.map_queries) {
      const auto* old = dynamic_cast<const codec::LearnedCodec*>(plan_.data.old.codec);
      *model = old->head().model();  // CheckData has seen that it is one
      return Status();
    }
    SAGITTA_ASSIGN_OR_RETURN(Adapter::Affine affine,
                             MapOf(rows, plan_.old_values, AdapterFrame::kTarget));
    // The model rotates what it has mapped: the map undoes that in advance.
    model->core = plan_.options.width;
    const codec::LearnedHead head(*model);
    std::vector<float> column(model->core), turned(model->core);
    for (size_t j = 0; j < affine.matrix.dim; ++j) {
      for (size_t d = 0; d < column.size(); ++d) column[d] = affine.matrix.row(d)[j];
      head.RotateBack(column.data(), turned.data());
      for (size_t d = 0; d < column.size(); ++d) affine.matrix.row(d)[j] = turned[d];
    }
    head.RotateBack(affine.bias.data(), turned.data());
    model->map = std::move(affine.matrix.values);
    model->map_bias = std::move(turned);
    SetScale(rows, plan_.kept, model);
    return Status();
  }

  Status StartSeparate() {
    const BinarizerData& data = plan_.data;
    const bool centred = plan_.options.centre_documents;
    plan_.document_model = PlainModel(plan_.options, static_cast<uint32_t>(data.documents.dim));
    if (centred) {
      plan_.document_model.map_bias = MeanOfColumns(Gather(data.documents, plan_.kept));
      for (float& value : plan_.document_model.map_bias) value = -value;
    }
    SetScale(data.documents, plan_.kept, &plan_.document_model);
    plan_.query_model = PlainModel(plan_.options, static_cast<uint32_t>(data.queries.dim));
    if (plan_.options.map_queries) {
      const AdapterFrame frame = centred ? AdapterFrame::kCentred : AdapterFrame::kTarget;
      SAGITTA_ASSIGN_OR_RETURN(Adapter::Affine affine, MapOf(data.queries, data.documents, frame));
      plan_.query_model.core = plan_.document_model.core;
      plan_.query_model.map = std::move(affine.matrix.values);
      plan_.query_model.map_bias = std::move(affine.bias);
    }
    SetScale(data.queries, plan_.kept, &plan_.query_model);
    return Status();
  }

  void SetIds() {
    const RowsView documents = plan_.data.documents;
    plan_.ids.resize(documents.n);
    for (size_t i = 0; i < documents.n; ++i) {
      plan_.ids[i] = base::Xxh3(documents.row(i), documents.dim * sizeof(float));
    }
  }

  void SetFingerprint() {
    const BinarizerOptions& o = plan_.options;
    std::string text;
    for (const uint32_t value :
         {static_cast<uint32_t>(o.objective), static_cast<uint32_t>(o.heads),
          static_cast<uint32_t>(o.metric), o.bits, o.width, o.hidden, o.steps, o.batch,
          o.hard_negatives, uint32_t{o.map_queries}, static_cast<uint32_t>(o.map),
          uint32_t{o.centre_documents}, o.most_held_out, o.most_documents}) {
      base::PutLe(text, value);
    }
    for (const float value :
         {o.learning_rate, o.temperature, o.most_gradient, o.old_weight, o.held_out}) {
      base::PutLe(text, value);
    }
    base::PutLe(text, o.seed);
    for (const RowsView rows : {plan_.data.documents, plan_.data.queries, plan_.data.old.documents,
                                plan_.data.old.queries, RowsView(plan_.old_values)}) {
      base::PutLe(text, base::Xxh3(rows.values, rows.n * rows.dim * sizeof(float)));
    }
    plan_.fingerprint = base::Xxh3(text.data(), text.size());
  }

  const CancelToken& cancel_;
  BinarizerPlan plan_;
};

}  // namespace

Result<BinarizerPlan> MakePlan(const BinarizerOptions& options, const BinarizerData& data,
                               const CancelToken& cancel) {
  return Planner(options, data, cancel).Make();
}

}  // namespace sagitta::learn
