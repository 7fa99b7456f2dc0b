// The ways to store a field that the tuner knows, and about what each takes.
#pragma once

#include <string>
#include <vector>

#include "engine/field_layout.h"
#include "sagitta/schema.h"

namespace sagitta::compactor {

struct MenuEntry {
  std::string name;    // for people
  std::string family;  // within one, more bytes find more
  IndexParams index;
  double bytes = 0;  // of memory, a row: what is expected, or for GRAPH no less than it will be
};

// By family, in each by rising bytes. `row` is what the field's rows are kept as; `rows` decides
// whether inverted lists are worth while. Where `room` is given, bytes a row, there is a TRANSFORM
// that fills it.
std::vector<MenuEntry> StorageMenu(const engine::FieldLayout& layout, Dtype row, uint64_t rows,
                                   double room);

}  // namespace sagitta::compactor
