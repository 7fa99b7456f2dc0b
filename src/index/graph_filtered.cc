#include "index/graph_filtered.h"

namespace sagitta::index {
namespace {

constexpr size_t kSeeds = 32;

}  // namespace

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
