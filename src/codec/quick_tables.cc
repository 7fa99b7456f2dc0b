#include "codec/quick_tables.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace sagitta::codec {
namespace {

constexpr int kMostEntry = 127;
constexpr float kMore = 1.5f;         // look-ups there may be, of bytes
constexpr float kMostParts = 256.0f;  // of one byte
constexpr float kFine = 0.02f;        // of the spread of sums of bytes that decide alike
constexpr size_t kFewestSplit = 8;    // bytes, for some to be looked up first

bool IsWhole(float v) { return v == static_cast<float>(static_cast<int>(v)); }

// One of what is no number, or too large for a step.
uint32_t LookUps(float range, float step) {
  const float wanted = std::ceil(range / (step * kMostEntry));
  return wanted >= 1.0f && wanted <= kMostParts ? static_cast<uint32_t>(wanted) : 1u;
}

// The least step, about, with which bytes of these ranges need no more look-ups than may be; but
// none that is finer than `enough`.
float LeastStep(const std::vector<float>& ranges, float enough, bool whole) {
  const float most = *std::max_element(ranges.begin(), ranges.end());
  if (!(most > 0)) return 1.0f;
  const auto room = static_cast<size_t>(kMore * static_cast<float>(ranges.size()));
  const auto fits = [&](float step) {
    size_t needed = 0;
    for (const float range : ranges) needed += LookUps(range, step);
    return needed <= room;
  };
  if (whole && fits(1.0f)) return 1.0f;
  constexpr int kHalvings = 4, kSteps = 3;  // to a 16th, and then to an 8th of a factor of 2
  float step = most / kMostEntry;
  for (int i = 0; i < kHalvings && step > enough && fits(step / 2); ++i) step /= 2;
  float factor = 0.5f;
  for (int i = 0; i < kSteps && step > enough; ++i, factor = std::sqrt(factor)) {
    if (fits(step * std::sqrt(factor))) step *= std::sqrt(factor);
  }
  return step;
}

// Of what a byte finds, if it is any value as often as another.
float VarianceOf(const float* table) {
  float variance = 0;
  for (size_t nibble = 0; nibble < 2; ++nibble, table += 16) {
    float sum = 0, squares = 0;
    for (size_t v = 0; v < 16; ++v) sum += table[v];
    for (size_t v = 0; v < 16; ++v) squares += (table[v] - sum / 16) * (table[v] - sum / 16);
    variance += squares / 16;
  }
  return variance;
}

// A standard error of the sums that makes few more rows look near than an exact sum would: a share
// of their spread, less where some bytes decide more than others and near rows agree in those.
float Enough(const std::vector<float>& variances) {
  float sum = 0, squares = 0;
  for (const float v : variances) {
    sum += v;
    squares += v * v;
  }
  const float evenness = sum * sum / (static_cast<float>(variances.size()) * squares);
  return squares > 0 ? kFine * evenness * std::sqrt(sum) : 0.0f;
}

// Brings the bytes that decide most for their look-ups, which are *first, before the others; both
// as they lie in memory.
void Halve(const std::vector<float>& variances, const std::vector<uint32_t>& look_ups,
           size_t* first, std::vector<uint32_t>* bytes_in_order) {
  std::vector<uint32_t>& order = *bytes_in_order;
  const size_t bytes = look_ups.size();
  std::vector<float> worth(bytes);
  for (size_t i = 0; i < bytes; ++i) {
    worth[i] = variances[i] / static_cast<float>(look_ups[i]);
  }
  const auto finite = [](float v) { return std::isfinite(v); };
  if (bytes < kFewestSplit || !std::all_of(worth.begin(), worth.end(), finite)) return;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    return worth[a] != worth[b] ? worth[a] > worth[b] : a < b;
  });
  const size_t all = std::accumulate(look_ups.begin(), look_ups.end(), size_t{0});
  auto end = order.begin();
  while (2 * *first < all) *first += look_ups[*end++];
  std::sort(order.begin(), end);
  std::sort(end, order.end());
}

}  // namespace

QuickTables QuickTables::Of(const std::vector<float>& tables, bool halved) {
  QuickTables quick;
  const size_t bytes = tables.size() / 32;
  std::vector<float> least(2 * bytes), ranges(bytes, 0.0f);
  for (size_t i = 0; i < 2 * bytes; ++i) {
    const float* table = tables.data() + 16 * i;
    const auto [low, high] = std::minmax_element(table, table + 16);
    least[i] = *low;
    quick.base += *low;
    ranges[i / 2] = std::max(ranges[i / 2], *high - *low);
  }
  const bool whole = std::all_of(tables.begin(), tables.end(), IsWhole);
  std::vector<float> variances(bytes);
  for (size_t i = 0; i < bytes; ++i) variances[i] = VarianceOf(tables.data() + 32 * i);
  // A standard error of the sums is that of a step times so much.
  const float errors = std::sqrt(static_cast<float>(bytes) / 6.0f);
  quick.step = bytes == 0 ? 1.0f : LeastStep(ranges, Enough(variances) / errors, whole);
  const bool exact = whole && quick.step == 1.0f;
  if (!exact) quick.error = quick.step * errors;
  const float places = 1.0f / quick.step;
  quick.columns.reserve(2 * bytes);
  quick.tables.reserve(64 * bytes);
  std::vector<uint32_t> look_ups(bytes);
  for (size_t i = 0; i < bytes; ++i) look_ups[i] = LookUps(ranges[i], quick.step);
  std::vector<uint32_t> order(bytes);
  std::iota(order.begin(), order.end(), 0u);
  if (halved) Halve(variances, look_ups, &quick.first, &order);
  for (const uint32_t byte : order) {
    const uint32_t parts = look_ups[byte];
    quick.columns.insert(quick.columns.end(), parts, byte);
    quick.tables.resize(quick.tables.size() + 32 * parts);
    uint8_t* to = quick.tables.data() + quick.tables.size() - 32 * parts;
    for (size_t v = 0; v < 32; ++v) {
      // Not below 0, so that cutting off rounds.
      const float above = (tables[32 * byte + v] - least[2 * byte + v / 16]) * places + 0.5f;
      const auto most = static_cast<float>(kMostEntry * parts);
      int place = above > 0.0f ? static_cast<int>(std::min(above, most)) : 0;
      for (uint32_t part = 0; part < parts; ++part) {
        const int taken = std::min(place, kMostEntry);
        to[32 * part + v] = static_cast<uint8_t>(taken);
        place -= taken;
      }
    }
  }
  return quick;
}

}  // namespace sagitta::codec
