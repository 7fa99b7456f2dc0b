// One way to store, measured: an index is built of sampled rows in a file, and asked.
#pragma once

#include <string>
#include <vector>

#include "compactor/storage_menu.h"
#include "compactor/storage_sample.h"

namespace sagitta::compactor {

struct MeasureJob {
  const StorageSample* sample = nullptr;
  size_t rows = 0, queries = 0;                // the first so many
  const std::vector<float>* limits = nullptr;  // of these, by ExactLimits
  uint32_t k = 10;
  std::string path;  // of the file, which is gone afterwards
  CancelToken cancel;
};

// Bytes, micros and seconds are those of the whole collection's, as far as these rows tell.
// INVALID_ARGUMENT where the codec does not suit the rows.
Result<StorageOption> MeasureStorage(const MenuEntry& entry, const MeasureJob& job);

}  // namespace sagitta::compactor
