// One training of an adapter, from its files to what it comes to. Used by one thread.
#pragma once

#include "database/trainer.h"

namespace sagitta::database {

struct AdapterRun {
  const TrainerParts& parts;
  const TrainingFiles& files;
  const TrainAdapterRequest& request;
  uint64_t id = 0;  // in the log
  CancelToken cancel;

  // CANCELLED.
  Result<TrainingOutcome> Run() const;
};

}  // namespace sagitta::database
