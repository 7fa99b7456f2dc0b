// Whether a trained model is better than what it started from.
#pragma once

#include "learn/binarizer_plan.h"

namespace sagitta::learn {

// Gives a model that cannot be undone by its rotation the matrix that rebuilds kept rows from what
// their codes stand for with the least squared error.
Status FitDecoder(const BinarizerPlan& plan, RowsView rows, codec::LearnedModel* model);

// Of held-out rows. `document` is null where documents keep their codes. CANCELLED.
Result<GateMetrics> MeasureModels(const BinarizerPlan& plan, const codec::LearnedModel& query,
                                  const codec::LearnedModel* document, const CancelToken& cancel);

// The old model's own queries among its documents; −1 where there are none.
Result<double> MeasureOldAlone(const BinarizerPlan& plan, const CancelToken& cancel);

// No metric is worse.
bool IsNoWorse(const GateMetrics& after, const GateMetrics& before);

}  // namespace sagitta::learn
