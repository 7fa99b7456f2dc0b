// One training from its files to a published model. Used by one thread.
#pragma once

#include <string>

#include "database/trainer.h"

namespace sagitta::database {

struct TrainingRun {
  const TrainerParts& parts;
  const TrainingFiles& files;
  const TrainBinarizerRequest& request;
  std::string uuid;  // of the job; goes into the model
  uint64_t id = 0;   // in the log
  CancelToken cancel;

  // CANCELLED leaves a checkpoint. What was measured is in the log's note, also where nothing was
  // published.
  Status Run() const;

 private:
  struct Input;
  Result<Input> Prepare() const;
  Result<TrainingRows> Sample() const;
  Result<std::unique_ptr<learn::BinarizerTrainer>> MakeTrainer(const Input& input) const;
  Status Train(learn::BinarizerTrainer& trainer) const;
  Status Publish(const Input& input, const learn::BinarizerResult& result) const;
};

}  // namespace sagitta::database
