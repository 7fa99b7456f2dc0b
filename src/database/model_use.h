// Which models schemas name, and whether these are there and fit. Thread-safe.
#pragma once

#include "database/model_store.h"
#include "sagitta/schema.h"

namespace sagitta::database {

// INVALID_ARGUMENT "fields[i].index.codec.model"; DATA_LOSS when its file is damaged.
Status CheckModels(const CollectionSchema& schema, const ModelStore& models);
// The same of the fields that an update names, as "fields[i]" of the update. `schema` is what it
// makes.
Status CheckUpdatedModels(const CollectionSchema& schema, const CollectionUpdate& update,
                          const ModelStore& models);

bool Names(const CollectionSchema& schema, const ModelRef& model);

}  // namespace sagitta::database
