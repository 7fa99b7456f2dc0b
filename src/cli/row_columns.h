// Columns read beside the vectors of an import: ids and payloads, row by row. Not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/point_source.h"
#include "sagitta/point.h"
#include "sagitta/status.h"

namespace sagitta::cli {

class IdColumn {
 public:
  virtual ~IdColumn() = default;
  virtual Status Seek(uint64_t row) = 0;
  // Exactly `rows` ids; OUT_OF_RANGE naming the file when it has fewer.
  virtual Status Next(size_t rows, std::vector<PointId>* ids) = 0;
};

class PayloadColumn {
 public:
  virtual ~PayloadColumn() = default;
  virtual Status Seek(uint64_t row) = 0;
  // Exactly `rows` JSON objects.
  virtual Status Next(size_t rows, std::vector<std::string>* payloads) = 0;
};

Result<std::unique_ptr<IdColumn>> OpenIdColumn(const DenseSourceOptions& options);
// Null when neither labels nor payloads are asked for.
Result<std::unique_ptr<PayloadColumn>> OpenPayloadColumn(const DenseSourceOptions& options);

}  // namespace sagitta::cli
