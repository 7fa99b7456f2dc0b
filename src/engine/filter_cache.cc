#include "engine/filter_cache.h"

#include <algorithm>

#include "base/checksum.h"

namespace sagitta::engine {
namespace {

constexpr size_t kBytesPerRow = 4;
constexpr size_t kLeastLimit = size_t{64} << 10;

bool SameOwner(const std::weak_ptr<const base::Bitset>& a,
               const std::shared_ptr<const base::Bitset>& b) {
  return !a.owner_before(b) && !b.owner_before(a);
}

FilterCache::Answer Narrow(const FilterCache::Answer& answer, const base::Bitset& alive) {
  auto rows = std::make_shared<base::Bitset>(*answer.rows);
  for (size_t i = 0; i < rows->word_count(); ++i) rows->words()[i] &= alive.words()[i];
  return {.rows = rows, .count = rows->Count(), .info = answer.info};
}

}  // namespace

FilterCache::FilterCache(size_t rows) : limit_(std::max(kLeastLimit, rows * kBytesPerRow)) {}

std::optional<FilterCache::Answer> FilterCache::Find(std::string_view key, const Moment& moment) {
  const uint64_t hash = base::Xxh3(key.data(), key.size());
  Answer answer;
  {
    base::MutexLock lock(mu_);
    Entry* entry = Lookup(hash, key);
    // What lived at an older moment and has died since was not looked at.
    if (entry == nullptr || moment.dead < entry->dead || moment.now_ms < entry->now_ms) return {};
    entry->used = ++tick_;
    const bool same = moment.alive == nullptr
                          ? entry->all_alive
                          : !entry->all_alive && SameOwner(entry->alive, moment.alive);
    if (same) return entry->answer;
    answer = entry->answer;
  }
  if (moment.alive == nullptr) return answer;  // nothing is dead now, so nothing was then
  answer = Narrow(answer, *moment.alive);
  base::MutexLock lock(mu_);
  Entry* entry = Lookup(hash, key);
  if (entry != nullptr && entry->dead <= moment.dead && entry->now_ms <= moment.now_ms) {
    Place(moment, answer, entry);
  }
  return answer;
}

void FilterCache::Offer(std::string_view key, const Moment& moment, const Answer& answer) {
  const uint64_t hash = base::Xxh3(key.data(), key.size());
  base::MutexLock lock(mu_);
  uint64_t& offered = offered_[hash % offered_.size()];
  if (offered != hash) {
    offered = hash;
    return;
  }
  Entry* known = Lookup(hash, key);
  if (known != nullptr) {  // another thread was faster, or this view is an older one
    if (known->dead <= moment.dead && known->now_ms <= moment.now_ms) Place(moment, answer, known);
    return;
  }
  Entry entry;
  entry.hash = hash;
  entry.key = key;
  Place(moment, answer, &entry);
  const size_t bytes = BytesOf(entry);
  if (bytes > limit_) return;
  MakeRoom(bytes);
  entry.used = ++tick_;
  bytes_ += bytes;
  entries_.push_back(std::move(entry));
}

void FilterCache::Clear() {
  base::MutexLock lock(mu_);
  entries_.clear();
  bytes_ = 0;
}

size_t FilterCache::MemoryBytes() const {
  base::MutexLock lock(mu_);
  return bytes_;
}

FilterCache::Entry* FilterCache::Lookup(uint64_t hash, std::string_view key) {
  for (Entry& entry : entries_) {
    if (entry.hash == hash && entry.key == key) return &entry;
  }
  return nullptr;
}

void FilterCache::Place(const Moment& moment, const Answer& answer, Entry* entry) {
  entry->answer = answer;
  entry->all_alive = moment.alive == nullptr;
  entry->alive = moment.alive;
  entry->dead = moment.dead;
  entry->now_ms = moment.now_ms;
}

size_t FilterCache::BytesOf(const Entry& entry) {
  return sizeof(Entry) + entry.key.size() + entry.answer.rows->word_count() * sizeof(uint64_t);
}

void FilterCache::MakeRoom(size_t bytes) {
  while (!entries_.empty() && bytes_ + bytes > limit_) {
    const auto oldest =
        std::min_element(entries_.begin(), entries_.end(),
                         [](const Entry& a, const Entry& b) { return a.used < b.used; });
    bytes_ -= BytesOf(*oldest);
    *oldest = std::move(entries_.back());
    entries_.pop_back();
  }
}

}  // namespace sagitta::engine
