// The columns of kKeyword and kBool indexes: value → rows.
#include <algorithm>
#include <functional>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "filter/datetime.h"
#include "filter/value_column.h"

namespace sagitta::filter {
namespace {

using Kind = Value::Kind;

// Longer strings are texts, not keywords: they would make the index as large as the payloads.
constexpr size_t kMaxKeywordBytes = 1024;
static_assert(kMaxKeywordBytes >= kMaxDatetimeBytes, "no refused string is a date-time");

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

class KeywordColumn final : public ValueColumn {
 public:
  bool Add(uint32_t row, const ValueView& value) override {
    if (value.kind != Kind::kString || value.text.size() > kMaxKeywordBytes) return false;
    auto at = rows_by_text_.find(value.text);
    if (at == rows_by_text_.end()) {
      at = rows_by_text_.emplace(value.text, RowSet()).first;
      bytes_ += KeyBytes(at->first);
    }
    at->second.Add(row);
    bytes_ += sizeof(row);
    return true;
  }

  void FindEqual(const Value& operand, Found* found) const override {
    if (operand.AsString() == nullptr) return;
    const auto at = rows_by_text_.find(std::string_view(*operand.AsString()));
    if (at != rows_by_text_.end()) found->sure.Add(at->second);
  }
  void FindRange(const Interval&, Found*) const override {}
  // Reads each distinct text once, however many rows have it.
  void FindDatetimes(const Interval& interval, Found* found) const override {
    for (const auto& [text, rows] : rows_by_text_) {
      int64_t ms;
      if (ParseDatetime(text, &ms) && interval.Contains(ms)) found->sure.Add(rows);
    }
  }
  bool MayMiss(const Value& operand) const override {
    return operand.AsString() == nullptr || operand.AsString()->size() > kMaxKeywordBytes;
  }
  bool MayMissDatetimeText() const override { return false; }

  void Freeze() override {
    bytes_ = 0;
    for (auto& [text, rows] : rows_by_text_) {
      rows.Compress();
      bytes_ += KeyBytes(text) + rows.HeapBytes();
    }
  }

  // In order of text, so that equal indexes have equal bytes.
  void Serialize(std::string* out) const override {
    std::vector<const Entry*> entries;
    entries.reserve(rows_by_text_.size());
    for (const Entry& entry : rows_by_text_) entries.push_back(&entry);
    std::sort(entries.begin(), entries.end(),
              [](const Entry* a, const Entry* b) { return a->first < b->first; });
    base::PutVarint(*out, entries.size());
    for (const Entry* entry : entries) {
      base::PutBytes(*out, entry->first);
      entry->second.Serialize(out);
    }
  }

  bool Deserialize(std::string_view& in, uint64_t row_limit) override {
    uint64_t count;
    // An entry takes three bytes at least: two lengths and a form.
    if (!base::GetVarint(in, &count) || count > in.size() / 3) return false;
    rows_by_text_.reserve(count);
    std::string_view previous;
    for (uint64_t i = 0; i < count; ++i) {
      std::string_view text;
      RowSet rows;
      if (!base::GetBytes(in, &text) || text.size() > kMaxKeywordBytes) return false;
      if (i > 0 && text <= previous) return false;
      if (!RowSet::Deserialize(in, row_limit, &rows)) return false;
      bytes_ += KeyBytes(text) + rows.HeapBytes();
      rows_by_text_.emplace(text, std::move(rows));
      previous = text;
    }
    return true;
  }

  size_t MemoryBytes() const override {
    return sizeof(*this) + bytes_ + rows_by_text_.bucket_count() * sizeof(void*);
  }

 private:
  using Map = std::unordered_map<std::string, RowSet, TextHash, std::equal_to<>>;
  using Entry = Map::value_type;

  // A node: the entry, its hash and link, and the text where it does not fit into the string
  // object.
  static size_t KeyBytes(std::string_view text) {
    return sizeof(Entry) + 2 * sizeof(void*) + (text.size() > 15 ? text.size() + 1 : 0);
  }

  Map rows_by_text_;
  size_t bytes_ = 0;
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
