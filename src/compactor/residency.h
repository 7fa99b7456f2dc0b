// Residency: which sealed segments' vectors stay in memory. What searches need of every segment
// (codes, links, ids) always does; vectors that only rank candidates may lie on disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/memory_budget.h"
#include "engine/collection_core.h"

namespace sagitta::compactor {

// The vectors of one field of one segment.
struct VectorsInPlace {
  uint64_t bytes = 0;
  sagitta::Residency wish = sagitta::Residency::kAuto;
  bool walks_vectors = false;  // searches compare all that they come upon
  bool on_disk = false;        // so far
  double use = 0;              // searches of late
};

// True for what should lie on disk. MEMORY takes of `room` first, then AUTO: what searches walk,
// and then what is searched most for its size. What is in memory stays unless something else has
// half as much use again, so that places do not change all the time.
std::vector<bool> PlanResidency(std::span<const VectorsInPlace> vectors, uint64_t room);

// Plans and moves from time to time, for all collections of a process. For one thread.
class ResidencyKeeper {
 public:
  // Room is what `memory` has left. Null = there is room for everything.
  explicit ResidencyKeeper(const base::MemoryBudget* memory) : memory_(memory) {}

  // Does what is due by now.
  void Run(std::span<const std::shared_ptr<engine::CollectionCore>> collections);

 private:
  using Clock = std::chrono::steady_clock;
  struct Place {
    std::shared_ptr<engine::SealedSegment> segment;
    uint16_t field;
    VectorsInPlace vectors;
  };
  struct Use {
    uint64_t searches = 0;  // up to the last look
    double recent = 0;
  };

  std::vector<Place> Look(std::span<const std::shared_ptr<engine::CollectionCore>> collections,
                          uint64_t* needed);
  double UseOf(const engine::SealedSegment& segment, uint16_t field, uint64_t searches);
  void Warn(uint64_t needed);

  const base::MemoryBudget* const memory_;
  Clock::time_point next_look_{};
  Clock::time_point next_trim_{};
  std::map<std::pair<const engine::SealedSegment*, uint16_t>, Use> uses_, seen_;
  bool warned_ = false;
};

}  // namespace sagitta::compactor
