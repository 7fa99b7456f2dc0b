#include "codec/quick_tables.h"

#include <algorithm>
#include <cmath>

namespace sagitta::codec {
namespace {

constexpr int kMostEntry = 127;

bool IsWhole(float v) { return v == static_cast<float>(static_cast<int>(v)); }

}  // namespace

QuickTables QuickTables::Of(const std::vector<float>& tables) {
  QuickTables quick;
  const size_t nibbles = tables.size() / 16;
  std::vector<float> least(nibbles);
  float range = 0;
  for (size_t i = 0; i < nibbles; ++i) {
    const float* table = tables.data() + 16 * i;
    const auto [low, high] = std::minmax_element(table, table + 16);
    least[i] = *low;
    range = std::max(range, *high - *low);
  }
  // Small integers are exact as they are.
  const bool exact = range <= kMostEntry && std::all_of(tables.begin(), tables.end(), IsWhole);
  quick.step = exact || !(range > 0) ? 1.0f : range / kMostEntry;
  if (!exact) quick.error = quick.step * std::sqrt(static_cast<float>(nibbles) / 12.0f);
  const float places = 1.0f / quick.step;
  quick.tables.resize(16 * nibbles);
  for (size_t i = 0; i < nibbles; ++i) {
    quick.base += least[i];
    for (size_t v = 16 * i; v < 16 * (i + 1); ++v) {
      // Not below 0, so that cutting off rounds.
      const auto place = static_cast<int>((tables[v] - least[i]) * places + 0.5f);
      quick.tables[v] = static_cast<uint8_t>(std::min(place, kMostEntry));
    }
  }
  return quick;
}

}  // namespace sagitta::codec
