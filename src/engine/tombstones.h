// The dead rows of a segment as the manifest keeps them: a portable Roaring bitmap.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/segment.h"

namespace sagitta::engine {

// What is set now, in a bitset of the same size; null when nothing is.
std::shared_ptr<const base::Bitset> CopyTombstones(const base::AtomicBitset& dead);

std::string EncodeTombstones(const base::AtomicBitset& dead);
// Sets the segment's tombstones. DATA_LOSS on malformed bytes, or a row that the segment does not
// have.
Status ApplyTombstones(std::string_view bytes, Segment* segment);

}  // namespace sagitta::engine
