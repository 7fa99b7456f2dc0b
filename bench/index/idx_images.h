// What the benchmarks of this folder search: images of an idx file, plain or gzipped, as f32 rows;
// clustered random rows where there is no such file.
#pragma once

#include <zlib.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

namespace sagitta::bench {

// Where Debian's package dataset-fashion-mnist puts them: 60,000 and 10,000 images of 784 bytes.
inline constexpr const char* kTrainImages =
    "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz";
inline constexpr const char* kTestImages =
    "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz";

struct Images {
  size_t n = 0;
  uint32_t dim = 0;
  std::vector<float> values;  // n × dim; empty when the file could not be read
  const float* row(size_t i) const { return values.data() + i * dim; }
};

inline std::vector<uint8_t> ReadGzipOrPlain(const std::string& path) {
  std::vector<uint8_t> bytes;
  const gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return bytes;
  std::array<uint8_t, 1 << 16> chunk;
  for (int got; (got = gzread(file, chunk.data(), chunk.size())) > 0;) {
    bytes.insert(bytes.end(), chunk.begin(), chunk.begin() + got);
  }
  gzclose(file);
  return bytes;
}

inline Images ReadIdxImages(const std::string& path) {
  const std::vector<uint8_t> bytes = ReadGzipOrPlain(path);
  const auto word = [&](size_t at) {
    return uint32_t{bytes[at]} << 24 | uint32_t{bytes[at + 1]} << 16 |
           uint32_t{bytes[at + 2]} << 8 | uint32_t{bytes[at + 3]};
  };
  constexpr size_t kHeader = 16;
  constexpr uint32_t kU8Cube = 0x00000803;
  if (bytes.size() < kHeader || word(0) != kU8Cube) return {};
  Images images;
  images.n = word(4);
  images.dim = word(8) * word(12);
  if (bytes.size() != kHeader + images.n * images.dim) return {};
  images.values.assign(bytes.begin() + kHeader, bytes.end());
  return images;
}

// Rows and queries around the same 500 centres, as far apart within one as a few centres are.
inline void MakeClusteredRows(size_t n, size_t queries, uint32_t dim, Images* rows, Images* asked) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  constexpr size_t kCentres = 500;
  std::vector<float> centres(kCentres * dim);
  for (float& v : centres) v = normal(random);
  const auto draw = [&](size_t count, Images* images) {
    images->n = count;
    images->dim = dim;
    images->values.resize(count * dim);
    for (size_t i = 0; i < count; ++i) {
      const float* centre = centres.data() + random() % kCentres * dim;
      float* row = images->values.data() + i * dim;
      for (uint32_t d = 0; d < dim; ++d) row[d] = centre[d] + normal(random);
    }
  };
  draw(n, rows);
  draw(queries, asked);
}

// Reads both files. Where one of Debian's two is missing, synthetic rows of the same shape, and
// says so. False when a file that somebody named cannot be used.
inline bool LoadRowsAndQueries(const std::string& train, const std::string& test, Images* rows,
                               Images* queries) {
  *rows = ReadIdxImages(train);
  *queries = ReadIdxImages(test);
  if (rows->n > 0 && queries->n > 0 && rows->dim == queries->dim) return true;
  if (train != kTrainImages || test != kTestImages) return false;
  std::printf("dataset-fashion-mnist is not installed: synthetic rows\n");
  MakeClusteredRows(60'000, 10'000, 784, rows, queries);
  return true;
}

}  // namespace sagitta::bench
