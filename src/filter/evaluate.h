// Evaluates a Filter over the rows of one segment, by indexes where there are any and by reading
// payloads where not, exactly in both cases.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bitset.h"
#include "filter/payload_index.h"
#include "sagitta/filter.h"
#include "sagitta/query.h"

namespace sagitta::filter {

// What evaluation needs to know about a segment. Implemented by the engine.
class RowSource {
 public:
  virtual ~RowSource() = default;
  virtual size_t rows() const = 0;
  // Null when `path` has no index here.
  virtual const PayloadIndexData* FindIndex(std::string_view path) const = 0;
  // Sets the bits of the rows that hold one of `ids` now.
  virtual Status MarkIds(const std::vector<PointId>& ids, base::Bitset* rows) const = 0;
  // Calls visit(row, encoded payload) for every row set in `wanted`, in order; a row without a
  // stored payload gives an empty one. Ends early with the status that `visit` returns when not OK.
  virtual Status ReadPayloads(
      const base::Bitset& wanted,
      const std::function<Status(uint32_t row, std::string_view payload)>& visit) const = 0;
};

struct EvaluateInfo {
  bool scanned = false;             // payloads were read for a condition without an index
  std::set<std::string> unindexed;  // paths of such conditions
};

// Bit i of the result: row i matches. `live` limits the rows whose payload is read (rows outside it
// may come out either way). REQUIRES: filter.Validate() is OK. Checks `cancel` every few hundred
// payloads.
Result<base::Bitset> Evaluate(const Filter& filter, const RowSource& source,
                              const base::Bitset& live, const CancelToken& cancel,
                              EvaluateInfo* info);

// Whether one point matches, by its encoded payload. The reference that indexes must equal.
bool Matches(const Filter& filter, std::string_view payload, const PointId& id);

}  // namespace sagitta::filter
