#include "index/graph_filtered.h"

namespace sagitta::index {
namespace {

constexpr size_t kSeeds = 32;

}  // namespace

PassingRows::PassingRows(const RowFilter& filter, size_t n)
    : filter_(filter), n_(n), by_words_(filter.allowed != nullptr && filter.row_of == nullptr) {
  Seek(0);
}

void PassingRows::Seek(uint32_t position) {
  next_ = position;
  if (by_words_ && position < n_) {
    word_ = filter_.allowed[position / 64] & ~uint64_t{0} << position % 64;
    next_ = position / 64 * 64;
  }
}

bool PassingRows::Next(uint32_t* position) {
  if (!by_words_) {
    while (next_ < n_ && !filter_.Passes(static_cast<uint32_t>(next_))) ++next_;
    if (next_ >= n_) return false;
    *position = static_cast<uint32_t>(next_++);
    return true;
  }
  while (next_ < n_ && word_ == 0) {
    next_ += 64;
    if (next_ < n_) word_ = filter_.allowed[next_ / 64];
  }
  if (next_ >= n_) return false;
  const size_t found = next_ + static_cast<size_t>(std::countr_zero(word_));
  word_ &= word_ - 1;
  if (found >= n_) return false;  // bits past the last position
  *position = static_cast<uint32_t>(found);
  return true;
}

void AddPassingSeeds(const RowFilter& filter, size_t n, std::vector<uint32_t>* seeds) {
  PassingRows passing(filter, n);
  uint32_t last = 0;
  for (size_t i = 0; i < kSeeds; ++i) {
    const auto from = static_cast<uint32_t>(i * n / kSeeds);
    if (i > 0 && from <= last) continue;
    passing.Seek(from);
    if (!passing.Next(&last)) return;
    seeds->push_back(last);
  }
}

}  // namespace sagitta::index
