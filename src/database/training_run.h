// One training of a binarizer, from its files to what it comes to. Used by one thread.
#pragma once

#include <string>

#include "database/trainer.h"

namespace sagitta::database {

struct TrainingRun {
  const TrainerParts& parts;
  const TrainingFiles& files;
  const TrainBinarizerRequest& request;
  uint64_t id = 0;  // in the log
  CancelToken cancel;

  // CANCELLED leaves a checkpoint.
  Result<TrainingOutcome> Run() const;

 private:
  struct Input;
  Result<Input> Prepare() const;
  Result<TrainingRows> Sample() const;
  Result<std::unique_ptr<learn::BinarizerTrainer>> MakeTrainer(const Input& input) const;
  Status Train(learn::BinarizerTrainer& trainer) const;
};

}  // namespace sagitta::database
