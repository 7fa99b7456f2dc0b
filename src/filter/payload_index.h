// Payload indexes of one segment: for each indexed path, which rows hold which values.
//
// Keyword and bool: value → Roaring bitmap. Int64, double, datetime: (value, row) pairs sorted by
// value, so that a range is a slice; a growing index keeps a small unsorted tail. Geo: (point, row)
// pairs in the order of a space-filling curve. Text: token → Roaring bitmap. Each also keeps the
// bitmaps of rows where the path is present, null and empty, so that kExists, kIsNull and kIsEmpty
// are answered exactly, and `irregular`: rows that hold at the path a value which this index kind
// does not cover (a string under an int64 index, say), by the kind of that value. Those that a
// condition might match are then checked on the payload, so that answers equal a full scan's.
// Serialized form in docs/payload-format.md.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bitset.h"
#include "sagitta/filter.h"
#include "sagitta/schema.h"

namespace sagitta::filter {

// The answer of an index to one condition: rows that match, and rows that must be checked on the
// payload.
struct IndexAnswer {
  base::Bitset matches;
  base::Bitset unsure;  // empty (size 0) when there are none
  bool has_unsure = false;
  // The condition asks for another kind of index: all that this one knows is who has the path.
  bool other_kind = false;
};

// One index over one path. One writer (Add, in row order) and many readers at once.
class PayloadIndexData {
 public:
  static std::unique_ptr<PayloadIndexData> Create(const PayloadIndex& definition);
  // Frozen. DATA_LOSS on malformed bytes (which may be hostile).
  static Result<std::unique_ptr<PayloadIndexData>> Deserialize(const PayloadIndex& definition,
                                                               std::string_view bytes);
  virtual ~PayloadIndexData() = default;

  // REQUIRES: `row` is above those of all calls before. A row that is never added has no value at
  // the path.
  virtual void Add(uint32_t row, std::string_view payload) = 0;
  // No Add() from now on: sorts the tail and shrinks.
  virtual void Freeze() = 0;
  // Null where this kind of index cannot answer `condition` (a leaf on this path). Rows ≥ `rows`
  // are cut.
  virtual std::optional<IndexAnswer> Answer(const Filter& condition, size_t rows) const = 0;
  // Estimated number of rows that match, without building a bitmap. Unsure rows count as matching.
  // Null also where the condition asks for another kind of index.
  virtual std::optional<uint64_t> Estimate(const Filter& condition) const = 0;
  virtual std::string Serialize() const = 0;
  virtual size_t MemoryBytes() const = 0;
  virtual const PayloadIndex& definition() const = 0;
};

}  // namespace sagitta::filter
