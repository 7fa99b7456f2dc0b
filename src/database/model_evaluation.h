// How much a model finds among a collection's vectors, beside the untrained code. Thread-safe.
#pragma once

#include "database/model_format.h"
#include "engine/collection_core.h"
#include "learn/matrix.h"

namespace sagitta::database {

// The rows that Database::EvaluateModel looks at. INVALID_ARGUMENT "field", FAILED_PRECONDITION
// where there are too few, CANCELLED.
Result<learn::Matrix> EvaluationRows(const ModelInfo& model,
                                     const engine::CollectionCore& collection,
                                     std::string_view field, const CancelToken& cancel);
Result<ModelEvaluation> EvaluateModelOn(const StoredModel& model, learn::RowsView rows,
                                        const CancelToken& cancel);

}  // namespace sagitta::database
