// Shared by the codecs' tests: rows with structure, and how many neighbours codes find among them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>

#include "codec/codec.h"
#include "codec/scan_candidates.h"

namespace sagitta::codec {

inline constexpr uint32_t kDim = 40;
inline constexpr size_t kRows = 2000;
inline constexpr size_t kFew = 1100;  // enough for every codec

// Clusters whose variance falls from dimension to dimension, turned a little, away from the origin.
inline std::vector<float> Rows(size_t n, uint64_t seed) {
  std::mt19937_64 shape(99), random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> centres(20 * kDim);
  for (size_t i = 0; i < centres.size(); ++i) {
    centres[i] = normal(shape) * 2.0f * std::exp(-0.08f * static_cast<float>(i % kDim));
  }
  std::vector<float> rows(n * kDim);
  for (size_t i = 0; i < n; ++i) {
    const float* centre = centres.data() + random() % 20 * kDim;
    for (uint32_t d = 0; d < kDim; ++d) {
      rows[i * kDim + d] =
          0.3f + centre[d] + normal(random) * std::exp(-0.08f * static_cast<float>(d));
    }
    for (uint32_t d = 1; d < kDim; ++d) {
      rows[i * kDim + d] += 0.5f * rows[i * kDim + d - 1];
    }
  }
  return rows;
}

inline std::unique_ptr<Codec> Train(const CodecSpec& spec, const std::vector<float>& rows) {
  auto codec = TrainCodec(spec, rows.data(), rows.size() / kDim, kDim, CancelToken());
  EXPECT_TRUE(codec.ok()) << CodecName(spec.kind) << ": " << codec.status().ToString();
  return codec.ok() ? std::move(*codec) : nullptr;
}

inline std::vector<uint8_t> EncodeAll(const Codec& codec, const std::vector<float>& rows) {
  std::vector<uint8_t> codes(rows.size() / kDim * codec.code_bytes());
  codec.Encode(rows.data(), rows.size() / kDim, codes.data());
  return codes;
}

inline double Dot(const float* a, const float* b) {
  double sum = 0;
  for (uint32_t d = 0; d < kDim; ++d) sum += double{a[d]} * b[d];
  return sum;
}
inline double SquaredDistance(const float* a, const float* b) {
  double sum = 0;
  for (uint32_t d = 0; d < kDim; ++d) sum += double{a[d] - b[d]} * (a[d] - b[d]);
  return sum;
}

// The share of the 10 nearest by exact keys among the 10 by codes.
inline double Recall(const Codec& codec, const std::vector<float>& rows,
                     const std::vector<float>& queries, bool symmetric = false) {
  const size_t n = rows.size() / kDim, asked = queries.size() / kDim;
  const std::vector<uint8_t> codes = EncodeAll(codec, rows);
  const std::vector<uint8_t> query_codes = EncodeAll(codec, queries);
  std::vector<float> keys(n), exact(n);
  const auto nearest = [&](const std::vector<float>& of) {
    std::vector<uint32_t> order(n);
    std::iota(order.begin(), order.end(), 0u);
    std::partial_sort(order.begin(), order.begin() + 10, order.end(),
                      [&](uint32_t a, uint32_t b) { return of[a] < of[b]; });
    return std::set<uint32_t>(order.begin(), order.begin() + 10);
  };
  size_t found = 0;
  for (size_t q = 0; q < asked; ++q) {
    const float* query = queries.data() + q * kDim;
    const auto prepared = symmetric ? codec.PrepareCode(query_codes.data() + q * codec.code_bytes())
                                    : codec.Prepare(query);
    prepared->Keys(codes.data(), n, keys.data());
    for (size_t i = 0; i < n; ++i) {
      const float* row = rows.data() + i * kDim;
      exact[i] = static_cast<float>(codec.metric() == Metric::kL2 ? SquaredDistance(query, row)
                                                                  : -Dot(query, row));
    }
    for (const uint32_t row : nearest(exact)) found += nearest(keys).count(row);
  }
  return static_cast<double>(found) / static_cast<double>(10 * asked);
}

// A codec, and rows by it: one after the other, and as they are scanned.
struct Stored {
  std::unique_ptr<Codec> codec;
  std::vector<uint8_t> codes, stored;
};

inline Stored Store(std::unique_ptr<Codec> codec, const std::vector<float>& rows) {
  Stored all{.codec = std::move(codec), .codes = {}, .stored = {}};
  all.codes = EncodeAll(*all.codec, rows);
  const size_t n = rows.size() / kDim;
  all.stored.resize(all.codec->stored_bytes(n));
  all.codec->Store(all.codes.data(), n, all.stored.data());
  return all;
}

// How many of the k smallest keys the scan of all rows, in parts, does not find.
inline size_t Missed(const CodecQuery& query, const Stored& rows, size_t n, size_t k, size_t part) {
  std::vector<float> keys(n);
  query.Keys(rows.codes.data(), n, keys.data());
  std::vector<Near> want, found;
  for (uint32_t i = 0; i < n; ++i) want.push_back({keys[i], i});
  KeepNearest(k, &want);
  const auto scan = query.Find(k, rows.codec->format());
  for (size_t first = 0; first < n; first += part) {
    scan->Add({.data = rows.stored.data() + rows.codec->stored_bytes(first),
               .n = std::min(part, n - first),
               .first = static_cast<uint32_t>(first)});
  }
  scan->Finish(&found);
  EXPECT_EQ(found.size(), std::min(k, n));
  size_t missed = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].key, keys[found[i].row]);
    missed += found[i].key > want.back().key;
  }
  return missed;
}

}  // namespace sagitta::codec
