#include "index/passing_rows.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/bitset.h"
#include "kernels/codes.h"

namespace sagitta::index {

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

void PassingList::Start(const RowFilter& filter, size_t begin, size_t end) {
  end = std::min(end, filter.rows);
  count = 0;
  if (begin >= end) return;
  const bool by_words = filter.allowed != nullptr && filter.row_of == nullptr;
  const size_t first = begin / 64, last = (end + 63) / 64;
  const size_t most =
      by_words ? base::CountBits(filter.allowed + first, last - first) : end - begin;
  if (ids.size() < most + kernels::kListBitsSlack) ids.resize(most + kernels::kListBitsSlack);
  if (keys.size() < most) keys.resize(most);
  if (!by_words) {
    for (size_t i = begin; i < end; ++i) {
      ids[count] = static_cast<uint32_t>(i);
      count += filter.Passes(static_cast<uint32_t>(i));
    }
    return;
  }
  count = kernels::Codes().list_bits(filter.allowed, first, last, ids.data());
  while (count > 0 && ids[count - 1] >= end) --count;
  const auto last_listed = ids.begin() + static_cast<ptrdiff_t>(count);
  const auto from = std::lower_bound(ids.begin(), last_listed, begin);
  count -= static_cast<size_t>(from - ids.begin());
  std::copy_n(from, count, ids.begin());
}

void PassingList::StartSample(const RowFilter& filter, size_t n, size_t step) {
  constexpr size_t kRun = 64;
  n = std::min(n, filter.rows);
  const size_t runs = (n + kRun * step - 1) / (kRun * step);
  count = 0;
  if (ids.size() < runs * kRun) ids.resize(runs * kRun);
  if (keys.size() < runs * kRun) keys.resize(runs * kRun);
  for (size_t begin = 0; begin < n; begin += kRun * step) {
    PassingRows rows(filter, std::min(n, begin + kRun));
    rows.Seek(static_cast<uint32_t>(begin));
    while (rows.Next(&ids[count])) ++count;
  }
}

}  // namespace sagitta::index
