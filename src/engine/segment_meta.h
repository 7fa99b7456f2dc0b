// The "meta" section of a segment file: JSON that says how many rows there are and how each field
// was built.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/field_layout.h"
#include "engine/sealed_segment.h"

namespace sagitta::engine {

struct SegmentMeta {
  uint32_t rows = 0;
  std::vector<SealedFieldMeta> fields;
};

// DATA_LOSS unless it is well formed and was written for these very layouts.
Result<SegmentMeta> ParseSegmentMeta(std::string_view json,
                                     const std::vector<FieldLayout>& layouts);

}  // namespace sagitta::engine
