#include "filter/payload_index.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <type_traits>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/mutex.h"
#include "filter/condition.h"
#include "filter/payload_path.h"
#include "filter/payload_walk.h"
#include "filter/value_column.h"

namespace sagitta::filter {
namespace {

using Op = Filter::Op;
using Kind = Value::Kind;

constexpr uint8_t kFormatVersion = 1;  // DO NOT CHANGE: it is stored

// All rows and values of an index, without locks.
class IndexContent {
 public:
  explicit IndexContent(const PayloadIndex& definition)
      : column_(ValueColumn::Create(definition)) {}

  void Add(uint32_t row, const PayloadPath& path, std::string_view payload) {
    row_count_ = row + 1;
    const bool present = WalkPayload(payload, path, [&](const ValueView& value, bool is_element) {
      if (!is_element && IsEmptyValue(value)) empty_.Add(row);
      if (value.kind == Kind::kNull) {
        null_.Add(row);
      } else if (value.kind != Kind::kList && !column_->Add(row, value) &&
                 value.kind != Kind::kObject) {
        Irregular(value.kind).Add(row);
      }
      return true;
    });
    if (present) present_.Add(row);
  }

  void Freeze() {
    column_->Freeze();
    for (RowSet* set : Sets()) set->Compress();
  }

  // Into sinks that mark or count. False when `condition` is not for an index. kNotIn finds what
  // kIn does, kIsEmpty leaves out rows where the path is absent.
  bool Find(const Filter& condition, Found* found) const {
    switch (condition.op) {
      case Op::kExists:
        found->sure.Add(present_);
        return true;
      case Op::kIsNull:
        found->sure.Add(null_);
        return true;
      case Op::kIsEmpty:
        found->sure.Add(empty_);
        return true;
      case Op::kEquals:
      case Op::kIn:
      case Op::kNotIn:
        FindAnyOf(condition.values, found);
        return true;
      case Op::kRange:
        column_->FindRange(Interval::Of(condition), found);
        found->unsure.Add(Irregular(Kind::kInt64));
        found->unsure.Add(Irregular(Kind::kDouble));
        return true;
      case Op::kDatetimeRange:
        column_->FindDatetimes(Interval::Of(condition), found);
        found->unsure.Add(Irregular(Kind::kInt64));
        if (column_->MayMissDatetimeText()) found->unsure.Add(Irregular(Kind::kString));
        return true;
      case Op::kGeoRadius:
      case Op::kGeoBox:
      case Op::kGeoPolygon:
        if (!column_->FindGeo(*GeoRegion::Of(condition), found)) LeaveToPayloads(found);
        return true;
      case Op::kMatch:
        if (!column_->FindMatch(condition, found)) LeaveToPayloads(found);
        return true;
      default:
        return false;
    }
  }

  const RowSet& present() const { return present_; }
  uint32_t row_count() const { return row_count_; }

  void Serialize(std::string* out) const {
    base::PutLe(*out, row_count_);
    for (const RowSet* set : Sets()) set->Serialize(out);
    column_->Serialize(out);
  }
  bool Deserialize(std::string_view& in) {
    if (!base::GetLe(in, &row_count_)) return false;
    for (RowSet* set : Sets()) {
      if (!RowSet::Deserialize(in, row_count_, set)) return false;
    }
    return column_->Deserialize(in, row_count_);
  }

  size_t MemoryBytes() const {
    size_t bytes = sizeof(*this) + column_->MemoryBytes();
    for (const RowSet* set : Sets()) bytes += set->HeapBytes();
    return bytes;
  }

 private:
  // Rows that hold a value of `kind` which the column does not cover. REQUIRES: a scalar kind other
  // than null.
  RowSet& Irregular(Kind kind) { return irregular_[static_cast<size_t>(kind) - 1]; }
  const RowSet& Irregular(Kind kind) const { return irregular_[static_cast<size_t>(kind) - 1]; }

  void LeaveToPayloads(Found* found) const {
    found->unsure.Add(present_);
    found->other_kind = true;
  }

  void FindAnyOf(const std::vector<Value>& operands, Found* found) const {
    std::array<bool, 4> check{};
    for (const Value& operand : operands) {
      if (operand.is_null() || operand.kind() >= Kind::kList) continue;  // equal to nothing
      column_->FindEqual(operand, found);
      if (column_->MayMiss(operand)) check[static_cast<size_t>(operand.kind()) - 1] = true;
    }
    // Numbers compare across their kinds.
    constexpr size_t kInt64 = static_cast<size_t>(Kind::kInt64) - 1;
    check[kInt64] = check[kInt64 + 1] = check[kInt64] || check[kInt64 + 1];
    for (size_t i = 0; i < check.size(); ++i) {
      if (check[i]) found->unsure.Add(irregular_[i]);
    }
  }

  std::array<RowSet*, 7> Sets() {
    return {&present_,      &null_,         &empty_,       &irregular_[0],
            &irregular_[1], &irregular_[2], &irregular_[3]};
  }
  std::array<const RowSet*, 7> Sets() const {
    return {&present_,      &null_,         &empty_,       &irregular_[0],
            &irregular_[1], &irregular_[2], &irregular_[3]};
  }

  uint32_t row_count_ = 0;
  RowSet present_;
  RowSet null_;   // of the value itself or a list's element
  RowSet empty_;  // null, "", [] or {}
  RowSet irregular_[4];
  std::unique_ptr<ValueColumn> column_;
};

void Complement(base::Bitset* bits) {
  uint64_t* words = bits->words();
  for (size_t i = 0; i < bits->word_count(); ++i) words[i] = ~words[i];
  if (bits->size() % 64 != 0)
    words[bits->word_count() - 1] &= ~uint64_t{0} >> (64 - bits->size() % 64);
}

// Sure rows need no check; what is left decides whether there is an unsure part at all.
void SettleUnsure(base::Bitset unsure, IndexAnswer* answer) {
  uint64_t any = 0;
  for (size_t i = 0; i < unsure.word_count(); ++i) {
    any |= unsure.words()[i] &= ~answer->matches.words()[i];
  }
  if (any == 0) return;
  answer->unsure = std::move(unsure);
  answer->has_unsure = true;
}

IndexAnswer MakeAnswer(const IndexContent& content, const Filter& condition, Found* found,
                       size_t rows) {
  IndexAnswer answer;
  answer.matches = std::move(found->sure.Bits());
  if (condition.op == Op::kIsEmpty) {
    base::Bitset absent(rows);
    content.present().OrInto(&absent);
    Complement(&absent);
    for (size_t i = 0; i < absent.word_count(); ++i) {
      answer.matches.words()[i] |= absent.words()[i];
    }
  }
  SettleUnsure(found->unsure.bits(), &answer);
  answer.other_kind = found->other_kind;
  if (condition.op != Op::kNotIn) return answer;
  if (answer.has_unsure) {
    for (size_t i = 0; i < answer.unsure.word_count(); ++i) {
      answer.matches.words()[i] |= answer.unsure.words()[i];
    }
  }
  Complement(&answer.matches);
  return answer;
}

class PathIndex final : public PayloadIndexData {
 public:
  explicit PathIndex(const PayloadIndex& definition)
      : definition_(definition), path_(definition_.path), content_(definition) {}

  void Add(uint32_t row, std::string_view payload) override EXCLUDES_LOCK(mu_) {
    base::WriterLock lock(mu_);
    content_.Add(row, path_, payload);
  }

  void Freeze() override EXCLUDES_LOCK(mu_) {
    base::WriterLock lock(mu_);
    content_.Freeze();
    frozen_.store(true, std::memory_order_release);
  }

  std::optional<IndexAnswer> Answer(const Filter& condition, size_t rows) const override {
    return Read([&](const IndexContent& content) -> std::optional<IndexAnswer> {
      Found found{.sure = RowSink(rows), .unsure = RowSink(rows)};
      if (!content.Find(condition, &found)) return std::nullopt;
      return MakeAnswer(content, condition, &found, rows);
    });
  }

  std::optional<uint64_t> Estimate(const Filter& condition) const override {
    return Read([&](const IndexContent& content) -> std::optional<uint64_t> {
      Found found;
      if (!content.Find(condition, &found) || found.other_kind) return std::nullopt;
      const uint64_t rows = content.row_count();
      uint64_t count = found.sure.count() + found.unsure.count();
      if (condition.op == Op::kIsEmpty) count += rows - content.present().size();
      count = std::min(count, rows);
      return condition.op == Op::kNotIn ? rows - count : count;
    });
  }

  std::string Serialize() const override {
    std::string out;
    out.push_back(static_cast<char>(kFormatVersion));
    out.push_back(static_cast<char>(definition_.kind));
    base::PutBytes(out, definition_.path);
    Read([&](const IndexContent& content) { content.Serialize(&out); });
    base::PutLe(out, base::Crc32c(out));
    return out;
  }

  // For one that nothing else uses yet.
  bool ReadContent(std::string_view& in) NO_THREAD_SAFETY_ANALYSIS {
    return content_.Deserialize(in);
  }

  size_t MemoryBytes() const override {
    return sizeof(*this) + definition_.path.capacity() +
           Read([](const IndexContent& content) { return content.MemoryBytes(); });
  }
  const PayloadIndex& definition() const override { return definition_; }

 private:
  // A frozen index never changes again, so its readers share no lock.
  template <typename Fn>
  std::invoke_result_t<const Fn&, const IndexContent&> Read(const Fn& fn) const
      NO_THREAD_SAFETY_ANALYSIS {
    if (frozen_.load(std::memory_order_acquire)) return fn(content_);
    base::ReaderLock lock(mu_);
    return fn(content_);
  }

  const PayloadIndex definition_;
  const PayloadPath path_;
  std::atomic<bool> frozen_{false};
  mutable base::SharedMutex mu_;
  IndexContent content_ GUARDED_BY(mu_);
};

Status Damaged(const PayloadIndex& definition, std::string_view what) {
  return Status::DataLoss("payload index of " + definition.path + ": " + std::string(what));
}

}  // namespace

std::unique_ptr<ValueColumn> ValueColumn::Create(const PayloadIndex& definition) {
  switch (definition.kind) {
    case PayloadIndexKind::kKeyword:
      return CreateKeywordColumn();
    case PayloadIndexKind::kInt64:
      return CreateInt64Column();
    case PayloadIndexKind::kDouble:
      return CreateDoubleColumn();
    case PayloadIndexKind::kBool:
      return CreateBoolColumn();
    case PayloadIndexKind::kDatetime:
      return CreateDatetimeColumn();
    case PayloadIndexKind::kGeo:
      return CreateGeoColumn();
    case PayloadIndexKind::kText:
      return CreateTextColumn(definition.text);
  }
  return CreateKeywordColumn();
}

std::unique_ptr<PayloadIndexData> PayloadIndexData::Create(const PayloadIndex& definition) {
  return std::make_unique<PathIndex>(definition);
}

Result<std::unique_ptr<PayloadIndexData>> PayloadIndexData::Deserialize(
    const PayloadIndex& definition, std::string_view bytes) {
  uint32_t stored_crc = 0;
  if (bytes.size() < sizeof(stored_crc)) return Damaged(definition, "too short");
  std::string_view crc_bytes = bytes.substr(bytes.size() - sizeof(stored_crc));
  std::string_view in = bytes.substr(0, bytes.size() - sizeof(stored_crc));
  base::GetLe(crc_bytes, &stored_crc);
  if (base::Crc32c(in) != stored_crc) return Damaged(definition, "the checksum does not match");
  uint8_t version, kind;
  std::string_view path;
  if (!base::GetLe(in, &version) || version != kFormatVersion) {
    return Damaged(definition, "unknown format version");
  }
  if (!base::GetLe(in, &kind) || !base::GetBytes(in, &path) || path != definition.path ||
      kind != static_cast<uint8_t>(definition.kind)) {
    return Damaged(definition, "the bytes are those of another index");
  }
  auto index = std::make_unique<PathIndex>(definition);
  if (!index->ReadContent(in) || !in.empty())
    return Damaged(definition, "malformed content, or tokens by other rules");
  index->Freeze();
  return std::unique_ptr<PayloadIndexData>(std::move(index));
}

}  // namespace sagitta::filter
