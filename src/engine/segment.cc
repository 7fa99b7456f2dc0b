#include "engine/segment.h"

#include "engine/tombstones.h"

namespace sagitta::engine {

Status Segment::SearchMany(uint16_t field, uint32_t rows,
                           std::span<index::ManyQuery> queries) const {
  for (index::ManyQuery& many : queries) {
    SAGITTA_RETURN_IF_ERROR(Search(field, rows, many.query, many.found, &many.distances));
  }
  return Status::Ok();
}

std::optional<uint32_t> Segment::FindRow(uint64_t wanted) const {
  uint32_t low = 0;
  uint32_t high = rows();
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (internal_id(middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low < rows() && internal_id(low) == wanted) return low;
  return std::nullopt;
}

std::shared_ptr<const base::Bitset> Segment::DeadRows() const {
  const size_t count = tombstones_.Count();
  if (count == 0) return nullptr;
  base::MutexLock lock(mu_);
  if (dead_copy_ == nullptr || dead_copy_count_ != count) {
    dead_copy_ = CopyTombstones(tombstones_);
    dead_copy_count_ = count;
  }
  return dead_copy_;
}

Segment::AliveRows Segment::Alive(const std::shared_ptr<const base::Bitset>& dead,
                                  uint32_t rows) const {
  {
    base::MutexLock lock(mu_);
    if (alive_without_ == dead && alive_.rows->size() == rows) return alive_;
  }
  auto bits = std::make_shared<base::Bitset>(rows, true);
  for (size_t i = 0; i < bits->word_count(); ++i) bits->words()[i] &= ~dead->words()[i];
  AliveRows alive{.rows = nullptr, .count = bits->Count()};
  alive.rows = std::move(bits);
  base::MutexLock lock(mu_);
  alive_ = alive;
  alive_without_ = dead;
  return alive;
}

std::shared_ptr<const PayloadIndexMap> Segment::payload_indexes() const {
  base::MutexLock lock(mu_);
  return payload_indexes_;
}

void Segment::SetPayloadIndex(const std::string& path,
                              std::shared_ptr<filter::PayloadIndexData> data) {
  base::MutexLock lock(mu_);
  auto copy = std::make_shared<PayloadIndexMap>(*payload_indexes_);
  (*copy)[path] = std::move(data);
  payload_indexes_ = std::move(copy);
  filter_cache_.Clear();  // its answers say which conditions were scanned
}

void Segment::DropPayloadIndex(std::string_view path) {
  base::MutexLock lock(mu_);
  auto copy = std::make_shared<PayloadIndexMap>(*payload_indexes_);
  const auto it = copy->find(path);
  if (it == copy->end()) return;
  copy->erase(it);
  payload_indexes_ = std::move(copy);
  filter_cache_.Clear();
}

size_t Segment::PayloadIndexBytes() const {
  size_t bytes = 0;
  const auto indexes = payload_indexes();
  for (const auto& [path, data] : *indexes) bytes += data->MemoryBytes();
  return bytes;
}

}  // namespace sagitta::engine
