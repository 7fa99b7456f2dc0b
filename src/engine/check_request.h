// Checks of read requests: what is wrong is INVALID_ARGUMENT, with the field, what was given and
// what is allowed. ValidateQuery is in search.h, ValidateSelect in read_points.h. Thread-safe,
// pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sagitta/query.h"
#include "sagitta/schema.h"

namespace sagitta::engine {

// The vector field that a query means: the only one where `name` is empty. Field "field".
Result<const VectorField*> FindQueryField(const CollectionSchema& schema, std::string_view name);

// A payload path; `field` is what the error names.
Status ValidatePath(const std::string& field, std::string_view path);

// "limit", "cursor", "filter…", "select…".
Status ValidateScroll(const CollectionSchema& schema, const ScrollRequest& request);

// A scroll's place as text that any format carries: the hexadecimal form of a key
// (PointId::Encode()).
std::string EncodeCursor(std::string_view ext_key);
Result<std::string> DecodeCursor(std::string_view cursor);

}  // namespace sagitta::engine
