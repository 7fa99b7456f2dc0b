// How a grid codec lays out rows, alone and by 64s, and how queries read them.
#pragma once

#include <vector>

#include "codec/grid_codec.h"

namespace sagitta::codec {

// Where the parts of a row lie; and of a block, where those of 64 rows stand together: byte j of
// row r's code is at 64·j + r, then come their factors, then their norms.
struct GridLayout {
  static constexpr size_t kBlock = 64;

  explicit GridLayout(const GridModel& model)
      : code(model.grid.bytes()),
        has_factor(model.factor != RowFactor::kNone),
        has_norm(model.metric == Metric::kL2) {}

  size_t norm() const { return code + (has_factor ? 2 : 0); }
  size_t bytes() const { return norm() + (has_norm ? sizeof(float) : 0); }
  float Factor(const uint8_t* row) const;  // 1 where rows have none
  float Norm(const uint8_t* row) const;    // 0 where rows have none
  static void PutFactor(float value, uint8_t* bytes);

  void Pack(const uint8_t* rows, size_t n, uint8_t* blocks) const;
  // Of a block, kBlock each.
  void Factors(const uint8_t* block, float* factors) const;
  void Norms(const uint8_t* block, float* norms) const;

  size_t code;
  bool has_factor, has_norm;
};

class GridQuery final : public CodecQuery {
 public:
  GridQuery(const GridModel& model, const float* query);

  void Keys(const uint8_t* codes, size_t n, float* keys) const override;
  void FindNearest(const uint8_t* blocks, size_t n, size_t k,
                   std::vector<Near>* out) const override;

 private:
  // The tables in 7 bits, by nibble, for the quick look.
  struct QuickTables {
    std::vector<uint8_t> tables;  // 32 numbers for each byte of a code
    float base = 0, step = 0;     // a product is about base + step · sum
    float error = 0;              // the standard error of that
  };
  QuickTables MakeQuickTables() const;
  float KeyOf(float product, float factor, float norm) const;
  // Of a code whose bytes are `stride` apart.
  float Product(const uint8_t* code, size_t stride) const;

  const GridLayout layout_;
  std::vector<float> tables_;  // 256 numbers for each byte
  float bias_ = 0, constant_ = 0, times_ = 0;
};

}  // namespace sagitta::codec
