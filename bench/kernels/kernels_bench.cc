// Bytes of rows per second of every kernel and level, beside what the memory of the machine gives.
//
//   kernels_bench                                  everything, about four minutes
//   kernels_bench --benchmark_filter='f32/l2|memory'
//   kernels_bench --benchmark_filter='codes|memory/random'
//
// cached   rows in 256 KiB, query_many or row_row: bound by the core
// stream   rows of 512 MiB in order, query_many: compare with memory/sequential
// gather   random rows of 512 MiB, query_gather over 4,096 ids: compare with memory/random_rows of
//          the same row size
// codes_…  the same of quantized rows of 128 to 832 bytes; their queries are short and stay cached
// tables   sum_tables over blocks of 64 rows of so many bytes: 256 KiB of them, 8 MiB, 512 MiB
// products add_products of 64 vectors with 256: compare with "cached" of f32 and ip
// Rates are by CPU time of the one thread, in 10^9 bytes. The large buffer asks for huge pages.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "kernels/codes.h"
#include "kernels/kernels.h"

namespace sagitta::kernels {
namespace {

constexpr size_t kLargeBytes = size_t{512} << 20;
constexpr size_t kCachedBytes = size_t{256} << 10;
constexpr size_t kIds = 4096;

// Random bytes whose 16-bit and 32-bit groups are ordinary numbers in every dtype: exponents
// near 1.
const uint8_t* LargeBuffer() {
  static const uint8_t* buffer = [] {
    void* memory =
        mmap(nullptr, kLargeBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) std::abort();
    madvise(memory, kLargeBytes, MADV_HUGEPAGE);
    auto* words = static_cast<uint64_t*>(memory);
    std::mt19937_64 random(1);
    for (size_t i = 0; i < kLargeBytes / 8; ++i) {
      words[i] = (random() & 0x83ff83ff83ff83ff) | 0x3c003c003c003c00;
    }
    return static_cast<const uint8_t*>(memory);
  }();
  return buffer;
}

std::vector<uint32_t> RandomIds(size_t rows) {
  std::mt19937 random(2);
  std::vector<uint32_t> ids(size_t{1} << 20);
  for (uint32_t& id : ids) id = static_cast<uint32_t>(random() % rows);
  return ids;
}

void ReportBytes(benchmark::State& state, size_t bytes_per_iteration) {
  const double bytes = static_cast<double>(bytes_per_iteration * state.iterations());
  state.counters["GB/s"] = benchmark::Counter(bytes / 1e9, benchmark::Counter::kIsRate);
}

void SequentialRead(benchmark::State& state) {
  const uint8_t* buffer = LargeBuffer();
  for (auto _ : state) {
    uint64_t sums[8] = {};
    for (size_t i = 0; i < kLargeBytes; i += 64) {
      uint64_t words[8];
      std::memcpy(words, buffer + i, 64);
      for (size_t k = 0; k < 8; ++k) sums[k] ^= words[k];
    }
    benchmark::DoNotOptimize(sums);
  }
  ReportBytes(state, kLargeBytes);
}

// One word of every line of random rows, prefetched to L2 or L1: what the memory gives with no
// arithmetic.
template <int kLocality>
void RandomRows(benchmark::State& state) {
  const uint8_t* buffer = LargeBuffer();
  const auto row_bytes = static_cast<size_t>(state.range(0));
  const std::vector<uint32_t> ids = RandomIds(kLargeBytes / row_bytes);
  const size_t ahead = std::max<size_t>(4, 12288 / row_bytes);
  uint64_t sum = 0;
  size_t i = 0;
  for (auto _ : state) {
    if (i + kIds + ahead > ids.size()) i = 0;
    for (const size_t end = i + kIds; i < end; ++i) {
      const uint8_t* next = buffer + ids[i + ahead] * row_bytes;
      for (size_t line = 0; line < row_bytes; line += 64) {
        __builtin_prefetch(next + line, 0, kLocality);
      }
      const uint8_t* row = buffer + ids[i] * row_bytes;
      for (size_t line = 0; line < row_bytes; line += 64) sum += row[line];
    }
    benchmark::DoNotOptimize(sum);
  }
  ReportBytes(state, kIds * row_bytes);
}

struct Kernel {
  DistanceTable table;
  Dtype dtype;
  size_t dim;

  size_t row_bytes() const { return dim * DtypeBytes(dtype); }
};

void Cached(benchmark::State& state, Kernel kernel) {
  const uint8_t* rows = LargeBuffer();
  const size_t n = kCachedBytes / kernel.row_bytes();
  const std::vector<float> query(kernel.dim, 0.5f);
  std::vector<float> keys(n);
  for (auto _ : state) {
    kernel.table.query_many(query.data(), rows, kernel.row_bytes(), n, kernel.dim, keys.data());
    benchmark::DoNotOptimize(keys.data());
    benchmark::ClobberMemory();
  }
  ReportBytes(state, n * kernel.row_bytes());
}

void CachedRowRow(benchmark::State& state, Kernel kernel) {
  const uint8_t* rows = LargeBuffer();
  const size_t n = kCachedBytes / kernel.row_bytes();
  for (auto _ : state) {
    for (size_t i = 0; i < n; ++i) {
      benchmark::DoNotOptimize(
          kernel.table.row_row(rows, rows + i * kernel.row_bytes(), kernel.dim));
    }
  }
  ReportBytes(state, n * kernel.row_bytes());
}

void Stream(benchmark::State& state, Kernel kernel) {
  const uint8_t* rows = LargeBuffer();
  const size_t n = kLargeBytes / kernel.row_bytes();
  const std::vector<float> query(kernel.dim, 0.5f);
  std::vector<float> keys(n);
  for (auto _ : state) {
    kernel.table.query_many(query.data(), rows, kernel.row_bytes(), n, kernel.dim, keys.data());
    benchmark::DoNotOptimize(keys.data());
  }
  ReportBytes(state, n * kernel.row_bytes());
}

void Gather(benchmark::State& state, Kernel kernel) {
  const uint8_t* rows = LargeBuffer();
  const std::vector<uint32_t> ids = RandomIds(kLargeBytes / kernel.row_bytes());
  const std::vector<float> query(kernel.dim, 0.5f);
  std::vector<float> keys(kIds);
  size_t i = 0;
  for (auto _ : state) {
    if (i + kIds > ids.size()) i = 0;
    kernel.table.query_gather(query.data(), rows, kernel.row_bytes(), ids.data() + i, kIds,
                              kernel.dim, keys.data());
    benchmark::DoNotOptimize(keys.data());
    i += kIds;
  }
  ReportBytes(state, kIds * kernel.row_bytes());
}

constexpr const char* kDtypeNames[] = {"f32", "f16", "bf16", "i8", "u8"};

void RegisterKernel(Level level, Dtype dtype, Metric metric, size_t dim) {
  const Kernel kernel{DistancesAt(level, dtype, metric), dtype, dim};
  const char* metric_name = metric == Metric::kL2             ? "l2"
                            : metric == Metric::kInnerProduct ? "ip"
                                                              : "l1";
  const std::string name = std::string("/") + kDtypeNames[static_cast<size_t>(dtype) - 1] + "/" +
                           metric_name + "/" + std::to_string(dim) + "/" +
                           std::string(LevelName(level));
  if (level == Level::kAvx512Vpopcntdq) return;  // differs in codes alone
  // Only the integers' row_row differs from avx512.
  const bool vnni = level >= Level::kAvx512Vnni && level != Level::kNeon;
  if (!vnni || DtypeBytes(dtype) == 1) {
    benchmark::RegisterBenchmark(("cached_row_row" + name).c_str(), CachedRowRow, kernel);
  }
  if (vnni) return;
  benchmark::RegisterBenchmark(("cached" + name).c_str(), Cached, kernel);
  benchmark::RegisterBenchmark(("stream" + name).c_str(), Stream, kernel);
  benchmark::RegisterBenchmark(("gather" + name).c_str(), Gather, kernel);
}

struct Codes {
  Level level;
  CodeKind kind;
  size_t lines;

  size_t row_bytes() const { return lines * kCodeLine; }
  const CodeTable& table() const { return CodesAt(level); }
  size_t place() const { return static_cast<size_t>(kind); }
};

// Small numbers, so that sums of products stay ordinary whatever the rows hold.
struct CodesQuery {
  explicit CodesQuery(size_t lines) : values(4 * kCodeLine * lines, 1) {
    query = {values.data(), lines, 0.0f, 1.0f, 0.0f};
  }
  std::vector<uint8_t> values;
  CodeQuery query{};
};

void CodesCached(benchmark::State& state, Codes codes) {
  const uint8_t* rows = LargeBuffer();
  const size_t n = kCachedBytes / codes.row_bytes();
  const CodesQuery query(codes.lines);
  std::vector<float> keys(n);
  for (auto _ : state) {
    codes.table().many[codes.place()](query.query, rows, n, keys.data());
    benchmark::DoNotOptimize(keys.data());
    benchmark::ClobberMemory();
  }
  ReportBytes(state, n * codes.row_bytes());
}

void CodesGather(benchmark::State& state, Codes codes) {
  const uint8_t* rows = LargeBuffer();
  const std::vector<uint32_t> ids = RandomIds(kLargeBytes / codes.row_bytes());
  const CodesQuery query(codes.lines);
  std::vector<float> keys(kIds);
  size_t i = 0;
  for (auto _ : state) {
    if (i + kIds > ids.size()) i = 0;
    codes.table().gather[codes.place()](query.query, rows, ids.data() + i, kIds, keys.data());
    benchmark::DoNotOptimize(keys.data());
    i += kIds;
  }
  ReportBytes(state, kIds * codes.row_bytes());
}

struct Many {
  Level level;
  size_t dim;
};

// Of 64 vectors with 256: bytes as if each product read one of its two vectors, as "cached" does.
void Products(benchmark::State& state, Many many) {
  constexpr size_t kA = 64, kB = 256;
  const std::vector<float> a(kA * many.dim, 0.5f), b(kB * many.dim, 0.25f);
  std::vector<float> out(kA * kB);
  for (auto _ : state) {
    TableAt(many.level)
        .add_products({a.data(), many.dim, kA}, {b.data(), many.dim, kB}, many.dim, out.data(), kB);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  ReportBytes(state, kA * kB * many.dim * sizeof(float));
}

void RegisterProducts() {
  for (const size_t dim : {128, 768}) {
    for (const Level level : AvailableLevels()) {
      const std::string name =
          "products/" + std::to_string(dim) + "/" + std::string(LevelName(level));
      benchmark::RegisterBenchmark(name.c_str(), Products, Many{level, dim});
    }
  }
}

struct Tables {
  Level level;
  size_t row_bytes, all_bytes;
};

void SumTables(benchmark::State& state, Tables tables) {
  constexpr size_t kAtOnce = 16;  // blocks, as scans of codes do
  const uint8_t* blocks = LargeBuffer();
  const size_t stride = kBlockRows * tables.row_bytes, n = tables.all_bytes / stride;
  const std::vector<uint8_t> numbers(32 * tables.row_bytes, 3);
  std::vector<uint32_t> columns(tables.row_bytes);
  std::iota(columns.begin(), columns.end(), 0u);
  std::vector<uint32_t> sums(kAtOnce * kBlockRows);
  for (auto _ : state) {
    for (size_t i = 0; i < n; i += kAtOnce) {
      CodesAt(tables.level)
          .sum_tables(blocks + i * stride, std::min(kAtOnce, n - i), stride, columns.data(),
                      columns.size(), numbers.data(), sums.data());
      benchmark::DoNotOptimize(sums.data());
      benchmark::ClobberMemory();
    }
  }
  ReportBytes(state, n * stride);
}

void RegisterTables() {
  for (const size_t row_bytes : {48, 96, 192}) {
    for (const size_t kib : {256, 8 << 10, 512 << 10}) {
      for (const Level level : AvailableLevels()) {
        const std::string name = "tables/" + std::to_string(row_bytes) + "/" + std::to_string(kib) +
                                 "KiB/" + std::string(LevelName(level));
        benchmark::RegisterBenchmark(name.c_str(), SumTables, Tables{level, row_bytes, kib << 10});
      }
    }
  }
}

void RegisterCodes() {
  constexpr const char* kKindNames[] = {"bytes", "nibbles", "bits"};
  for (const CodeKind kind : {CodeKind::kByte, CodeKind::kNibble, CodeKind::kBit}) {
    for (const size_t lines : {2, 4, 7, 13}) {
      for (const Level level : AvailableLevels()) {
        const Codes codes{level, kind, lines};
        const std::string name = std::string("/") + kKindNames[codes.place()] + "/" +
                                 std::to_string(codes.row_bytes()) + "/" +
                                 std::string(LevelName(level));
        benchmark::RegisterBenchmark(("codes_cached" + name).c_str(), CodesCached, codes);
        benchmark::RegisterBenchmark(("codes_gather" + name).c_str(), CodesGather, codes);
      }
    }
  }
}

void RegisterAll() {
  RegisterCodes();
  RegisterTables();
  RegisterProducts();
  benchmark::RegisterBenchmark("memory/sequential", SequentialRead);
  for (const int64_t bytes : {128, 256, 512, 768, 1536, 3072}) {
    benchmark::RegisterBenchmark("memory/random_rows", RandomRows<2>)->Arg(bytes);
    benchmark::RegisterBenchmark("memory/random_rows_l1", RandomRows<3>)->Arg(bytes);
  }
  for (const Dtype dtype : {Dtype::kF32, Dtype::kF16, Dtype::kBf16, Dtype::kI8, Dtype::kU8}) {
    for (const Metric metric : {Metric::kL2, Metric::kInnerProduct, Metric::kL1}) {
      for (const size_t dim : {size_t{128}, size_t{768}}) {
        for (const Level level : AvailableLevels()) RegisterKernel(level, dtype, metric, dim);
      }
    }
  }
}

}  // namespace
}  // namespace sagitta::kernels

int main(int argc, char** argv) {
  sagitta::kernels::RegisterAll();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
