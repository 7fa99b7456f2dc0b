// Product quantization: a transformed vector is cut into pieces, and each is replaced by the number
// of the nearest of 16 or 256 codewords (Jégou et al., "Product Quantization for Nearest Neighbor
// Search", PAMI 2011). The transform is the identity, or a rotation learned for it (Ge et al.,
// "Optimized Product Quantization", PAMI 2014). Every row has a factor as in RowFactor::kUnbiased.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "codec/codec.h"
#include "codec/transform.h"

namespace sagitta::codec {

struct ProductModel {
  CodecKind kind = CodecKind::kProduct;
  Metric metric = Metric::kL2;
  Transform transform;           // to as many dimensions as the rows have
  uint32_t pieces = 0;           // divides them
  uint32_t bits = 0;             // 4 or 8
  std::vector<float> codewords;  // pieces × 2^bits × dim / pieces

  uint32_t width() const { return transform.dim() / pieces; }
  uint32_t words() const { return 1u << bits; }
  const float* word(uint32_t piece, uint32_t number) const {
    return codewords.data() + (size_t{piece} * words() + number) * width();
  }
};

// Takes the model as it is.
std::unique_ptr<Codec> MakeProductCodec(ProductModel model);
// Null on malformed bytes.
std::unique_ptr<Codec> DeserializeProductCodec(CodecKind kind, Metric metric, uint32_t dim,
                                               std::string_view& in);
// REQUIRES: the spec was checked, but for how many rows there are.
Result<ProductModel> TrainProduct(const CodecSpec& spec, const float* rows, size_t n, uint32_t dim,
                                  const CancelToken& cancel);

}  // namespace sagitta::codec
