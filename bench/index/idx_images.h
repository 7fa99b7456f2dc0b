// Images of an idx file (uncompressed), as f32 rows, for the benchmarks of this folder.
#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace sagitta::bench {

struct Images {
  size_t n = 0;
  uint32_t dim = 0;
  std::vector<float> values;  // n × dim; empty when the file could not be read
  const float* row(size_t i) const { return values.data() + i * dim; }
};

inline Images ReadIdxImages(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  const auto word = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(bytes[at + i]);
    return value;
  };
  Images images;
  constexpr size_t kHeader = 16;
  constexpr uint32_t kU8Cube = 0x00000803;
  if (bytes.size() < kHeader || word(0) != kU8Cube) return images;
  images.n = word(4);
  images.dim = word(8) * word(12);
  if (bytes.size() != kHeader + images.n * images.dim) return images;
  images.values.reserve(images.n * images.dim);
  for (size_t i = kHeader; i < bytes.size(); ++i) {
    images.values.push_back(static_cast<float>(static_cast<uint8_t>(bytes[i])));
  }
  return images;
}

}  // namespace sagitta::bench
