// What a training starts from: a request that can be carried out, and rows. Thread-safe.
#pragma once

#include "database/model_store.h"
#include "database/training_files.h"
#include "engine/collection_core.h"
#include "learn/adapter.h"
#include "learn/train_binarizer.h"

namespace sagitta::database {

// Fewer are no sample: a tenth of them is held out.
inline constexpr uint32_t kLeastTrainingRows = 256;

// INVALID_ARGUMENT names the field of the request; NOT_FOUND for `compatible_with`. Fills in
// `field`.
Status CheckTraining(const CollectionSchema& schema, const ModelStore& models,
                     TrainBinarizerRequest* request);

// INVALID_ARGUMENT names the field of the request. Fills in `field`.
Status CheckAdapterTraining(const CollectionSchema& schema, TrainAdapterRequest* request);

// REQUIRES: the request was checked, or has been once.
learn::AdapterOptions OptionsOf(const TrainAdapterRequest& request);
learn::BinarizerOptions OptionsOf(const TrainBinarizerRequest& request, Metric metric);

// INVALID_ARGUMENT "pairs.queries[7]". REQUIRES: CheckTraining() said OK.
Result<TrainingRows> RowsOfPairs(const TrainingPairs& pairs, const VectorField& field);

// INVALID_ARGUMENT "from[7]", "to[7]", "points[7]". REQUIRES: CheckAdapterTraining() said OK.
Result<TrainingRows> RowsOfAdapter(const TrainAdapterRequest& request,
                                   const engine::CollectionCore& collection,
                                   const VectorField& field);

// At most `n` vectors of a field, the same for the same points and seed: those whose ids have the
// smallest hashes, in that order. CANCELLED.
Result<learn::Matrix> SampleRows(const engine::CollectionCore& collection, const VectorField& field,
                                 size_t n, uint64_t seed, const CancelToken& cancel);

}  // namespace sagitta::database
