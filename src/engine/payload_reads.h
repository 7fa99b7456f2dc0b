// Reads the payloads of many rows. Thread-safe, pure.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "engine/shard_view.h"

namespace sagitta::engine {

// Calls visit(i, payload) for each of `internal_ids`, which ascend, in order; "" where a row has
// none. In one pass where the ids lie close together, by look-ups where not. Ends early with what
// `visit` returns when not OK. The payload is gone when `visit` returns. `at` may be null: as of
// now.
Status VisitPayloads(const store::ShardStore& store, const store::StoreSnapshot* at,
                     std::span<const uint64_t> internal_ids,
                     const std::function<Status(size_t, std::string_view)>& visit);
inline Status VisitPayloads(const ShardView& view, std::span<const uint64_t> internal_ids,
                            const std::function<Status(size_t, std::string_view)>& visit) {
  return VisitPayloads(*view.store, view.at.get(), internal_ids, visit);
}

}  // namespace sagitta::engine
