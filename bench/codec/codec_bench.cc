// Every codec on one set of rows: bytes a row; recall@10 by codes alone, with the 100 best ranked
// by the rows themselves, and of coded queries; the time of a scan.
//
//   codec_bench [rows file] [queries file] [queries=500] [only codecs with this in their name]
//
// Files are idx images (L2), plain or gzipped, or .npy matrices of f16 or f32 (inner product);
// without them, Fashion-MNIST as Debian packages it. One thread.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <string>
#include <vector>

#include "bench/index/idx_images.h"
#include "bench/index/npy_rows.h"
#include "codec/codec.h"
#include "kernels/codes.h"

namespace sagitta::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Answers = std::vector<std::vector<uint32_t>>;

constexpr size_t kK = 10, kRanked = 100;
constexpr size_t kSample = 20'000;  // rows trained on

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Data {
  std::string only;  // of codecs, those with this in their name
  Images rows, queries;
  Metric metric = Metric::kL2;
  Answers exact;  // the kK nearest
};

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "codec_bench: %s\n", what.c_str());
  std::exit(1);
}

std::vector<uint32_t> Best(const std::vector<float>& keys, size_t k) {
  std::vector<uint32_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0u);
  k = std::min(k, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(k), order.end(),
                    [&](uint32_t a, uint32_t b) { return keys[a] < keys[b]; });
  order.resize(k);
  return order;
}

std::vector<float> ExactKeys(const Data& data, size_t query) {
  std::vector<float> keys(data.rows.n);
  kernels::Distances(Dtype::kF32, data.metric)
      .query_many(data.queries.row(query), data.rows.values.data(), data.rows.dim * sizeof(float),
                  data.rows.n, data.rows.dim, keys.data());
  return keys;
}

double ShareFound(const std::vector<uint32_t>& wanted, const std::vector<uint32_t>& found) {
  size_t hits = 0;
  for (const uint32_t row : wanted) hits += std::count(found.begin(), found.end(), row);
  return static_cast<double>(hits) / static_cast<double>(wanted.size());
}

Data Load(const std::string& rows, const std::string& queries, size_t asked) {
  Data data;
  if (!LoadVectors(rows, queries, asked, &data.rows, &data.queries, &data.metric)) {
    Fail("give two .npy matrices of f16 or f32, or two idx files of images, of the same width");
  }
  for (size_t q = 0; q < data.queries.n; ++q) {
    data.exact.push_back(Best(ExactKeys(data, q), kK));
  }
  return data;
}

// The kK nearest of n stored rows.
void Scan(const codec::CodecQuery& query, codec::CodecFormat format,
          const std::vector<uint8_t>& stored, size_t n, std::vector<codec::Near>* near) {
  const auto scan = query.Find(kK, format);
  scan->Add({.data = stored.data(), .n = n});
  scan->Finish(near);
}

struct Measured {
  double raw = 0, ranked = 0, symmetric = 0, seconds = 0, scan = 0;
};

Measured Measure(const Data& data, const codec::Codec& codec, const std::vector<uint8_t>& codes) {
  Measured measured;
  std::vector<float> keys(data.rows.n);
  std::vector<uint8_t> stored(codec.stored_bytes(data.rows.n));
  codec.Store(codes.data(), data.rows.n, stored.data());
  std::vector<codec::Near> near;
  std::vector<uint8_t> query_codes(data.queries.n * codec.code_bytes());
  codec.Encode(data.queries.values.data(), data.queries.n, query_codes.data());
  for (size_t q = 0; q < data.queries.n; ++q) {
    const auto start = Clock::now();
    codec.Prepare(data.queries.row(q))->Keys(codes.data(), data.rows.n, keys.data());
    measured.seconds += SecondsSince(start);
    const auto begin = Clock::now();
    Scan(*codec.Prepare(data.queries.row(q)), codec.format(), stored, data.rows.n, &near);
    measured.scan += SecondsSince(begin);
    std::vector<uint32_t> found = Best(keys, kRanked);
    // The ten nearest are in the answer when they are among those ranked.
    measured.ranked += ShareFound(data.exact[q], found);
    found.resize(kK);
    measured.raw += ShareFound(data.exact[q], found);
    codec.PrepareCode(query_codes.data() + q * codec.code_bytes())
        ->Keys(codes.data(), data.rows.n, keys.data());
    measured.symmetric += ShareFound(data.exact[q], Best(keys, kK));
  }
  const auto asked = static_cast<double>(data.queries.n);
  return {measured.raw / asked, measured.ranked / asked, measured.symmetric / asked,
          measured.seconds / asked, measured.scan / asked};
}

void Run(const Data& data, const codec::CodecSpec& spec, const std::string& name) {
  if (name.find(data.only) == std::string::npos) return;
  const size_t sample = std::min(data.rows.n, kSample);
  std::vector<float> training;
  for (size_t i = 0; i < sample; ++i) {
    const float* row = data.rows.row(i * data.rows.n / sample);
    training.insert(training.end(), row, row + data.rows.dim);
  }
  auto start = Clock::now();
  const auto codec = codec::TrainCodec(spec, training.data(), sample, data.rows.dim, CancelToken());
  if (!codec.ok()) {
    std::printf("%-16s SKIPPED: %s\n", name.c_str(), codec.status().ToString().c_str());
    return;
  }
  const double trained = SecondsSince(start);
  std::vector<uint8_t> codes(data.rows.n * (*codec)->code_bytes());
  start = Clock::now();
  (*codec)->Encode(data.rows.values.data(), data.rows.n, codes.data());
  const double encoded = SecondsSince(start);
  const Measured measured = Measure(data, **codec, codes);
  std::printf("%-16s %6zu  %.4f  %.4f  %.4f  %7.2f  %7.2f  %9.0f  %9.0f\n", name.c_str(),
              (*codec)->code_bytes(), measured.raw, measured.ranked, measured.symmetric, trained,
              1e6 * encoded / static_cast<double>(data.rows.n), 1e6 * measured.seconds,
              1e6 * measured.scan);
  std::fflush(stdout);
}

// The same integers as bit planes: (bits)² Hamming distances for a product, which the integers' own
// scan replaces (Gan et al., arXiv 2302.08714, "symmetric distance calculation").
class BitPlanes {
 public:
  BitPlanes(const std::vector<uint8_t>& codes, size_t n, size_t width, uint32_t dim, uint32_t bits)
      : dim_(dim), bits_(bits), bytes_((dim + 63) / 64 * 8), planes_(n * bits * bytes_) {
    for (size_t i = 0; i < n; ++i) {
      for (size_t at = 0; at < size_t{dim} * bits; ++at) {
        if ((codes[i * width + at / 8] >> at % 8 & 1) == 0) continue;
        uint8_t* plane = planes_.data() + (i * bits + at % bits) * bytes_;
        plane[at / bits / 8] |= static_cast<uint8_t>(1 << at / bits % 8);
      }
    }
  }
  // The product of the integers of two rows: odd, −(2^bits − 1) to 2^bits − 1 a dimension.
  int64_t Product(size_t a, size_t b) const {
    const auto hamming = kernels::Codes().hamming;
    int64_t product = 0;
    for (uint32_t i = 0; i < bits_; ++i) {
      for (uint32_t j = 0; j < bits_; ++j) {
        const int64_t differ = hamming(planes_.data() + (a * bits_ + i) * bytes_,
                                       planes_.data() + (b * bits_ + j) * bytes_, bytes_);
        product += (int64_t{dim_} - 2 * differ) << (i + j);
      }
    }
    return product;
  }

 private:
  const uint32_t dim_, bits_;
  const size_t bytes_;  // of a plane
  std::vector<uint8_t> planes_;
};

// Scans for the ten nearest to coded queries: by integers, by bit planes, and flat in f32.
void RunSymmetric(const Data& data, uint32_t bits) {
  const auto codec = codec::TrainCodec(
      {.kind = CodecKind::kRecurrent, .metric = Metric::kInnerProduct, .bits = bits},
      data.rows.values.data(), std::min(data.rows.n, kSample), data.rows.dim, CancelToken());
  if (!codec.ok()) Fail(codec.status().ToString());
  const size_t n = data.rows.n, width = (*codec)->code_bytes();
  std::vector<uint8_t> codes(n * width), stored((*codec)->stored_bytes(n));
  (*codec)->Encode(data.rows.values.data(), n, codes.data());
  (*codec)->Store(codes.data(), n, stored.data());
  const BitPlanes planes(codes, n, width, data.rows.dim, bits);
  std::vector<codec::Near> near;
  std::vector<float> keys(n);
  constexpr size_t kAsked = 50;
  // One after the other, so that none finds its rows driven out of the caches by another's.
  const auto seconds_of = [&](const auto& scan) {
    const auto start = Clock::now();
    for (size_t q = 0; q < kAsked; ++q) scan(q);
    return SecondsSince(start);
  };
  const double integers = seconds_of([&](size_t q) {
    const auto query = (*codec)->PrepareCode(codes.data() + q * width);
    Scan(*query, (*codec)->format(), stored, n, &near);
  });
  const double hamming = seconds_of([&](size_t q) {
    for (size_t i = 0; i < n; ++i) keys[i] = -static_cast<float>(planes.Product(q, i));
  });
  const double flat = seconds_of([&](size_t q) { keys = ExactKeys(data, q); });
  std::printf(
      "recurrent, %u bits: %.0f us, by bit planes %.0f us (%.2f x), f32 flat %.0f us (%.1f x)\n",
      bits, 1e6 * integers / kAsked, 1e6 * hamming / kAsked, hamming / integers,
      1e6 * flat / kAsked, flat / integers);
}

int Main(int argc, char** argv) {
  const auto argument = [&](int i, const char* usual) {
    return std::string(argc > i ? argv[i] : usual);
  };
  Data data = Load(argument(1, kTrainImages), argument(2, kTestImages),
                         std::strtoul(argument(3, "500").c_str(), nullptr, 10));
  data.only = argument(4, "");
  std::printf("%zu x %u, %zu queries, %s\n", data.rows.n, data.rows.dim, data.queries.n,
              data.metric == Metric::kL2 ? "L2" : "inner product");
  std::printf("%-16s %6s  %6s  %6s  %6s  %7s  %7s  %9s  %9s\n", "codec", "bytes", "recall",
              "ranked", "coded q", "train s", "us/row", "us/query", "us/scan");
  const auto run = [&](CodecKind kind, uint32_t bits, uint32_t bytes, const std::string& name) {
    Run(data, {.kind = kind, .metric = data.metric, .bits = bits, .bytes = bytes}, name);
  };
  run(CodecKind::kF16, 0, 0, "f16");
  run(CodecKind::kBf16, 0, 0, "bf16");
  run(CodecKind::kScalar, 8, 0, "sq8");
  run(CodecKind::kRowScaled, 8, 0, "sq8 row-scaled");
  run(CodecKind::kScalar, 6, 0, "sq6");
  run(CodecKind::kScalar, 4, 0, "sq4");
  run(CodecKind::kSign, 1, 0, "sign");
  for (const uint32_t bits : {1u, 2u, 4u}) {
    run(CodecKind::kRecurrent, bits, 0, "recurrent " + std::to_string(bits));
  }
  for (const uint32_t bits : {1u, 2u, 4u, 8u}) {
    run(CodecKind::kRotated, bits, 0, "rotated " + std::to_string(bits));
  }
  for (const uint32_t parts : {2u, 4u, 8u}) {
    const uint32_t pieces = data.rows.dim / parts;
    const std::string name = std::to_string(pieces) + "x4";
    Run(data, {.kind = CodecKind::kProduct, .metric = data.metric, .bits = 4, .pieces = pieces},
        "product " + name);
    Run(data,
        {.kind = CodecKind::kRotatedProduct, .metric = data.metric, .bits = 4, .pieces = pieces},
        "rotated " + name);
  }
  Run(data,
      {.kind = CodecKind::kProduct, .metric = data.metric, .bits = 8, .pieces = data.rows.dim / 8},
      "product " + std::to_string(data.rows.dim / 8) + "x8");
  for (const uint32_t parts : {16u, 8u, 4u, 2u}) {  // bits a dimension: 0.5, 1, 2, 4
    const uint32_t bytes = data.rows.dim / parts;
    run(CodecKind::kAllocated, 0, bytes, "allocated " + std::to_string(bytes));
  }
  if (std::string("symmetric").find(data.only) == std::string::npos) return 0;
  RunSymmetric(data, 2);
  RunSymmetric(data, 4);
  return 0;
}

}  // namespace
}  // namespace sagitta::bench

int main(int argc, char** argv) { return sagitta::bench::Main(argc, argv); }
