#include "index/graph_insert.h"

#include <algorithm>

namespace sagitta::index {
namespace {

constexpr size_t kBlock = 16;  // rows a worker takes at a time

}  // namespace

uint32_t GraphInserter::StrideOf(const GraphParams& params) {
  return params.degree + std::max(2u, params.degree / 4);
}

uint32_t GraphInserter::BulkStrideOf(const GraphParams& params) {
  return params.degree + std::max(2u, params.degree / 2);
}

uint32_t GraphInserter::Count(uint32_t position) const {
  const uint32_t* row = links().row(position);
  uint32_t count = 0;
  while (count < stride_ && row[count] != kNoGraphLink) ++count;
  return count;
}

Status GraphInserter::Insert(std::span<const uint32_t> ids, std::span<const uint32_t> seeds,
                             const BuildContext& context) {
  SAGITTA_RETURN_IF_ERROR(InsertForward(ids, seeds, context));
  return InsertReverse(ids, context);
}

void GraphInserter::Prune(const std::vector<Candidate>& candidates, GraphPruner* pruner,
                          uint32_t position) {
  const std::span<const uint32_t> chosen = pruner->Prune(candidates);
  uint32_t* row = Row(position);
  for (uint32_t i = 0; i < stride_; ++i) {
    StoreLink(row + i, i < chosen.size() ? chosen[i] : kNoGraphLink);
  }
}

// Each writes its own row only, which no other reads: none of them is linked to yet.
Status GraphInserter::InsertForward(std::span<const uint32_t> ids, std::span<const uint32_t> seeds,
                                    const BuildContext& context) {
  return ForBlocks(context, ids.size(), kBlock, [&](size_t begin, size_t end) {
    GraphSpace::Probe probe(space_);
    GraphPruner pruner(space_, params_.degree, params_.alpha);
    std::vector<Candidate> candidates;
    for (size_t i = begin; i < end; ++i) {
      probe.Set(ids[i]);
      if (FindNear(space_, links(), seeds, params_.build_width, probe, &candidates)) {
        Prune(candidates, &pruner, ids[i]);
      }
    }
  });
}

Status GraphInserter::InsertReverse(std::span<const uint32_t> ids, const BuildContext& context) {
  std::vector<Edge> edges;
  for (const uint32_t source : ids) {
    const uint32_t* row = Row(source);
    const uint32_t count = Count(source);
    for (uint32_t k = 0; k < count; ++k) edges.push_back({row[k], source});
  }
  std::sort(edges.begin(), edges.end());
  std::vector<size_t> groups;
  for (size_t i = 0; i < edges.size(); ++i) {
    if (i == 0 || edges[i].first != edges[i - 1].first) groups.push_back(i);
  }
  const size_t targets = groups.size();
  groups.push_back(edges.size());
  return ForBlocks(context, targets, kBlock, [&](size_t begin, size_t end) {
    GraphSpace::Probe probe(space_);
    GraphPruner pruner(space_, params_.degree, params_.alpha);
    std::vector<uint32_t> sources;
    for (size_t g = begin; g < end; ++g) {
      sources.clear();
      for (size_t i = groups[g]; i < groups[g + 1]; ++i) sources.push_back(edges[i].second);
      AddLinks(edges[groups[g]].first, &sources, &probe, &pruner);
    }
  });
}

void GraphInserter::AddLinks(uint32_t target, std::vector<uint32_t>* ids, GraphSpace::Probe* probe,
                             GraphPruner* pruner) {
  uint32_t* row = Row(target);
  const uint32_t held = Count(target);
  std::erase_if(*ids, [&](uint32_t id) { return std::find(row, row + held, id) != row + held; });
  if (held + ids->size() <= stride_) {
    for (size_t i = 0; i < ids->size(); ++i) StoreLink(row + held + i, (*ids)[i]);
    return;
  }
  ids->insert(ids->end(), row, row + held);
  Choose(target, *ids, probe, pruner);
}

void GraphInserter::Choose(uint32_t position, std::span<const uint32_t> ids,
                           GraphSpace::Probe* probe, GraphPruner* pruner) {
  std::vector<float> keys(ids.size());
  probe->Set(position);
  probe->Score(ids.data(), ids.size(), keys.data());
  std::vector<Candidate> candidates(ids.size());
  for (size_t i = 0; i < keys.size(); ++i) candidates[i] = {keys[i], ids[i]};
  std::sort(candidates.begin(), candidates.end());
  Prune(candidates, pruner, position);
}

}  // namespace sagitta::index
