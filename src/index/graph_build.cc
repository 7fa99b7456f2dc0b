#include "index/graph_build.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "index/graph_beam.h"
#include "index/graph_connect.h"
#include "index/graph_prune.h"

namespace sagitta::index {
namespace {

// A batch is half of what the graph holds already: rows of one batch do not see one another. Past
// the largest size, what a batch saves in synchronising no longer counts.
constexpr size_t kLargestBatch = 4096;
constexpr size_t kBlock = 16;  // rows a worker takes at a time
// While building, a node holds a quarter more links than in the end: so it is pruned once for
// several new ones.
constexpr uint32_t kSpareShare = 4;
constexpr size_t kMostSeeds = 256;

std::vector<uint32_t> ShuffledRows(size_t n, uint64_t seed) {
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::mt19937_64 random(seed);
  for (size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

class Builder {
 public:
  Builder(const GraphSpace& space, const GraphParams& params, const BuildContext& context,
          BuiltGraph* out)
      : space_(space),
        params_(params),
        context_(context),
        order_(ShuffledRows(space.n(), context.seed)),
        stride_(params.degree + std::max(2u, params.degree / kSpareShare)),
        out_(*out) {
    quiet_ = context;
    quiet_.progress = nullptr;
  }

  Status Run() {
    const size_t n = space_.n();
    out_.links.assign(n * stride_, kNoGraphLink);
    for (size_t done = 1; done < n;) {
      const size_t batch =
          std::min({std::max<size_t>(1, done / 2), kLargestBatch, n - done});
      const size_t seeds = std::min(done, GraphSeedCount(n));
      out_.seeds.assign(order_.begin(), order_.begin() + static_cast<ptrdiff_t>(seeds));
      SAGITTA_RETURN_IF_ERROR(InsertForward(done, batch));
      SAGITTA_RETURN_IF_ERROR(InsertReverse(done, batch));
      done += batch;
      Report(context_, 0.9 * static_cast<double>(done) / static_cast<double>(n));
    }
    const size_t seeds = std::min(n, GraphSeedCount(n));
    out_.seeds.assign(order_.begin(), order_.begin() + static_cast<ptrdiff_t>(seeds));
    SAGITTA_RETURN_IF_ERROR(GiveUpSpareLinks());
    return ConnectGraph(space_, params_, context_, &out_);
  }

 private:
  uint32_t* Row(uint32_t position) {
    return out_.links.data() + size_t{position} * stride_;
  }
  uint32_t Count(const uint32_t* row) const {
    uint32_t count = 0;
    while (count < stride_ && row[count] != kNoGraphLink) ++count;
    return count;
  }
  void Prune(const std::vector<Candidate>& candidates, GraphPruner* pruner, uint32_t* row) const {
    pruner->Prune(candidates, row);
    std::fill(row + params_.degree, row + stride_, kNoGraphLink);
  }

  // Rows [first, first + count) of the order get their links. Each writes its own row only, which
  // no other reads: none of them is linked to yet.
  Status InsertForward(size_t first, size_t count) {
    return ForBlocks(quiet_, count, kBlock, [&](size_t begin, size_t end) {
      GraphSpace::Probe probe(space_);
      GraphPruner pruner(space_, params_.degree, params_.alpha);
      std::vector<Candidate> candidates;
      for (size_t i = begin; i < end; ++i) {
        const uint32_t position = order_[first + i];
        probe.Set(position);
        if (FindNear(space_, stride_, params_.build_width, probe, out_, &candidates)) {
          Prune(candidates, &pruner, Row(position));
        }
      }
    });
  }

  Status InsertReverse(size_t first, size_t count) {
    std::vector<std::pair<uint32_t, uint32_t>> edges;  // target, source
    for (size_t i = first; i < first + count; ++i) {
      const uint32_t source = order_[i];
      const uint32_t* row = Row(source);
      const uint32_t count = Count(row);
      for (uint32_t k = 0; k < count; ++k) edges.push_back({row[k], source});
    }
    std::sort(edges.begin(), edges.end());
    std::vector<size_t> groups;
    for (size_t i = 0; i < edges.size(); ++i) {
      if (i == 0 || edges[i].first != edges[i - 1].first) groups.push_back(i);
    }
    const size_t targets = groups.size();
    groups.push_back(edges.size());
    return ForBlocks(quiet_, targets, kBlock, [&](size_t begin, size_t end) {
      GraphSpace::Probe probe(space_);
      GraphPruner pruner(space_, params_.degree, params_.alpha);
      std::vector<uint32_t> ids;
      for (size_t g = begin; g < end; ++g) {
        ids.clear();
        for (size_t i = groups[g]; i < groups[g + 1]; ++i) ids.push_back(edges[i].second);
        AddLinks(edges[groups[g]].first, &ids, &probe, &pruner);
      }
    });
  }

  // The sources are new to the graph, so that none is among the target's links.
  void AddLinks(uint32_t target, std::vector<uint32_t>* ids, GraphSpace::Probe* probe,
                GraphPruner* pruner) {
    uint32_t* row = Row(target);
    const uint32_t held = Count(row);
    if (held + ids->size() <= stride_) {
      std::copy(ids->begin(), ids->end(), row + held);
      return;
    }
    ids->insert(ids->end(), row, row + held);
    Choose(target, *ids, probe, pruner);
  }

  // Prunes `ids` to the links of a node.
  void Choose(uint32_t position, const std::vector<uint32_t>& ids, GraphSpace::Probe* probe,
              GraphPruner* pruner) {
    std::vector<float> keys(ids.size());
    probe->Set(position);
    probe->Score(ids.data(), ids.size(), keys.data());
    std::vector<Candidate> candidates(ids.size());
    for (size_t i = 0; i < keys.size(); ++i) candidates[i] = {keys[i], ids[i]};
    std::sort(candidates.begin(), candidates.end());
    Prune(candidates, pruner, Row(position));
  }

  // Prunes what holds more than the degree, and closes the gaps between rows.
  Status GiveUpSpareLinks() {
    const size_t n = space_.n();
    SAGITTA_RETURN_IF_ERROR(ForBlocks(quiet_, n, kBlock, [&](size_t begin, size_t end) {
      GraphSpace::Probe probe(space_);
      GraphPruner pruner(space_, params_.degree, params_.alpha);
      for (size_t i = begin; i < end; ++i) {
        const uint32_t* row = Row(static_cast<uint32_t>(i));
        const uint32_t count = Count(row);
        if (count <= params_.degree) continue;
        Choose(static_cast<uint32_t>(i), {row, row + count}, &probe, &pruner);
      }
    }));
    for (size_t i = 0; i < n; ++i) {
      const uint32_t* row = Row(static_cast<uint32_t>(i));
      std::copy(row, row + params_.degree, out_.links.data() + i * params_.degree);
    }
    out_.links.resize(n * params_.degree);
    out_.links.shrink_to_fit();
    return Status();
  }

  const GraphSpace& space_;
  const GraphParams& params_;
  const BuildContext& context_;
  BuildContext quiet_;
  const std::vector<uint32_t> order_;
  const uint32_t stride_;  // of the links while building
  BuiltGraph& out_;
};

}  // namespace

size_t GraphSeedCount(size_t n) {
  const auto root = static_cast<size_t>(std::sqrt(static_cast<double>(n)));
  return std::clamp<size_t>(root / 4, 16, kMostSeeds);
}

Status BuildGraphLinks(const GraphSpace& space, const GraphParams& params,
                       const BuildContext& context, BuiltGraph* out) {
  return Builder(space, params, context, out).Run();
}

}  // namespace sagitta::index
