// The columns of kKeyword and kBool indexes: value → rows.
#include "filter/datetime.h"
#include "filter/term_rows.h"
#include "filter/value_column.h"

namespace sagitta::filter {
namespace {

using Kind = Value::Kind;

// Longer strings are texts, not keywords: they would make the index as large as the payloads.
constexpr size_t kMaxKeywordBytes = 1024;
static_assert(kMaxKeywordBytes >= kMaxDatetimeBytes, "no refused string is a date-time");

class KeywordColumn final : public ValueColumn {
 public:
  bool Add(uint32_t row, const ValueView& value) override {
    if (value.kind != Kind::kString || value.text.size() > kMaxKeywordBytes) return false;
    keywords_.Add(value.text, row);
    return true;
  }

  void FindEqual(const Value& operand, Found* found) const override {
    if (operand.AsString() == nullptr) return;
    const RowSet* rows = keywords_.Find(*operand.AsString());
    if (rows != nullptr) found->sure.Add(*rows);
  }
  void FindRange(const Interval&, Found*) const override {}
  // Reads each distinct text once, however many rows have it.
  void FindDatetimes(const Interval& interval, Found* found) const override {
    keywords_.ForEach([&](std::string_view text, const RowSet& rows) {
      int64_t ms;
      if (ParseDatetime(text, &ms) && interval.Contains(ms)) found->sure.Add(rows);
    });
  }
  bool MayMiss(const Value& operand) const override {
    return operand.AsString() == nullptr || operand.AsString()->size() > kMaxKeywordBytes;
  }
  bool MayMissDatetimeText() const override { return false; }

  void Freeze() override { keywords_.Freeze(); }
  void Serialize(std::string* out) const override { keywords_.Serialize(out); }
  bool Deserialize(std::string_view& in, uint64_t row_limit) override {
    return keywords_.Deserialize(in, row_limit, kMaxKeywordBytes);
  }
  size_t MemoryBytes() const override { return sizeof(*this) + keywords_.MemoryBytes(); }

 private:
  TermRows keywords_;
};

class BoolColumn final : public ValueColumn {
 public:
  bool Add(uint32_t row, const ValueView& value) override {
    if (value.kind != Kind::kBool) return false;
    rows_[value.boolean].Add(row);
    return true;
  }
  void FindEqual(const Value& operand, Found* found) const override {
    if (operand.AsBool() != nullptr) found->sure.Add(rows_[*operand.AsBool()]);
  }
  void FindRange(const Interval&, Found*) const override {}
  void FindDatetimes(const Interval&, Found*) const override {}
  void Freeze() override {
    for (RowSet& rows : rows_) rows.Compress();
  }
  void Serialize(std::string* out) const override {
    for (const RowSet& rows : rows_) rows.Serialize(out);
  }
  bool Deserialize(std::string_view& in, uint64_t row_limit) override {
    return RowSet::Deserialize(in, row_limit, &rows_[0]) &&
           RowSet::Deserialize(in, row_limit, &rows_[1]);
  }
  size_t MemoryBytes() const override {
    return sizeof(*this) + rows_[0].HeapBytes() + rows_[1].HeapBytes();
  }

 private:
  RowSet rows_[2];
};

}  // namespace

std::unique_ptr<ValueColumn> CreateKeywordColumn() { return std::make_unique<KeywordColumn>(); }
std::unique_ptr<ValueColumn> CreateBoolColumn() { return std::make_unique<BoolColumn>(); }

}  // namespace sagitta::filter
