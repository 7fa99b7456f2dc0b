#include <cstdlib>

#include "base/log.h"
#include "kernels/bits_table.h"
#include "kernels/cpu_features.h"
#include "kernels/codes.h"
#include "kernels/kernels.h"

namespace sagitta::kernels {
namespace {

constexpr Level kAllLevels[] = {Level::kScalar, Level::kAvx2, Level::kAvx512, Level::kAvx512Vnni,
                                Level::kAvx512Vpopcntdq, Level::kNeon};

bool Runs(const CpuFeatures& cpu, Level level) {
  switch (level) {
    case Level::kScalar:
      return true;
    case Level::kAvx2:
      return cpu.avx2;
    case Level::kAvx512:
      return cpu.avx512;
    case Level::kAvx512Vnni:
      return cpu.avx512_vnni;
    case Level::kAvx512Vpopcntdq:
      return cpu.avx512_vpopcntdq;
    case Level::kNeon:
      return cpu.neon;
  }
  return false;
}

size_t Place(Dtype dtype) { return static_cast<size_t>(dtype) - 1; }

size_t Place(Metric metric) {
  switch (metric) {
    case Metric::kL2:
      return 0;
    case Metric::kInnerProduct:
    case Metric::kCosine:
      return 1;
    case Metric::kL1:
      return 2;
    case Metric::kHamming:
    case Metric::kJaccard:
      break;  // of BITS only
  }
  return 0;
}

const BitTable& BitsAt(Level level) {
  switch (level) {
#if defined(__x86_64__)
    case Level::kAvx2:
      return kAvx2Bits;
    case Level::kAvx512:
    case Level::kAvx512Vnni:
      return kAvx512Bits;
    case Level::kAvx512Vpopcntdq:
      return kAvx512VpopcntdqBits;
#elif defined(__aarch64__)
    case Level::kNeon:
      return kNeonBits;
#endif
    default:
      return kScalarBits;
  }
}

const DistanceTable& OfMetric(const BitTable& table, Metric metric) {
  return table.distances[metric == Metric::kJaccard ? 1 : 0];
}

#if defined(__x86_64__)
LevelTable MakeVnniTable() {
  LevelTable table = kAvx512Table;
  for (size_t metric = 0; metric < kMetrics; ++metric) {
    table.distances[Place(Dtype::kI8)][metric].row_row = kAvx512VnniRows.i8[metric];
    table.distances[Place(Dtype::kU8)][metric].row_row = kAvx512VnniRows.u8[metric];
  }
  return table;
}
#endif

Level LevelFromEnvironment() {
  const char* text = std::getenv("SAGITTA_SIMD");
  const std::string_view wanted = text == nullptr ? "" : text;
  const std::vector<Level> available = AvailableLevels();
  const Level chosen = ChooseLevel(wanted, available);
  if (!wanted.empty() && ParseLevel(wanted) != chosen) {
    base::LogWarn("SAGITTA_SIMD={} is {}; using {}", wanted,
                  ParseLevel(wanted) ? "not available here"
                                     : "not one of scalar, avx2, avx512, avx512-vnni, "
                                       "avx512-vpopcntdq, neon",
                  LevelName(chosen));
  }
  return chosen;
}

const LevelTable& ActiveTable() {
  static const LevelTable& table = TableAt(ActiveLevel());
  return table;
}

}  // namespace

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kScalar:
      return "scalar";
    case Level::kAvx2:
      return "avx2";
    case Level::kAvx512:
      return "avx512";
    case Level::kAvx512Vnni:
      return "avx512-vnni";
    case Level::kAvx512Vpopcntdq:
      return "avx512-vpopcntdq";
    case Level::kNeon:
      return "neon";
  }
  return "unknown";
}

std::optional<Level> ParseLevel(std::string_view name) {
  for (const Level level : kAllLevels) {
    if (LevelName(level) == name) return level;
  }
  return std::nullopt;
}

std::vector<Level> AvailableLevels() {
  static const CpuFeatures cpu = DetectCpuFeatures();
  std::vector<Level> levels;
  for (const Level level : kAllLevels) {
    if (Runs(cpu, level)) levels.push_back(level);
  }
  return levels;
}

Level ChooseLevel(std::string_view wanted, std::span<const Level> available) {
  const std::optional<Level> limit = ParseLevel(wanted);
  if (!limit) return available.back();
  Level chosen = Level::kScalar;
  for (const Level level : available) {
    if (level <= *limit) chosen = level;
  }
  return chosen;
}

Level ActiveLevel() {
  static const Level level = LevelFromEnvironment();
  return level;
}

const LevelTable& TableAt(Level level) {
  switch (level) {
#if defined(__x86_64__)
    case Level::kAvx2:
      return kAvx2Table;
    case Level::kAvx512:
      return kAvx512Table;
    case Level::kAvx512Vnni:
    case Level::kAvx512Vpopcntdq: {
      static const LevelTable table = MakeVnniTable();
      return table;
    }
#elif defined(__aarch64__)
    case Level::kNeon:
      return kNeonTable;
#endif
    default:
      return kScalarTable;
  }
}

const CodeTable& CodesAt(Level level) {
  switch (level) {
#if defined(__x86_64__)
    case Level::kAvx2:
      return kAvx2Codes;
    case Level::kAvx512:
      return kAvx512Codes;
    case Level::kAvx512Vnni:
      return kAvx512VnniCodes;
    case Level::kAvx512Vpopcntdq:
      return kAvx512VpopcntdqCodes;
#elif defined(__aarch64__)
    case Level::kNeon:
      return kNeonCodes;
#endif
    default:
      return kScalarCodes;
  }
}

const CodeTable& Codes() {
  static const CodeTable& table = CodesAt(ActiveLevel());
  return table;
}

const DistanceTable& Distances(Dtype dtype, Metric metric) {
  if (dtype == Dtype::kBits) {
    static const BitTable& bits = BitsAt(ActiveLevel());
    return OfMetric(bits, metric);
  }
  return ActiveTable().distances[Place(dtype)][Place(metric)];
}

const DistanceTable& DistancesAt(Level level, Dtype dtype, Metric metric) {
  if (dtype == Dtype::kBits) return OfMetric(BitsAt(level), metric);
  return TableAt(level).distances[Place(dtype)][Place(metric)];
}

ToFloatFn ToFloat(Dtype dtype) {
  return dtype == Dtype::kBits ? UnpackBits : ActiveTable().to_float[Place(dtype)];
}

FromFloatFn FromFloat(Dtype dtype) {
  return dtype == Dtype::kBits ? PackBits : ActiveTable().from_float[Place(dtype)];
}

void AddProducts(const ProductRows& a, const ProductRows& b, size_t dim, float* out,
                 size_t out_stride) {
  ActiveTable().add_products(a, b, dim, out, out_stride);
}

float SquaredNorm(const float* v, size_t dim) { return ActiveTable().squared_norm(v, dim); }

bool AllFinite(const float* v, size_t dim) { return ActiveTable().all_finite(v, dim); }

}  // namespace sagitta::kernels
