// The dead rows of a segment as the manifest keeps them: a portable Roaring bitmap.
#pragma once

#include <string>
#include <string_view>

#include "engine/segment.h"

namespace sagitta::engine {

std::string EncodeTombstones(const base::AtomicBitset& dead);
// Sets the segment's tombstones. DATA_LOSS on malformed bytes, or a row that the segment does not
// have.
Status ApplyTombstones(std::string_view bytes, Segment* segment);

}  // namespace sagitta::engine
