#include "index/graph_build.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>

#include "index/graph_connect.h"
#include "index/graph_insert.h"

namespace sagitta::index {
namespace {

// A batch is half of what the graph holds already: rows of one batch do not see one another. Past
// the largest size, what a batch saves in synchronising no longer counts.
constexpr size_t kLargestBatch = 4096;
constexpr size_t kBlock = 16;  // rows a worker takes at a time
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
  // `grown`: of links that there are already.
  Builder(const GraphSpace& space, const GraphParams& params, const BuildContext& context,
          bool grown, BuiltGraph* out)
      : space_(space),
        params_(params),
        context_(context),
        stride_(grown ? GraphInserter::StrideOf(params) : GraphInserter::BulkStrideOf(params)),
        out_(*out) {
    quiet_ = context;
    quiet_.progress = nullptr;
  }

  Status Run() {
    order_ = ShuffledRows(space_.n(), context_.seed);
    out_.links.assign(space_.n() * stride_, kNoGraphLink);
    return Complete(1);
  }

  Status Run(GraphStart* start) {
    out_.links = std::move(start->links);
    SAGITTA_RETURN_IF_ERROR(Repair(*start));
    // Those that have links, in any order, then those that have not.
    order_ = ShuffledRows(space_.n(), context_.seed);
    const auto linked = [&](uint32_t row) { return *Row(row) != kNoGraphLink; };
    const auto end = std::stable_partition(order_.begin(), order_.end(), linked);
    return Complete(std::max<size_t>(1, static_cast<size_t>(end - order_.begin())));
  }

 private:
  uint32_t* Row(uint32_t position) { return out_.links.data() + size_t{position} * stride_; }

  // Puts in the rows of the order from `done` on.
  Status Complete(size_t done) {
    const size_t n = space_.n();
    GraphInserter inserter(space_, params_, out_.links.data(), stride_);
    while (done < n) {
      const size_t batch = std::min({std::max<size_t>(1, done / 2), kLargestBatch, n - done});
      const std::span<const uint32_t> order(order_);
      const size_t seeds = std::min(done, GraphSeedCount(n));
      SAGITTA_RETURN_IF_ERROR(
          inserter.Insert(order.subspan(done, batch), order.first(seeds), quiet_));
      done += batch;
      Report(context_, 0.9 * static_cast<double>(done) / static_cast<double>(n));
    }
    const size_t seeds = std::min(n, GraphSeedCount(n));
    out_.seeds.assign(order_.begin(), order_.begin() + static_cast<ptrdiff_t>(seeds));
    SAGITTA_RETURN_IF_ERROR(GiveUpSpareLinks(&inserter));
    return ConnectGraph(space_, params_, context_, &out_);
  }

  // Links of nodes whose neighbours went are chosen among those these led to.
  Status Repair(const GraphStart& start) {
    GraphInserter inserter(space_, params_, out_.links.data(), stride_);
    return ForBlocks(quiet_, start.repairs.size(), kBlock, [&](size_t begin, size_t end) {
      GraphSpace::Probe probe(space_);
      GraphPruner pruner(space_, params_.degree, params_.alpha);
      for (size_t i = begin; i < end; ++i) {
        inserter.Choose(start.repairs[i].position, start.repairs[i].candidates, &probe, &pruner);
      }
    });
  }

  // Prunes what holds more than the degree, and closes the gaps between rows.
  Status GiveUpSpareLinks(GraphInserter* inserter) {
    const size_t n = space_.n();
    SAGITTA_RETURN_IF_ERROR(ForBlocks(quiet_, n, kBlock, [&](size_t begin, size_t end) {
      GraphSpace::Probe probe(space_);
      GraphPruner pruner(space_, params_.degree, params_.alpha);
      for (size_t i = begin; i < end; ++i) {
        const auto position = static_cast<uint32_t>(i);
        const uint32_t count = inserter->Count(position);
        if (count <= params_.degree) continue;
        inserter->Choose(position, {Row(position), count}, &probe, &pruner);
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
  std::vector<uint32_t> order_;
  const uint32_t stride_;  // of the links while building
  BuiltGraph& out_;
};

}  // namespace

size_t GraphSeedCount(size_t n) {
  const auto root = static_cast<size_t>(std::sqrt(static_cast<double>(n)));
  return std::clamp<size_t>(root / 4, 16, kMostSeeds);
}

Status BuildGraphLinks(const GraphSpace& space, const GraphParams& params,
                       const BuildContext& context, BuiltGraph* out, GraphStart* start) {
  Builder builder(space, params, context, start != nullptr, out);
  return start == nullptr ? builder.Run() : builder.Run(start);
}

}  // namespace sagitta::index
