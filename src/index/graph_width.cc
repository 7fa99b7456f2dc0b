#include "index/graph_width.h"

#include <algorithm>
#include <array>

#include "index/graph_query.h"
#include "index/graph_sections.h"
#include "index/ivf_train.h"
#include "index/many_scan.h"

namespace sagitta::index {
namespace {

constexpr size_t kSample = 100;
constexpr size_t kLeastRows = 1'000;
constexpr uint32_t kK = 10;
constexpr std::array<uint32_t, 11> kWidths = {16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512};
constexpr size_t kBlock = 10;  // queries that read the rows together

class WidthMeter {
 public:
  WidthMeter(const VectorRows& rows, const GraphParams& params, const GraphModel& model,
             const BuiltGraph& graph, const AlignedBytes& codes, const BuildContext& context)
      : context_(context),
        transform_(model.transform, rows.dim, model.dims, model.seed, model.mean,
                   {model.matrix.data(), model.matrix.size()}),
        sample_(SamplePositions(rows.n, kSample, context.seed)),
        queries_(sample_.size() * rows.dim),
        limits_(sample_.size()) {
    view_.rows = rows;
    view_.links = {graph.links.data(), params.degree};
    view_.linked = view_.encoded = rows.n;
    view_.seeds = graph.seeds;
    view_.oversampling = params.oversampling;
    for (size_t i = 0; i < sample_.size(); ++i) {
      RowAsFloats(rows, sample_[i], 0, rows.dim, queries_.data() + i * rows.dim);
    }
    if (model.transform == GraphTransform::kNone) return;
    view_.codes = codes.data();
    view_.format = model.Format();
    view_.transform = &transform_;
    seed_codes_ = SeedCodes(view_.codes, view_.format.row_bytes(), view_.seeds);
    view_.seed_codes = seed_codes_.data();
  }

  // Key of each query's kK-th nearest other row.
  Status FindTruth() {
    std::vector<Status> failed(sample_.size());
    SAGITTA_RETURN_IF_ERROR(
        ForBlocks(context_, sample_.size(), kBlock, [&](size_t begin, size_t end) {
          std::vector<std::vector<Candidate>> found(end - begin);
          std::vector<ManyQuery> many;
          for (size_t i = begin; i < end; ++i) many.push_back({Ask(i), &found[i - begin]});
          uint64_t distances = 0;
          ManyScan scan(many);
          failed[begin] = scan.Add(view_.rows, {}, &distances);
          scan.Finish();
          for (size_t i = begin; i < end; ++i) {
            const std::vector<Candidate>& others = Others(i, &found[i - begin]);
            if (!others.empty()) limits_[i] = others.back().key;
          }
        }));
    for (const Status& status : failed) SAGITTA_RETURN_IF_ERROR(status);
    return Status();
  }

  Status Recall(uint32_t width, double* recall) const {
    std::vector<size_t> hits(sample_.size());
    std::vector<Status> failed(sample_.size());
    SAGITTA_RETURN_IF_ERROR(ForBlocks(context_, sample_.size(), 1, [&](size_t i, size_t) {
      IndexQuery query = Ask(i);
      query.params.ef = width;
      query.params.oversampling = view_.oversampling;
      std::vector<Candidate> found;
      uint64_t distances = 0;
      failed[i] = SearchGraph(view_, query, &found, &distances);
      for (const Candidate& candidate : Others(i, &found)) hits[i] += candidate.key <= limits_[i];
    }));
    for (const Status& status : failed) SAGITTA_RETURN_IF_ERROR(status);
    size_t sum = 0;
    for (const size_t n : hits) sum += n;
    *recall = static_cast<double>(sum) / static_cast<double>(kK * sample_.size());
    return Status();
  }

 private:
  IndexQuery Ask(size_t i) const {
    IndexQuery query;
    query.vector = queries_.data() + i * view_.rows.dim;
    query.k = kK + 1;  // a scan finds the row itself
    query.without = sample_[i];
    query.cancel = &context_.cancel;
    return query;
  }

  // The kK best that are not the row itself.
  std::vector<Candidate>& Others(size_t i, std::vector<Candidate>* found) const {
    std::erase_if(*found, [&](const Candidate& c) { return c.position == sample_[i]; });
    if (found->size() > kK) found->resize(kK);
    return *found;
  }

  const BuildContext& context_;
  const QueryTransform transform_;
  const std::vector<uint32_t> sample_;
  std::vector<float> queries_;
  std::vector<float> limits_;
  AlignedBytes seed_codes_;
  GraphView view_;
};

}  // namespace

Status MeasureGraphWidth(const VectorRows& rows, const GraphParams& params, const GraphModel& model,
                         const BuiltGraph& graph, const AlignedBytes& codes,
                         const BuildContext& context, uint32_t* width) {
  *width = 0;
  if (rows.n < kLeastRows) return Status();
  WidthMeter meter(rows, params, model, graph, codes, context);
  SAGITTA_RETURN_IF_ERROR(meter.FindTruth());
  for (const uint32_t candidate : kWidths) {
    *width = candidate;
    double recall = 0;
    SAGITTA_RETURN_IF_ERROR(meter.Recall(candidate, &recall));
    if (recall >= kUsualGraphRecall) break;
  }
  return Status();
}

}  // namespace sagitta::index
