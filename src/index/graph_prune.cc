#include "index/graph_prune.h"

#include <algorithm>
#include <limits>

namespace sagitta::index {
namespace {

constexpr float kChosen = -1.0f;

}  // namespace

// First with alpha 1, which takes the most different directions; then with the wider one, which
// adds links that shorten long ways.
std::span<const uint32_t> GraphPruner::Prune(const std::vector<Candidate>& candidates) {
  covered_.assign(candidates.size(), 0.0f);
  links_.clear();
  const auto choose = [&](size_t i) {
    links_.push_back(candidates[i].position);
    covered_[i] = kChosen;
  };
  for (const float alpha : {1.0f, alpha_}) {
    for (size_t i = 0; i < candidates.size() && links_.size() < degree_; ++i) {
      if (covered_[i] < 0 || covered_[i] > alpha) continue;
      choose(i);
      if (links_.size() < degree_) Cover(candidates, i);
    }
  }
  // Rows that are all alike cover one another: a quarter of the links is kept for them, or they
  // would hang on a single one.
  for (size_t i = 0; i < candidates.size() && links_.size() < degree_ / 4; ++i) {
    if (covered_[i] != kChosen) choose(i);
  }
  return links_;
}

void GraphPruner::Cover(const std::vector<Candidate>& candidates, size_t chosen) {
  ids_.clear();
  places_.clear();
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (covered_[i] < 0 || covered_[i] > alpha_) continue;
    ids_.push_back(candidates[i].position);
    places_.push_back(static_cast<uint32_t>(i));
  }
  if (ids_.empty()) return;
  keys_.resize(ids_.size());
  probe_.Set(candidates[chosen].position);
  probe_.Score(ids_.data(), ids_.size(), keys_.data());
  for (size_t i = 0; i < ids_.size(); ++i) {
    const float to_node = candidates[places_[i]].key;
    const float ratio = keys_[i] > 0 ? to_node / keys_[i] : std::numeric_limits<float>::infinity();
    covered_[places_[i]] = std::max(covered_[places_[i]], ratio);
  }
}

}  // namespace sagitta::index
