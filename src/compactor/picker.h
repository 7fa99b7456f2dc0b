// Picker: from what is known of a shard to the job that is due there, or none. Pure functions;
// thread-safe.
//
// Invariant: carrying out what is picked, again and again, ends. Each job leaves fewer unsealed
// segments, fewer segments, fewer dead rows, or fewer segments whose index is not as the settings
// ask, and nothing undoes that but new writes and new settings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compactor/death_watch.h"
#include "engine/shard.h"

namespace sagitta::compactor {

// Segments from which a tier is merged: fewer would rewrite rows too often, more would leave
// searches too many.
inline constexpr size_t kMergeWidth = 4;

struct SealPick {
  std::string kind;  // "seal", "repair" (of a degraded segment) or "checkpoint" (the log alone is
                     // shortened)
  bool freeze = false;  // the growing segment first
  uint64_t rows = 0;
};

struct RebuildPick {
  std::string kind;              // "verify", "index", "merge" or "purge"
  std::vector<std::string> ids;  // of sealed neighbours, in order
  uint64_t rows = 0;             // of all of them, dead ones included
};

struct SealWishes {
  bool now = false;     // seal growing rows, however few and fresh
  bool paused = false;  // only what bounds memory
};

// Operations of the log above which it is shortened even where few rows are unsealed.
uint64_t CheckpointOps(const CompactionSettings& settings);

std::optional<SealPick> PickSeal(const engine::ShardFacts& facts, const SealWishes& wishes);

// In this order: a file whose content was not checked since the open, for damage must not be
// copied; segments without a live row; indexes that are missing or not as asked, by a merge where
// one is due that includes them, so that the index is built once; merges; purges, but of none of
// those that are `dying`.
std::optional<RebuildPick> PickRebuild(const engine::ShardFacts& facts,
                                       const SegmentIds& dying = {});

// What leaves as few segments as max_segment_rows allows: lists of ids, of neighbours, each to
// become one segment.
std::vector<std::vector<std::string>> PlanFewest(const engine::ShardFacts& facts);

// Whether nothing is left to do but to seal rows that still grow.
bool IsSettled(const engine::ShardFacts& facts);

}  // namespace sagitta::compactor
