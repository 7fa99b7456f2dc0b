// The columns of kInt64, kDouble and kDatetime indexes.
#include "filter/datetime.h"
#include "filter/sorted_rows.h"
#include "filter/value_column.h"

namespace sagitta::filter {
namespace {

using Kind = Value::Kind;

template <typename T>
class NumberColumn : public ValueColumn {
 public:
  void FindEqual(const Value& operand, Found* found) const override {
    if (const auto number = Number::From(operand)) pairs_.Find(Interval::Of(*number), &found->sure);
  }
  void FindRange(const Interval& interval, Found* found) const override {
    pairs_.Find(interval, &found->sure);
  }
  void Freeze() override { pairs_.Freeze(); }
  void Serialize(std::string* out) const override { pairs_.Serialize(out); }
  bool Deserialize(std::string_view& in, uint64_t row_limit) override {
    return pairs_.Deserialize(in, row_limit);
  }
  size_t MemoryBytes() const override { return sizeof(*this) + pairs_.MemoryBytes(); }

 protected:
  SortedRows<T> pairs_;
};

class Int64Column final : public NumberColumn<int64_t> {
 public:
  bool Add(uint32_t row, const ValueView& value) override {
    if (value.kind != Kind::kInt64) return false;
    pairs_.Add(value.int64, row);
    return true;
  }
  void FindDatetimes(const Interval& interval, Found* found) const override {
    pairs_.Find(interval, &found->sure);
  }
};

// Holds int64s too, where a double has their exact value; the others are refused, and so checked on
// the payload.
class DoubleColumn final : public NumberColumn<double> {
 public:
  bool Add(uint32_t row, const ValueView& value) override {
    if (value.kind == Kind::kDouble) {
      pairs_.Add(value.dbl, row);
      return true;
    }
    if (value.kind != Kind::kInt64 || !IsExactDouble(value.int64)) return false;
    pairs_.Add(static_cast<double>(value.int64), row);
    return true;
  }
  // An int64 may stand for a date-time, a double does not, and the pairs do not tell which they
  // were.
  void FindDatetimes(const Interval& interval, Found* found) const override {
    pairs_.Find(interval, &found->unsure);
  }
};

// The milliseconds of texts and of int64s together, so that only date-time ranges have a sure
// answer; other conditions get their candidates from the same pairs.
class DatetimeColumn final : public NumberColumn<int64_t> {
 public:
  bool Add(uint32_t row, const ValueView& value) override {
    int64_t ms = value.int64;
    const bool covered = value.kind == Kind::kInt64 ||
                         (value.kind == Kind::kString && ParseDatetime(value.text, &ms));
    if (covered) pairs_.Add(ms, row);
    return covered;
  }
  void FindEqual(const Value& operand, Found* found) const override {
    int64_t ms;
    if (const std::string* text = operand.AsString()) {
      if (ParseDatetime(*text, &ms))
        pairs_.Find(Interval::Of(Number{false, ms, 0}), &found->unsure);
    } else if (const auto number = Number::From(operand)) {
      pairs_.Find(Interval::Of(*number), &found->unsure);
    }
  }
  void FindRange(const Interval& interval, Found* found) const override {
    pairs_.Find(interval, &found->unsure);
  }
  void FindDatetimes(const Interval& interval, Found* found) const override {
    pairs_.Find(interval, &found->sure);
  }
  // The texts refused are those that are no date-time.
  bool MayMiss(const Value& operand) const override {
    int64_t ms;
    return operand.AsString() == nullptr || !ParseDatetime(*operand.AsString(), &ms);
  }
  bool MayMissDatetimeText() const override { return false; }
};

}  // namespace

std::unique_ptr<ValueColumn> CreateInt64Column() { return std::make_unique<Int64Column>(); }
std::unique_ptr<ValueColumn> CreateDoubleColumn() { return std::make_unique<DoubleColumn>(); }
std::unique_ptr<ValueColumn> CreateDatetimeColumn() { return std::make_unique<DatetimeColumn>(); }

}  // namespace sagitta::filter
