#include "codec/nibble_query.h"

#include <algorithm>

#include "codec/nibble_scan.h"
#include "codec/plane_scan.h"
#include "codec/row_scan.h"

namespace sagitta::codec {

QueryTables StartTables(const Transform& transform, Metric metric, const float* query) {
  if (metric == Metric::kL2) {
    return {.constant = transform.SquaredDistanceToMean(query), .times = -2.0f, .least = 0.0f};
  }
  return {.constant = -transform.DotWithMean(query), .times = -1.0f};
}

// Of four sums, so that no addition waits for the one before.
float NibbleQuery::Sum(const uint8_t* code, size_t stride) const {
  const float* table = query_.tables.data();
  float sums[4] = {0, 0, 0, 0};
  size_t byte = 0;
  for (; byte + 2 <= layout_.code; byte += 2, table += 64) {
    const uint8_t a = code[stride * byte], b = code[stride * (byte + 1)];
    sums[0] += table[a % 16];
    sums[1] += table[16 + a / 16];
    sums[2] += table[32 + b % 16];
    sums[3] += table[48 + b / 16];
  }
  if (byte < layout_.code) {
    const uint8_t last = code[stride * byte];
    sums[0] += table[last % 16];
    sums[1] += table[16 + last / 16];
  }
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

void NibbleQuery::Keys(const uint8_t* codes, size_t n, float* keys) const {
  for (size_t i = 0; i < n; ++i, codes += layout_.bytes()) {
    keys[i] = query_.Key(Sum(codes, 1), layout_.Factor(codes), layout_.Norm(codes));
  }
}

std::unique_ptr<CodecScan> NibbleQuery::Find(size_t k, CodecFormat stored) const {
  if (stored == CodecFormat::kPlanes && planes_.has_value()) {
    return std::make_unique<PlaneScan>(*this, *planes_, k);
  }
  return std::make_unique<NibbleScan>(*this, k);
}

void ByteQuery::Keys(const uint8_t* codes, size_t n, float* keys) const {
  for (size_t i = 0; i < n; ++i, codes += layout_.bytes()) {
    const float* table = query_.tables.data();
    float sums[2] = {0, 0};
    for (size_t byte = 0; byte < layout_.code; ++byte, table += 256) {
      sums[byte % 2] += table[codes[byte]];
    }
    keys[i] = query_.Key(sums[0] + sums[1], layout_.Factor(codes), layout_.Norm(codes));
  }
}

std::unique_ptr<CodecScan> ByteQuery::Find(size_t k, CodecFormat) const {
  return std::make_unique<RowScan>(*this, layout_.bytes(), k);
}

}  // namespace sagitta::codec
