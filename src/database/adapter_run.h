// One training of an adapter from its files to a published model. Used by one thread.
#pragma once

#include <string>

#include "database/trainer.h"

namespace sagitta::database {

struct AdapterRun {
  const TrainerParts& parts;
  const TrainingFiles& files;
  const TrainAdapterRequest& request;
  std::string uuid;  // of the job; goes into the model
  uint64_t id = 0;   // in the log
  CancelToken cancel;

  // CANCELLED. What was measured is in the log's note, also where nothing was published.
  Status Run() const;

 private:
  Status Publish(const learn::AdapterResult& result, uint64_t rows) const;
};

}  // namespace sagitta::database
