#include "index/graph_prune.h"

#include <algorithm>
#include <limits>

namespace sagitta::index {
namespace {

// How much nearer one is than the node: at 1, as near.
float Ratio(float to_node, float to_chosen) {
  return to_chosen > 0 ? to_node / to_chosen : std::numeric_limits<float>::infinity();
}

}  // namespace

// First with alpha 1, which takes the most different directions; then with the wider one, which
// adds links that shorten long ways.
std::span<const uint32_t> GraphPruner::Prune(const std::vector<Candidate>& candidates) {
  links_.clear();
  ChooseDifferent(candidates);
  if (links_.size() < degree_) ChooseMore();
  // Rows that are all alike cover one another: a quarter of the links is kept for them, or they
  // would hang on a single one.
  const size_t chosen = links_.size();
  for (size_t i = 0; i < candidates.size() && links_.size() < degree_ / 4; ++i) {
    const auto end = links_.begin() + static_cast<ptrdiff_t>(chosen);
    if (std::find(links_.begin(), end, candidates[i].position) != end) continue;
    links_.push_back(candidates[i].position);
  }
  return links_;
}

void GraphPruner::ChooseDifferent(const std::vector<Candidate>& candidates) {
  size_t left = candidates.size();
  ids_.resize(left);
  places_.resize(left);
  keys_.resize(std::max<size_t>(left, degree_));
  for (size_t i = 0; i < left; ++i) {
    ids_[i] = candidates[i].position;
    places_[i] = static_cast<uint32_t>(i);
  }
  second_.clear();
  while (left > 0) {
    links_.push_back(ids_[0]);
    if (links_.size() == degree_) return;
    probe_.Set(ids_[0]);
    probe_.Score(ids_.data() + 1, left - 1, keys_.data() + 1);
    // Which ones stay cannot be foreseen: a branch only for those that nearly do.
    size_t kept = 0;
    for (size_t i = 1; i < left; ++i) {
      const Candidate& candidate = candidates[places_[i]];
      const float ratio = Ratio(candidate.key, keys_[i]);
      ids_[kept] = candidate.position;
      places_[kept] = places_[i];
      kept += ratio <= 1.0f ? 1 : 0;
      if (ratio > 1.0f && ratio <= alpha_) {
        second_.push_back(
            {candidate.key, candidate.position, static_cast<uint32_t>(links_.size())});
      }
    }
    left = kept;
  }
}

// They were compared with those chosen before they were put aside; the others they meet here, of
// which there are only as many as it takes to fill the links.
void GraphPruner::ChooseMore() {
  std::sort(second_.begin(), second_.end());
  for (const Second& next : second_) {
    const size_t count = links_.size() - next.compared;
    if (count > 0) {
      probe_.Set(next.position);
      probe_.Score(links_.data() + next.compared, count, keys_.data());
    }
    float covered = 0;
    for (size_t i = 0; i < count; ++i) covered = std::max(covered, Ratio(next.key, keys_[i]));
    if (covered > alpha_) continue;
    links_.push_back(next.position);
    if (links_.size() == degree_) return;
  }
}

}  // namespace sagitta::index
