// CollectionHandle: sagitta::Collection over a LiveCollection. Thread-safe.
#pragma once

#include <memory>

#include "database/catalog.h"
#include "database/live_collection.h"
#include "database/model_store.h"
#include "database/snapshots.h"
#include "sagitta/database.h"

namespace sagitta::database {

// The parts of the database that calls of handles need. They outlive every CollectionUse, not every
// handle.
struct DatabaseParts {
  Catalog* catalog = nullptr;
  compactor::Compactor* compactor = nullptr;
  Snapshots* snapshots = nullptr;
  const ModelStore* models = nullptr;
  const base::MemoryBudget* memory = nullptr;
};

std::shared_ptr<Collection> MakeCollectionHandle(std::shared_ptr<LiveCollection> collection,
                                                 DatabaseParts parts);

}  // namespace sagitta::database
