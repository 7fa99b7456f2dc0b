#include "compactor/residency.h"

#include <algorithm>

#include "base/log.h"
#include "engine/shard_state.h"

namespace sagitta::compactor {
namespace {

constexpr std::chrono::seconds kLookEvery{2};
constexpr std::chrono::seconds kTrimEvery{10};
constexpr double kDecay = 0.9;  // of use, from look to look: half of it is of the last 13 seconds
constexpr double kStays = 1.5;
// What may stay of vectors on disk between two looks: rows that rank the answers of now.
constexpr uint64_t kTrimShare = 16;
constexpr uint64_t kTrimLeast = uint64_t{1} << 20;

}  // namespace

std::vector<bool> PlanResidency(std::span<const VectorsInPlace> vectors, uint64_t room) {
  std::vector<bool> on_disk(vectors.size());
  std::vector<size_t> open;
  for (size_t i = 0; i < vectors.size(); ++i) {
    const VectorsInPlace& v = vectors[i];
    if (v.wish == Residency::kDisk) on_disk[i] = true;
    if (v.wish == Residency::kMemory) room -= std::min(room, v.bytes);
    if (v.wish == Residency::kAuto) open.push_back(i);
  }
  const auto worth = [&](size_t i) {
    const VectorsInPlace& v = vectors[i];
    const double use = (v.use + 1e-6) * (v.on_disk ? 1.0 : kStays);
    return use / static_cast<double>(std::max<uint64_t>(v.bytes, 1));
  };
  std::stable_sort(open.begin(), open.end(), [&](size_t a, size_t b) {
    if (vectors[a].walks_vectors != vectors[b].walks_vectors) return vectors[a].walks_vectors;
    return worth(a) > worth(b);
  });
  for (const size_t i : open) {
    on_disk[i] = vectors[i].bytes > room;
    if (!on_disk[i]) room -= vectors[i].bytes;
  }
  return on_disk;
}

double ResidencyKeeper::UseOf(const engine::SealedSegment& segment, uint16_t field,
                              uint64_t searches) {
  const std::pair<const engine::SealedSegment*, uint16_t> key(&segment, field);
  const auto it = uses_.find(key);
  Use use = it == uses_.end() ? Use{} : it->second;
  if (searches < use.searches) use = Use{};  // another segment, where that one was
  use.recent = use.recent * kDecay + static_cast<double>(searches - use.searches);
  use.searches = searches;
  seen_[key] = use;
  return use.recent;
}

std::vector<ResidencyKeeper::Place> ResidencyKeeper::Look(
    std::span<const std::shared_ptr<engine::CollectionCore>> collections, uint64_t* needed) {
  std::vector<Place> places;
  *needed = 0;
  seen_.clear();
  for (const auto& collection : collections) {
    const auto schema = collection->schema();
    for (const auto& shard : collection->shards()) {
      for (const auto& segment : shard->state().Segments()) {
        if (!segment->sealed()) continue;
        auto sealed = std::static_pointer_cast<engine::SealedSegment>(segment);
        *needed += sealed->NeededBytes();
        for (uint16_t i = 0; i < schema->fields.size(); ++i) {
          const auto residence = sealed->residence(i);
          places.push_back({sealed,
                            i,
                            {.bytes = residence.vector_bytes,
                             .wish = schema->fields[i].index.residency,
                             .walks_vectors = residence.walks_vectors,
                             .on_disk = residence.on_disk,
                             .use = UseOf(*sealed, i, residence.searches)}});
        }
      }
    }
  }
  uses_.swap(seen_);
  return places;
}

void ResidencyKeeper::Warn(uint64_t needed) {
  const bool over = memory_ != nullptr && memory_->used() + needed > memory_->limit();
  if (over && !warned_) {
    base::LogWarn(
        "codes, links and ids of sealed segments take {} bytes, writes and caches {}: together "
        "more than the memory limit of {}. Shorter codes take less: see sagitta tune",
        needed, memory_->used(), memory_->limit());
  }
  warned_ = over;
}

void ResidencyKeeper::Run(std::span<const std::shared_ptr<engine::CollectionCore>> collections) {
  const auto now = Clock::now();
  if (now < next_look_) return;
  next_look_ = now + kLookEvery;
  uint64_t needed = 0;
  const std::vector<Place> places = Look(collections, &needed);
  Warn(needed);
  uint64_t room = UINT64_MAX;
  if (memory_ != nullptr) {
    const uint64_t taken = memory_->used() + needed;
    room = memory_->limit() - std::min(memory_->limit(), taken);
  }
  std::vector<VectorsInPlace> vectors;
  vectors.reserve(places.size());
  for (const Place& place : places) vectors.push_back(place.vectors);
  const std::vector<bool> on_disk = PlanResidency(vectors, room);
  const bool trim = now >= next_trim_;
  if (trim) next_trim_ = now + kTrimEvery;
  for (size_t i = 0; i < places.size(); ++i) {
    engine::SealedSegment& segment = *places[i].segment;
    if (on_disk[i] && places[i].vectors.on_disk && trim) {
      segment.TrimVectors(places[i].field, std::max(vectors[i].bytes / kTrimShare, kTrimLeast));
    }
    segment.SetOnDisk(places[i].field, on_disk[i]);
  }
}

}  // namespace sagitta::compactor
