// ValueColumn: the values of one payload index, by its kind. PayloadIndexData puts around it what
// all kinds share. Thread-compatible: the index around it locks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/bitset.h"
#include "filter/geo_region.h"
#include "filter/number.h"
#include "filter/payload_codec.h"
#include "filter/row_set.h"
#include "sagitta/schema.h"

namespace sagitta::filter {

// Takes the rows that a look-up finds: marks them in a bitset, or only counts them.
class RowSink {
 public:
  RowSink() = default;                                            // counts
  explicit RowSink(size_t rows) : marking_(true), rows_(rows) {}  // marks rows below `rows`

  void Add(const RowSet& set) {
    count_ += set.size();
    if (marking_ && set.size() > 0) set.OrInto(&Bits());
  }
  void Add(std::span<const uint32_t> rows) {
    count_ += rows.size();
    if (!marking_ || rows.empty()) return;
    base::Bitset& bits = Bits();
    for (const uint32_t row : rows) {
      if (row < rows_) bits.Set(row);
    }
  }
  void Add(uint32_t row) { Add({&row, 1}); }
  // REQUIRES: marking(), for rows() rows.
  void Add(const base::Bitset& rows) {
    base::Bitset& bits = Bits();
    for (size_t i = 0; i < bits.word_count(); ++i) bits.words()[i] |= rows.words()[i];
    count_ += rows.Count();
  }
  // As the above; `count` is rows.Count().
  void Add(base::Bitset&& rows, uint64_t count) {
    count_ += count;
    if (bits_.size() == 0) {
      bits_ = std::move(rows);
      return;
    }
    for (size_t i = 0; i < bits_.word_count(); ++i) bits_.words()[i] |= rows.words()[i];
  }
  // REQUIRES: !marking().
  void AddCount(uint64_t rows) { count_ += rows; }

  bool marking() const { return marking_; }
  size_t rows() const { return rows_; }

  // Of rows added; one added twice counts twice.
  uint64_t count() const { return count_; }
  // Of size 0 while nothing was added.
  const base::Bitset& bits() const { return bits_; }
  base::Bitset& Bits() {
    if (bits_.size() != rows_) bits_ = base::Bitset(rows_);
    return bits_;
  }

 private:
  bool marking_ = false;
  size_t rows_ = 0;
  uint64_t count_ = 0;
  base::Bitset bits_;
};

struct Found {
  RowSink sure;
  RowSink unsure;           // may match: must be checked on the payload
  bool other_kind = false;  // `unsure` is all that has the path
};

class ValueColumn {
 public:
  static std::unique_ptr<ValueColumn> Create(const PayloadIndex& definition);
  virtual ~ValueColumn() = default;

  // False when this column does not cover the value. REQUIRES: a bool, int64, double, string or
  // object; rows do not descend.
  virtual bool Add(uint32_t row, const ValueView& value) = 0;

  // Each finds the rows whose covered values meet the condition.
  virtual void FindEqual(const Value& operand, Found* found) const = 0;
  virtual void FindRange(const Interval& interval, Found* found) const = 0;
  virtual void FindDatetimes(const Interval& interval, Found* found) const = 0;
  // False, with nothing found, where this kind of column has no answer.
  virtual bool FindGeo(const GeoRegion& /*region*/, Found* /*found*/) const { return false; }
  virtual bool FindMatch(const Filter& /*condition*/, Found* /*found*/) const { return false; }
  // Whether a value that Add() refused, of the operand's kind, may equal the operand / be a
  // date-time.
  virtual bool MayMiss(const Value& /*operand*/) const { return true; }
  virtual bool MayMissDatetimeText() const { return true; }

  virtual void Freeze() = 0;
  virtual void Serialize(std::string* out) const = 0;
  // Reads off the front of `in`; false on malformed bytes.
  virtual bool Deserialize(std::string_view& in, uint64_t row_limit) = 0;
  virtual size_t MemoryBytes() const = 0;  // in constant time; while growing, an estimate
};

std::unique_ptr<ValueColumn> CreateKeywordColumn();
std::unique_ptr<ValueColumn> CreateBoolColumn();
std::unique_ptr<ValueColumn> CreateInt64Column();
std::unique_ptr<ValueColumn> CreateDoubleColumn();
std::unique_ptr<ValueColumn> CreateDatetimeColumn();
std::unique_ptr<ValueColumn> CreateGeoColumn();
std::unique_ptr<ValueColumn> CreateTextColumn(const TextParams& params);

}  // namespace sagitta::filter
