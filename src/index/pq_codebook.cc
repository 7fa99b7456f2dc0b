#include "index/pq_codebook.h"

#include <faiss/impl/ProductQuantizer.h>

namespace sagitta::index {
namespace {

// Four sums at a time: one alone would wait for each addition.
template <typename Decode>
float SumOne(uint32_t m, uint32_t ksub, const float* table, Decode decode) {
  float sum[4] = {};
  uint32_t j = 0;
  for (; j + 4 <= m; j += 4) {
    for (uint32_t lane = 0; lane < 4; ++lane) {
      sum[lane] += table[size_t{j + lane} * ksub + decode(j + lane)];
    }
  }
  for (; j < m; ++j) sum[0] += table[size_t{j} * ksub + decode(j)];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

float SumGeneric(const PqShape& shape, const float* table, const uint8_t* code) {
  faiss::PQDecoderGeneric decoder(code, static_cast<int>(shape.nbits));
  float sum = 0;
  for (uint32_t j = 0; j < shape.m; ++j) {
    sum += table[size_t{j} * shape.ksub() + decoder.decode()];
  }
  return sum;
}

}  // namespace

void MakeLookupTable(const PqShape& shape, const float* codebook, const float* query, float scale,
                     std::vector<float>* table) {
  const uint32_t ksub = shape.ksub();
  table->assign(size_t{shape.m} * ksub, 0.0f);
  for (uint32_t d = 0; d < shape.dim; ++d) {
    float* row = table->data() + size_t{d / shape.dsub()} * ksub;
    const float* words = codebook + size_t{d} * ksub;
    const float x = scale * query[d];
    for (uint32_t c = 0; c < ksub; ++c) row[c] += x * words[c];
  }
}

void SumCodes(const PqShape& shape, const float* table, const uint8_t* codes, size_t n,
              float* sums) {
  const size_t code_size = shape.code_size();
  for (size_t i = 0; i < n; ++i) {
    const uint8_t* code = codes + i * code_size;
    if (shape.nbits == 8) {
      sums[i] = SumOne(shape.m, 256, table, [code](uint32_t j) { return size_t{code[j]}; });
    } else if (shape.nbits == 4) {
      sums[i] = SumOne(shape.m, 16, table,
                       [code](uint32_t j) { return size_t{code[j / 2]} >> (j % 2 * 4) & 15; });
    } else {
      sums[i] = SumGeneric(shape, table, code);
    }
  }
}

}  // namespace sagitta::index
