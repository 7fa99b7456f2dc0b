#include "filter/row_set.h"

#include <algorithm>
#include <roaring/roaring.hh>

#include "base/bytes.h"
#include "filter/roaring_check.h"

namespace sagitta::filter {
namespace {

// DO NOT CHANGE: these are stored.
enum class Form : uint8_t { kFew = 0, kRoaring = 1 };

// Sets bits [begin, end). REQUIRES: end ≤ rows->size().
void SetRange(base::Bitset* rows, size_t begin, size_t end) {
  uint64_t* words = rows->words();
  for (size_t at = begin; at < end;) {
    const size_t stop = std::min(end, (at | 63) + 1);
    const uint64_t upto = stop % 64 == 0 ? ~uint64_t{0} : (uint64_t{1} << (stop % 64)) - 1;
    words[at / 64] |= upto & (~uint64_t{0} << (at % 64));
    at = stop;
  }
}

// ORs one container of rows [base, base + 65536) a word or a run at a time where its form allows.
void OrContainer(const void* container, uint8_t type, size_t base, base::Bitset* rows) {
  const size_t limit = rows->size();
  if (type == BITSET_CONTAINER_TYPE_CODE) {
    const auto* bitmap = static_cast<const bitset_container_t*>(container);
    const size_t first = base / 64;
    const size_t words = std::min<size_t>(1024, rows->word_count() - first);
    for (size_t i = 0; i < words; ++i) rows->words()[first + i] |= bitmap->array[i];
    if (first + words == rows->word_count() && limit % 64 != 0) {
      rows->words()[rows->word_count() - 1] &= (uint64_t{1} << (limit % 64)) - 1;
    }
  } else if (type == ARRAY_CONTAINER_TYPE_CODE) {
    const auto* array = static_cast<const array_container_t*>(container);
    for (int32_t i = 0; i < array->cardinality && base + array->array[i] < limit; ++i) {
      rows->Set(base + array->array[i]);
    }
  } else if (type == RUN_CONTAINER_TYPE_CODE) {
    const auto* runs = static_cast<const run_container_t*>(container);
    for (int32_t i = 0; i < runs->n_runs; ++i) {
      const size_t begin = base + runs->runs[i].value;
      if (begin >= limit) return;
      SetRange(rows, begin, std::min(limit, begin + runs->runs[i].length + 1));
    }
  }
}

}  // namespace

RowSet::RowSet() = default;
RowSet::~RowSet() = default;
RowSet::RowSet(RowSet&&) noexcept = default;
RowSet& RowSet::operator=(RowSet&&) noexcept = default;

void RowSet::Add(uint32_t row) {
  if (size_ > 0 && row == last_) return;
  last_ = row;
  ++size_;
  if (many_ != nullptr) {
    many_->add(row);
    return;
  }
  few_.push_back(row);
  if (few_.size() <= kMaxFew) return;
  many_ = std::make_unique<Roaring>(few_.size(), few_.data());
  std::vector<uint32_t>().swap(few_);  // unlike = {}, gives the memory back
}

void RowSet::OrInto(base::Bitset* rows) const {
  for (const uint32_t row : few_) {
    if (row >= rows->size()) return;
    rows->Set(row);
  }
  if (many_ == nullptr) return;
  const roaring_array_t& array = many_->roaring.high_low_container;
  for (int32_t i = 0; i < array.size; ++i) {
    const size_t base = size_t{array.keys[i]} << 16;
    if (base >= rows->size()) return;
    OrContainer(array.containers[i], array.typecodes[i], base, rows);
  }
}

uint64_t RowSet::CommonRows(const RowSet& other) const {
  if (many_ != nullptr && other.many_ != nullptr) return many_->and_cardinality(*other.many_);
  if (many_ != nullptr) return other.CommonRows(*this);
  const auto in_other = [&](uint32_t row) {
    return other.many_ != nullptr ? other.many_->contains(row)
                                  : std::binary_search(other.few_.begin(), other.few_.end(), row);
  };
  return static_cast<uint64_t>(std::count_if(few_.begin(), few_.end(), in_other));
}

void RowSet::Compress() {
  few_.shrink_to_fit();
  if (many_ == nullptr) return;
  many_->runOptimize();
  many_->shrinkToFit();
}

void RowSet::Serialize(std::string* out) const {
  if (many_ == nullptr) {
    out->push_back(static_cast<char>(Form::kFew));
    base::PutVarint(*out, few_.size());
    uint32_t previous = 0;
    for (const uint32_t row : few_) {
      base::PutVarint(*out, row - previous);
      previous = row;
    }
    return;
  }
  Roaring compressed = *many_;
  compressed.runOptimize();
  const size_t bytes = compressed.getSizeInBytes();
  out->push_back(static_cast<char>(Form::kRoaring));
  base::PutVarint(*out, bytes);
  const size_t at = out->size();
  out->resize(at + bytes);
  compressed.write(out->data() + at);
}

bool RowSet::Deserialize(std::string_view& in, uint64_t row_limit, RowSet* out) {
  uint8_t form;
  if (!base::GetLe(in, &form)) return false;
  *out = RowSet();
  if (form == static_cast<uint8_t>(Form::kFew)) {
    uint64_t count, delta;
    if (!base::GetVarint(in, &count) || count > kMaxFew) return false;
    uint64_t row = 0;
    for (uint64_t i = 0; i < count; ++i) {
      if (!base::GetVarint(in, &delta) || (i > 0 && delta == 0) || delta >= row_limit) return false;
      row += delta;
      if (row >= row_limit) return false;
      out->Add(static_cast<uint32_t>(row));
    }
    out->few_.shrink_to_fit();
    return true;
  }
  std::string_view bytes;
  if (form != static_cast<uint8_t>(Form::kRoaring) || !base::GetBytes(in, &bytes)) return false;
  if (!IsValidPortableRoaring(bytes, row_limit)) return false;
  roaring_bitmap_t* raw = roaring_bitmap_portable_deserialize_safe(bytes.data(), bytes.size());
  if (raw == nullptr) return false;
  out->many_ = std::make_unique<Roaring>(raw);
  out->size_ = static_cast<uint32_t>(out->many_->cardinality());
  if (out->size_ > 0) out->last_ = out->many_->maximum();
  return true;
}

size_t RowSet::HeapBytes() const {
  size_t bytes = few_.capacity() * sizeof(uint32_t);
  // The serialized size is that of the containers; 16 bytes of header and pointers each come on
  // top.
  if (many_ != nullptr) {
    bytes += sizeof(Roaring) + many_->getSizeInBytes(false) +
             16 * static_cast<size_t>(many_->roaring.high_low_container.allocation_size);
  }
  return bytes;
}

}  // namespace sagitta::filter
