#include "index/growing_graph.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "index/faiss_adapter.h"
#include "index/graph_build.h"
#include "index/graph_encode.h"

namespace sagitta::index {
namespace {

constexpr size_t kStepRows = 1024;   // by which memory grows
constexpr size_t kEncodeBlock = GraphEncoder::kTogether;  // rows a worker encodes at a time
// Rows put in together do not see one another, and are not walked to before the last is in.
constexpr size_t kLargestBatch = 256;
// Seeds are chosen anew when the graph has grown by half.
constexpr double kSeedsGrowth = 1.5;
// The longest row may come yet: rows longer than this, beside the longest of the first ones, are
// not lifted.
constexpr float kLongestShare = 1.2f;
// Where that many nodes in a row are gone, the node is put in anew.
constexpr size_t kMostGone = 64;

float SquaredLength(const VectorRows& rows, size_t i) {
  const auto dot = kernels::Distances(rows.dtype, Metric::kInnerProduct).row_row;
  const float length = -dot(rows.row(i), rows.row(i), rows.dim);
  return std::isfinite(length) ? length : 0.0f;
}

template <class T>
T* As(const base::GrowingBytes& bytes) {
  return reinterpret_cast<T*>(bytes.data());
}

}  // namespace

GrowingGraph::GrowingGraph(const VectorRows& rows, size_t capacity, const GraphParams& params,
                           base::MemoryBudget* budget)
    : rows_(rows),
      capacity_(capacity),
      params_(params),
      stride_(GraphInserter::StrideOf(params)),
      budget_(budget),
      encoded_rows_(rows) {}

GrowingGraph::~GrowingGraph() { budget_->Release(bytes_.load()); }

Status GrowingGraph::Start(size_t rows, std::shared_ptr<const GraphModel> known,
                           const BuildContext& context) {
  VectorRows first = rows_;
  first.n = rows;
  if (known == nullptr || !GraphModelSuits(*known, first, params_.code_bits)) {
    auto trained = std::make_shared<GraphModel>();
    SAGITTA_RETURN_IF_ERROR(TrainGraphModel(first, params_.code_bits, context, trained.get()));
    known = std::move(trained);
  }
  model_ = std::move(known);
  links_ = base::GrowingBytes(capacity_ * stride_ * sizeof(uint32_t));
  GraphSpace::Parts parts;
  if (has_codes()) {
    format_ = model_->BuildFormat();
    transform_ = QueryTransform(model_->transform, rows_.dim, model_->dims, model_->seed,
                                model_->mean, {model_->matrix.data(), model_->matrix.size()});
    if (model_->transform == GraphTransform::kRotation) {
      rotation_.emplace(model_->dims, model_->seed);
    }
    codes_ = base::GrowingBytes(capacity_ * format_.row_bytes());
    parts.codes = As<uint8_t>(codes_);
  }
  if (IsProduct(rows_.metric)) {
    norms_ = base::GrowingBytes(capacity_ * sizeof(float));
    parts.norms = As<float>(norms_);
  }
  if (rows_.metric == Metric::kInnerProduct) {
    for (size_t i = 0; i < rows; ++i) longest_ = std::max(longest_, SquaredLength(rows_, i));
    longest_ *= kLongestShare;
    lift_ = base::GrowingBytes(capacity_ * sizeof(float));
    parts.lift = As<float>(lift_);
  }
  space_.emplace(encoded_rows_, *model_, parts);
  inserter_.emplace(*space_, params_, As<uint32_t>(links_), stride_);
  started_.store(true, std::memory_order_release);
  return Status();
}

Status GrowingGraph::Grow(size_t rows) {
  if (rows <= grown_) return Status();
  const size_t to = std::min((rows + kStepRows - 1) / kStepRows * kStepRows, capacity_);
  const size_t link_bytes = stride_ * sizeof(uint32_t);
  const size_t code_bytes = has_codes() ? format_.row_bytes() : 0;
  const size_t floats = (norms_.data() != nullptr ? 1 : 0) + (lift_.data() != nullptr ? 1 : 0);
  const size_t row_bytes =
      link_bytes + code_bytes + floats * sizeof(float) + sizeof(uint32_t);  // of members_
  const size_t more = (to - grown_) * row_bytes;
  SAGITTA_RETURN_IF_ERROR(budget_->Reserve(more, "the graph of a growing segment"));
  bytes_.fetch_add(more, std::memory_order_relaxed);
  code_bytes_.fetch_add((to - grown_) * (code_bytes + floats * sizeof(float)),
                        std::memory_order_release);
  return CatchExceptions({}, [&] {
    links_.Grow(to * link_bytes);
    std::memset(links_.data() + grown_ * link_bytes, 0xFF, (to - grown_) * link_bytes);
    if (has_codes()) codes_.Grow(to * code_bytes);
    if (norms_.data() != nullptr) norms_.Grow(to * sizeof(float));
    if (lift_.data() != nullptr) lift_.Grow(to * sizeof(float));
    grown_ = to;
  });
}

void GrowingGraph::EncodeRange(size_t begin, size_t end) {
  std::optional<GraphEncoder> encoder;
  if (has_codes()) {
    encoder.emplace(rows_, *model_, rotation_ ? &*rotation_ : nullptr);
    encoder->Set(rows_, begin, end - begin);
  }
  for (size_t i = begin; i < end; ++i) {
    const float length = norms_.data() != nullptr ? SquaredLength(rows_, i) : 0;
    float norm = length;
    if (encoder.has_value()) {
      encoder->Encode(i - begin, format_, encoder->search_norm(i - begin),
                      As<uint8_t>(codes_) + i * format_.row_bytes());
      norm = encoder->norm(i - begin);
    }
    if (norms_.data() != nullptr) As<float>(norms_)[i] = norm;
    if (lift_.data() != nullptr) {
      As<float>(lift_)[i] = LiftOf(length, longest_);
    }
  }
}

Status GrowingGraph::Encode(size_t rows, const BuildContext& context) {
  const size_t first = encoded_.load(std::memory_order_relaxed);
  rows = std::min(rows, capacity_);
  if (rows <= first) return Status();
  SAGITTA_RETURN_IF_ERROR(Grow(rows));
  SAGITTA_RETURN_IF_ERROR(
      ForBlocks(context, rows - first, kEncodeBlock,
                [&](size_t begin, size_t end) { EncodeRange(first + begin, first + end); }));
  encoded_rows_.n = rows;
  encoded_.store(rows, std::memory_order_release);
  return Status();
}

Status GrowingGraph::Link(std::span<const uint32_t> ids, size_t end, const BuildContext& context) {
  // A batch that was begun is finished: its nodes are half in otherwise.
  BuildContext whole = context;
  whole.cancel = CancelToken();
  whole.progress = nullptr;
  while (!ids.empty()) {
    SAGITTA_RETURN_IF_ERROR(context.cancel.Check());
    const size_t batch =
        std::min({std::max<size_t>(1, members_.size() / 2), kLargestBatch, ids.size()});
    const Seeds* seeds = seeds_.load(std::memory_order_relaxed);
    if (seeds != nullptr) {
      SAGITTA_RETURN_IF_ERROR(inserter_->Insert(ids.first(batch), seeds->positions, whole));
    }
    members_.insert(members_.end(), ids.begin(), ids.begin() + static_cast<ptrdiff_t>(batch));
    ids = ids.subspan(batch);
    linked_.store(members_.back() + 1, std::memory_order_release);
    RenewSeeds();
  }
  linked_.store(std::max(linked(), end), std::memory_order_release);
  return Status();
}

void GrowingGraph::RenewSeeds() {
  const size_t n = members_.size();
  if (static_cast<double>(n) < kSeedsGrowth * static_cast<double>(seeds_chosen_at_)) return;
  seeds_chosen_at_ = n;
  const size_t count = std::min(n, GraphSeedCount(n));
  auto seeds = std::make_unique<Seeds>();
  const size_t bytes = has_codes() ? format_.row_bytes() : 0;
  seeds->codes = AlignedBytes(count * bytes);
  for (size_t i = 0; i < count; ++i) {
    const uint32_t position = members_[i * n / count];
    seeds->positions.push_back(position);
    if (bytes != 0) {
      std::memcpy(seeds->codes.data() + i * bytes, As<uint8_t>(codes_) + position * bytes, bytes);
    }
  }
  kept_.push_back(std::move(seeds));
  seeds_.store(kept_.back().get(), std::memory_order_release);
}

Status GrowingGraph::Search(size_t rows, const IndexQuery& query, std::vector<Candidate>* out,
                            uint64_t* distances) const {
  GraphView view;
  view.rows = rows_;
  view.rows.n = rows;
  view.links = {As<uint32_t>(links_), stride_};
  view.ef_search = params_.ef_search;
  view.usual_width = model_->usual_width;
  view.oversampling = params_.oversampling;
  // The seeds first: what is linked then holds them all.
  const Seeds* seeds = seeds_.load(std::memory_order_acquire);
  if (seeds != nullptr) {
    view.linked = linked();
    view.seeds = seeds->positions;
    view.seed_codes = seeds->codes.data();
  }
  if (has_codes()) {
    view.encoded = encoded();
    view.codes = As<uint8_t>(codes_);
    view.format = format_;
    view.transform = &transform_;
  }
  return SearchGraph(view, query, out, distances);
}

void GrowingGraph::Follow(uint32_t row, std::span<const uint32_t> position_of, size_t linked,
                          std::vector<uint32_t>* positions, bool* repaired) const {
  const GraphLinks links{As<uint32_t>(links_), stride_};
  const uint32_t self = position_of[row];
  std::vector<uint32_t> gone = {row};
  positions->clear();
  *repaired = false;
  for (size_t g = 0; g < gone.size() && positions->size() < 2 * stride_; ++g) {
    const uint32_t* from = links.row(gone[g]);
    for (uint32_t i = 0; i < stride_; ++i) {
      const uint32_t to = LoadLink(from + i);
      if (to == kNoGraphLink) break;
      if (to >= linked) continue;
      const uint32_t position = to < position_of.size() ? position_of[to] : kNoGraphLink;
      if (position == self) continue;
      if (position == kNoGraphLink) {
        *repaired = true;
        if (gone.size() < kMostGone && std::find(gone.begin(), gone.end(), to) == gone.end()) {
          gone.push_back(to);
        }
      } else if (std::find(positions->begin(), positions->end(), position) == positions->end()) {
        positions->push_back(position);
      }
    }
  }
}

GraphStart GrowingGraph::StartOf(std::span<const uint32_t> position_of, size_t n) const {
  GraphStart start;
  start.model = model_;
  start.links.assign(n * stride_, kNoGraphLink);
  const size_t linked = this->linked();
  std::vector<uint32_t> positions;
  for (uint32_t row = 0; row < std::min(linked, position_of.size()); ++row) {
    if (position_of[row] == kNoGraphLink) continue;
    bool repaired = false;
    Follow(row, position_of, linked, &positions, &repaired);
    if (repaired && positions.size() < params_.degree / 2) continue;  // it is put in anew
    if (repaired) {
      start.repairs.push_back({position_of[row], positions});
    } else {
      std::copy(positions.begin(), positions.end(),
                start.links.begin() + static_cast<ptrdiff_t>(position_of[row] * stride_));
    }
  }
  return start;
}

}  // namespace sagitta::index
