// The rows of a .npy matrix of f16 or f32, as f32.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "idx_images.h"
#include "kernels/kernels.h"

namespace sagitta::bench {

// Of format 1.0 or later, in C order; no rows when it is none.
inline Images ReadNpyRows(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  if (bytes.size() < 12 || bytes.compare(1, 5, "NUMPY") != 0) return {};
  const bool wide = bytes[6] > 1;
  const auto byte = [&](size_t at) { return size_t{static_cast<uint8_t>(bytes[at])}; };
  const size_t begin = wide ? 12 : 10;
  const size_t length = byte(8) | byte(9) << 8 | (wide ? byte(10) << 16 | byte(11) << 24 : 0);
  if (bytes.size() < begin + length) return {};
  const std::string header = bytes.substr(begin, length);
  const bool half = header.find("'<f2'") != std::string::npos;
  if (!half && header.find("'<f4'") == std::string::npos) return {};
  const size_t shape = header.find('(');
  Images rows;
  unsigned long n = 0, dim = 0;
  if (shape == std::string::npos ||
      std::sscanf(header.c_str() + shape, "(%lu, %lu)", &n, &dim) != 2) {
    return {};
  }
  if (bytes.size() != begin + length + n * dim * (half ? 2 : 4)) return {};
  rows.n = n;
  rows.dim = static_cast<uint32_t>(dim);
  rows.values.resize(n * dim);
  kernels::ToFloat(half ? Dtype::kF16 : Dtype::kF32)(bytes.data() + begin + length,
                                                     rows.values.data(), n * dim);
  return rows;
}

// Rows and queries of two .npy matrices, by inner product, or of idx images (see
// LoadRowsAndQueries), by L2; at most `asked` queries. False where they cannot be used together.
inline bool LoadVectors(const std::string& rows_file, const std::string& queries_file, size_t asked,
                        Images* rows, Images* queries, Metric* metric) {
  if (rows_file.ends_with(".npy")) {
    *metric = Metric::kInnerProduct;
    *rows = ReadNpyRows(rows_file);
    *queries = ReadNpyRows(queries_file);
  } else {
    *metric = Metric::kL2;
    if (!LoadRowsAndQueries(rows_file, queries_file, rows, queries)) return false;
  }
  queries->n = std::min(queries->n, asked);
  return rows->n > 0 && queries->n > 0 && rows->dim == queries->dim;
}

}  // namespace sagitta::bench
