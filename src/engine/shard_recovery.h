// Recovery of a shard: its sealed segments as the manifest lists them, and above them, from the
// store, every row that they do not hold.
#pragma once

#include <cstdint>

#include "engine/shard_state.h"

namespace sagitta::engine {

// Fills an empty `state`. A segment file that is missing or damaged does no harm: its rows are
// loaded from the store into degraded segments, which are scanned exactly and sealed anew by the
// compactor. Files that the manifest does not list are removed. Returns where the writer goes on.
// DATA_LOSS when the store is damaged; FAILED_PRECONDITION when a newer version wrote a segment.
Result<store::AppliedState> RecoverShard(ShardState& state);

// The live rows of internal ids [first, last], out of the store, in frozen degraded segments. For a
// segment whose damage is found while it serves.
Result<std::vector<std::shared_ptr<Segment>>> LoadDegraded(const ShardState& state, uint64_t first,
                                                           uint64_t last);

}  // namespace sagitta::engine
