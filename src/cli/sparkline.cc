#include "cli/sparkline.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

namespace sagitta::cli {
namespace {

constexpr size_t kMostBars = 40;
constexpr std::array<std::string_view, 8> kBars = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

}  // namespace

std::string Sparkline(std::span<const float> values) {
  const size_t bars = std::min(kMostBars, values.size());
  std::vector<double> means(bars);
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (size_t bar = 0; bar < bars; ++bar) {
    const size_t begin = bar * values.size() / bars, end = (bar + 1) * values.size() / bars;
    for (size_t i = begin; i < end; ++i) means[bar] += double{values[i]};
    means[bar] /= static_cast<double>(end - begin);
    if (!std::isfinite(means[bar])) continue;
    low = std::min(low, means[bar]);
    high = std::max(high, means[bar]);
  }
  std::string line;
  for (const double mean : means) {
    if (!std::isfinite(mean)) {
      line += ' ';
      continue;
    }
    const double share = high > low ? (mean - low) / (high - low) : 0;
    line += kBars[static_cast<size_t>(std::lround(share * (kBars.size() - 1)))];
  }
  return line;
}

}  // namespace sagitta::cli
