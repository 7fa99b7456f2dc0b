#include "index/visited_pool.h"

#include <algorithm>

namespace sagitta::index {

void VisitedSet::Start(size_t n) {
  if (epochs_.size() < n) epochs_.resize(n, 0);
  if (++epoch_ == 0) {
    std::fill(epochs_.begin(), epochs_.end(), uint8_t{0});
    epoch_ = 1;
  }
}

SearchScratch& ThreadScratch() {
  thread_local SearchScratch scratch;
  return scratch;
}

}  // namespace sagitta::index
