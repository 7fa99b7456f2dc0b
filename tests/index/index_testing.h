// What the tests of src/index share: clustered rows of any dtype, an independent brute force in
// double, and indexes built into a temporary file. Rows of BITS are sign codes of such clusters
// (for JACCARD of where they are above one, so that they are sparse), and queries for them are
// packed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/bitset.h"
#include "index/vector_index.h"
#include "tests/base/temp_directory.h"

namespace sagitta::index {

// Owns rows and float queries drawn around the same random centres.
class TestRows {
 public:
  TestRows(size_t n, uint32_t dim, Metric metric, Dtype dtype = Dtype::kF32, uint32_t seed = 1,
           size_t centres = 50)
      : random_(seed) {
    rows_.n = n;
    rows_.dim = dim;
    rows_.dtype = dtype;
    rows_.metric = metric;
    centres_.resize(centres * dim);
    for (float& v : centres_) v = normal_(random_) * scale();
    bytes_.resize(n * rows_.stride() + 1);
    for (size_t i = 0; i < n; ++i) {
      const std::vector<float> row = Draw();
      if (dtype == Dtype::kBits) {
        std::memcpy(bytes_.data() + i * rows_.stride(), row.data(), rows_.stride());
        continue;
      }
      kernels::FromFloat(dtype)(row.data(), bytes_.data() + i * rows_.stride(), dim);
    }
    rows_.data = bytes_.data();
  }

  const VectorRows& rows() const { return rows_; }
  std::byte* mutable_row(size_t i) { return bytes_.data() + i * rows_.stride(); }

  // Another vector of the same distribution.
  std::vector<float> Draw() {
    std::vector<float> v(rows_.dim);
    const size_t centre = random_() % (centres_.size() / rows_.dim);
    for (uint32_t d = 0; d < rows_.dim; ++d) {
      v[d] = centres_[centre * rows_.dim + d] + 0.4f * scale() * normal_(random_);
    }
    if (rows_.dtype == Dtype::kBits) return Packed(v);
    if (rows_.dtype == Dtype::kU8) {
      for (float& x : v) x = std::abs(x);
    }
    if (rows_.metric == Metric::kCosine) {
      double norm = 0;
      for (const float x : v) norm += double{x} * x;
      for (float& x : v) x = static_cast<float>(x / std::sqrt(norm));
    }
    return v;
  }

  std::vector<double> RowAsDoubles(size_t i) const {
    std::vector<float> floats(rows_.dim);
    kernels::ToFloat(rows_.dtype)(rows_.row(i), floats.data(), rows_.dim);
    return {floats.begin(), floats.end()};
  }

 private:
  float scale() const {
    const bool integer = rows_.dtype == Dtype::kI8 || rows_.dtype == Dtype::kU8;
    return integer ? 40.0f : 1.0f;
  }

  std::vector<float> Packed(const std::vector<float>& v) const {
    const float least = rows_.metric == Metric::kJaccard ? 1.0f : 0.0f;
    std::string bits(rows_.stride(), '\0');
    for (uint32_t d = 0; d < rows_.dim; ++d) {
      if (v[d] > least) bits[d / 8] = static_cast<char>(bits[d / 8] | 1 << (d % 8));
    }
    std::vector<float> packed((bits.size() + sizeof(float) - 1) / sizeof(float));
    std::memcpy(packed.data(), bits.data(), bits.size());
    return packed;
  }

  std::mt19937 random_;
  std::normal_distribution<float> normal_;
  VectorRows rows_;
  std::vector<float> centres_;
  std::vector<std::byte> bytes_;
};

inline double TrueBitKey(const TestRows& data, const std::vector<float>& query, size_t i) {
  const auto* q = reinterpret_cast<const uint8_t*>(query.data());
  const auto* row = reinterpret_cast<const uint8_t*>(data.rows().row(i));
  size_t differ = 0, either = 0;
  for (size_t d = 0; d < data.rows().dim; ++d) {
    const int a = q[d / 8] >> (d % 8) & 1, b = row[d / 8] >> (d % 8) & 1;
    differ += a != b;
    either += a | b;
  }
  if (data.rows().metric == Metric::kHamming) return static_cast<double>(differ);
  return either == 0 ? 0 : static_cast<double>(differ) / static_cast<double>(either);
}

inline double TrueKey(const TestRows& data, const std::vector<float>& query, size_t i) {
  if (data.rows().dtype == Dtype::kBits) return TrueBitKey(data, query, i);
  const std::vector<double> row = data.RowAsDoubles(i);
  double key = 0;
  for (size_t d = 0; d < row.size(); ++d) {
    const double difference = row[d] - query[d];
    switch (data.rows().metric) {
      case Metric::kL2:
        key += difference * difference;
        break;
      case Metric::kL1:
        key += std::abs(difference);
        break;
      default:
        key -= row[d] * query[d];
    }
  }
  return key;
}

// The keys of the k best rows that pass, by double arithmetic, ascending.
inline std::vector<double> TrueKeys(const TestRows& data, const std::vector<float>& query, size_t k,
                                    const RowFilter& filter = {}) {
  std::vector<double> keys;
  for (size_t i = 0; i < data.rows().n; ++i) {
    if (filter.Passes(static_cast<uint32_t>(i))) keys.push_back(TrueKey(data, query, i));
  }
  std::sort(keys.begin(), keys.end());
  keys.resize(std::min(k, keys.size()));
  return keys;
}

// Share of `truth` that `found` holds, by key with a tolerance for float sums.
inline double RecallByKey(const std::vector<Candidate>& found, const std::vector<double>& truth) {
  if (truth.empty()) return 1;
  const double limit = truth.back() + 1e-4 * (1 + std::abs(truth.back()));
  const auto hits =
      std::count_if(found.begin(), found.end(), [&](const Candidate& c) { return c.key <= limit; });
  return std::min(1.0, static_cast<double>(hits) / static_cast<double>(truth.size()));
}

// Every row passes with probability `share`.
class RandomFilter {
 public:
  RandomFilter(size_t n, double share, uint32_t seed = 3) : bits_(n) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> uniform;
    for (size_t i = 0; i < n; ++i) {
      if (uniform(random) < share) bits_.Set(i);
    }
  }
  base::Bitset& bits() { return bits_; }
  RowFilter filter() const { return {bits_.words(), nullptr, bits_.Count()}; }

 private:
  base::Bitset bits_;
};

// A field that only every third row has, from row 1 on: position i is row 3i + 1.
inline std::vector<uint32_t> SparseRows(size_t n) {
  std::vector<uint32_t> row_of(n);
  for (size_t i = 0; i < n; ++i) row_of[i] = static_cast<uint32_t>(3 * i + 1);
  return row_of;
}

// An index built into a file of its own and opened from there.
struct BuiltIndex {
  sagitta::testing::TempDirectory temp;
  std::string path = temp / "index";
  IndexKind kind = IndexKind::kAuto;
  std::unique_ptr<base::SectionFileReader> file;
  std::unique_ptr<VectorIndex> index;
};

inline std::unique_ptr<BuiltIndex> Build(const VectorRows& rows, const IndexParams& params,
                                         const BuildContext& context = {},
                                         GraphStart* start = nullptr) {
  auto built = std::make_unique<BuiltIndex>();
  auto writer = base::SectionFileWriter::Create(built->path);
  EXPECT_TRUE(writer.ok()) << writer.status().ToString();
  auto kind = BuildIndex(rows, params, "f.", context, writer->get(), start);
  EXPECT_TRUE(kind.ok()) << kind.status().ToString();
  if (!kind.ok()) return nullptr;
  built->kind = *kind;
  if (IsFlat(*kind)) {
    EXPECT_TRUE((*writer)->WriteString("none", "").ok());
  }
  EXPECT_TRUE((*writer)->Finish().ok());
  auto file = base::SectionFileReader::Open(built->path);
  EXPECT_TRUE(file.ok()) << file.status().ToString();
  built->file = std::move(*file);
  auto opened = OpenIndex(*kind, params, rows, "f.", *built->file);
  EXPECT_TRUE(opened.ok()) << opened.status().ToString();
  if (!opened.ok()) return nullptr;
  built->index = std::move(*opened);
  return built;
}

// Searches, checks what every answer must hold, and returns it.
inline std::vector<Candidate> SearchChecked(const VectorIndex& index, const TestRows& data,
                                            const std::vector<float>& vector, IndexQuery query,
                                            uint64_t* distances = nullptr) {
  query.vector = vector.data();
  std::vector<Candidate> found;
  uint64_t computed = 0;
  const Status status = index.Search(query, &found, &computed);
  EXPECT_TRUE(status.ok()) << status.ToString();
  if (distances != nullptr) *distances += computed;
  EXPECT_LE(found.size(), query.k);
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
  std::vector<uint32_t> positions;
  for (const Candidate& candidate : found) {
    EXPECT_LT(candidate.position, data.rows().n);
    EXPECT_TRUE(query.filter.Passes(candidate.position));
    EXPECT_LE(candidate.key, query.key_limit);
    const double truth = TrueKey(data, vector, candidate.position);
    EXPECT_NEAR(candidate.key, truth, 1e-3 * (1 + std::abs(truth)));
    positions.push_back(candidate.position);
  }
  std::sort(positions.begin(), positions.end());
  EXPECT_EQ(std::adjacent_find(positions.begin(), positions.end()), positions.end());
  return found;
}

// Mean recall@k over `queries` fresh queries; each answer must hold min(k, rows that pass).
inline double MeanRecall(const VectorIndex& index, TestRows* data, const IndexQuery& query,
                         int queries, uint64_t* distances = nullptr) {
  double recall = 0;
  for (int q = 0; q < queries; ++q) {
    const std::vector<float> vector = data->Draw();
    const std::vector<double> truth = TrueKeys(*data, vector, query.k, query.filter);
    const auto found = SearchChecked(index, *data, vector, query, distances);
    EXPECT_EQ(found.size(), truth.size());
    recall += RecallByKey(found, truth);
  }
  return recall / queries;
}

}  // namespace sagitta::index
