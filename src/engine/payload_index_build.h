// Makes the payload indexes of segments from the payloads in the store.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/segment.h"
#include "engine/shard_state.h"
#include "filter/payload_index.h"

namespace sagitta::engine {

// Calls visit(row, payload) for rows [0, rows) of the segment in order; rows whose payload is gone,
// because they died, or that have none, give "". Reads in blocks, sequentially where the ids are
// dense.
Status ReadPayloadsOf(const Segment& segment, uint32_t rows, const store::ShardStore& store,
                      const store::StoreSnapshot* at, const CancelToken& cancel,
                      const std::function<Status(uint32_t row, std::string_view payload)>& visit);

// An index over the first `rows` rows of the segment, not frozen, from their payloads as of `at`
// (null = now). Right for every view that is not older than `at`. With null, only for views taken
// when each deletion that is committed has been published: put it in force under apply_mu, or in a
// segment that no view has yet.
Result<std::unique_ptr<filter::PayloadIndexData>> BuildPayloadIndex(
    const PayloadIndex& definition, const Segment& segment, uint32_t rows,
    const store::ShardStore& store, const CancelToken& cancel,
    const store::StoreSnapshot* at = nullptr);

// Whether the segment has the index of that path and kind.
bool HasPayloadIndex(const Segment& segment, const PayloadIndex& definition);

// Gives a sealed segment every index of `definitions` that it lacks: from the store's serialised
// form where there is one (a damaged one is built anew), else built and stored. One that cannot be
// stored is in force all the same, and built again at the next open.
Status EnsurePayloadIndexes(ShardState& shard, SealedSegment& segment,
                            const std::vector<PayloadIndex>& definitions,
                            const CancelToken& cancel);

// Builds `definition` for every segment of the shard that lacks it, the growing one included, while
// searches and writes go on. REQUIRES: the schema already has it, so that new segments get it by
// themselves.
Status AddPayloadIndex(ShardState& shard, const PayloadIndex& definition,
                       const CancelToken& cancel);
// REQUIRES: the schema no longer has it.
Status RemovePayloadIndex(ShardState& shard, std::string_view path);

}  // namespace sagitta::engine
