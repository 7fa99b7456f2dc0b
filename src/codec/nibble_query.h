// Queries of codes whose dot product with a query is a sum of what their nibbles, or bytes, find in
// tables: sums of a grid's steps, or the codewords of product quantization.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "codec/codec.h"
#include "codec/plane_layout.h"
#include "codec/row_layout.h"
#include "codec/transform.h"

namespace sagitta::codec {

inline constexpr float kNoLeast = -std::numeric_limits<float>::infinity();

// A key is constant + times · factor · (bias + sum) + norm, the last two of the row, and no less
// than the least that there can be.
struct QueryTables {
  std::vector<float> tables;  // 16 numbers for each nibble, the low one of a byte first
  float bias = 0, constant = 0, times = 0;
  float least = kNoLeast;

  float Key(float sum, float factor, float norm) const {
    const float key = constant + times * factor * (bias + sum) + norm;
    return key < least ? least : key;
  }
};

// What does not depend on the codes: rows are coded as T·(x − mean), and under L2 queries are
// centred as well.
QueryTables StartTables(const Transform& transform, Metric metric, const float* query);

class NibbleQuery final : public CodecQuery {
 public:
  // Without `planes`, rows are never stored by planes.
  NibbleQuery(const RowLayout& layout, QueryTables tables,
              const std::optional<PlaneLayout>& planes = std::nullopt)
      : layout_(layout), query_(std::move(tables)), planes_(planes) {}

  void Keys(const uint8_t* codes, size_t n, float* keys) const override;
  std::unique_ptr<CodecScan> Find(size_t k, CodecFormat stored) const override;

  const RowLayout& layout() const { return layout_; }
  const QueryTables& query() const { return query_; }
  // Of a code whose bytes are `stride` apart.
  float Sum(const uint8_t* code, size_t stride) const;

 private:
  const RowLayout layout_;
  const QueryTables query_;
  const std::optional<PlaneLayout> planes_;
};

// With 256 numbers for each byte in `tables`, of rows that are not packed.
class ByteQuery final : public CodecQuery {
 public:
  ByteQuery(const RowLayout& layout, QueryTables tables)
      : layout_(layout), query_(std::move(tables)) {}
  void Keys(const uint8_t* codes, size_t n, float* keys) const override;
  std::unique_ptr<CodecScan> Find(size_t k, CodecFormat stored) const override;

 private:
  const RowLayout layout_;
  const QueryTables query_;
};

}  // namespace sagitta::codec
