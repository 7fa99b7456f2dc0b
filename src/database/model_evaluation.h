// How much a model finds among a collection's vectors, beside the untrained code. Thread-safe.
#pragma once

#include "database/model_format.h"
#include "engine/collection_core.h"

namespace sagitta::database {

// As Database::EvaluateModel.
Result<ModelEvaluation> EvaluateModelOn(const StoredModel& model,
                                        const engine::CollectionCore& collection,
                                        std::string_view field, const CancelToken& cancel);

}  // namespace sagitta::database
