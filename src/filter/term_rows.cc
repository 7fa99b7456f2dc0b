#include "filter/term_rows.h"

#include <algorithm>
#include <vector>

#include "base/bytes.h"

namespace sagitta::filter {

void TermRows::Add(std::string_view term, uint32_t row) {
  auto at = rows_by_term_.find(term);
  if (at == rows_by_term_.end()) {
    at = rows_by_term_.emplace(term, RowSet()).first;
    bytes_ += KeyBytes(at->first);
  }
  const uint64_t before = at->second.size();
  at->second.Add(row);
  if (at->second.size() > before) bytes_ += sizeof(row);
}

const RowSet* TermRows::Find(std::string_view term) const {
  const auto at = rows_by_term_.find(term);
  return at == rows_by_term_.end() ? nullptr : &at->second;
}

void TermRows::Freeze() {
  bytes_ = 0;
  for (auto& [term, rows] : rows_by_term_) {
    rows.Compress();
    bytes_ += KeyBytes(term) + rows.HeapBytes();
  }
}

// In order of term, so that equal indexes have equal bytes.
void TermRows::Serialize(std::string* out) const {
  std::vector<const Entry*> entries;
  entries.reserve(rows_by_term_.size());
  for (const Entry& entry : rows_by_term_) entries.push_back(&entry);
  std::sort(entries.begin(), entries.end(),
            [](const Entry* a, const Entry* b) { return a->first < b->first; });
  base::PutVarint(*out, entries.size());
  for (const Entry* entry : entries) {
    base::PutBytes(*out, entry->first);
    entry->second.Serialize(out);
  }
}

bool TermRows::Deserialize(std::string_view& in, uint64_t row_limit, size_t max_bytes) {
  uint64_t count;
  // An entry takes three bytes at least: two lengths and a form.
  if (!base::GetVarint(in, &count) || count > in.size() / 3) return false;
  rows_by_term_.reserve(count);
  std::string_view previous;
  for (uint64_t i = 0; i < count; ++i) {
    std::string_view term;
    RowSet rows;
    if (!base::GetBytes(in, &term) || term.size() > max_bytes) return false;
    if (i > 0 && term <= previous) return false;
    if (!RowSet::Deserialize(in, row_limit, &rows)) return false;
    bytes_ += KeyBytes(term) + rows.HeapBytes();
    rows_by_term_.emplace(term, std::move(rows));
    previous = term;
  }
  return true;
}

size_t TermRows::MemoryBytes() const {
  return bytes_ + rows_by_term_.bucket_count() * sizeof(void*);
}

// A node: the entry, its hash and link, and the text where it does not fit into the string object.
size_t TermRows::KeyBytes(std::string_view term) {
  return sizeof(Entry) + 2 * sizeof(void*) + (term.size() > 15 ? term.size() + 1 : 0);
}

}  // namespace sagitta::filter
