// SegmentWriter: writes the live rows of some segments of a shard into one new sealed segment file.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/segment.h"
#include "index/vector_index.h"

namespace sagitta::engine {

// A row of a source segment.
struct SourceRow {
  uint32_t source;
  uint32_t row;
};

// The live rows of `sources` by ascending internal id. `dead` (one per source, may hold nulls) says
// which rows to leave out.
std::vector<SourceRow> LiveRows(std::span<const std::shared_ptr<Segment>> sources,
                                std::span<const std::shared_ptr<const base::Bitset>> dead);

struct SegmentWriteOptions {
  std::string path;  // of the finished file; written to path.tmp first
  std::vector<FieldLayout> layouts;
  std::vector<IndexParams> indexes;  // per field; FLAT writes vectors alone
  index::BuildContext build;
};

// Ends with CANCELLED soon after build.cancel says so; the temporary file is then removed.
Status WriteSegment(std::span<const std::shared_ptr<Segment>> sources,
                    std::span<const SourceRow> rows, const SegmentWriteOptions& options);

}  // namespace sagitta::engine
