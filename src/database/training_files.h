// What a training keeps on disk, in a folder of its own, so that it goes on after a crash:
//
//   JOB.json     the request; written last, so that the job is there with all that it needs
//   rows         what is trained on: pairs that were given, or the sample once it is taken
//   checkpoint   learn::BinarizerTrainer::Checkpoint()
//
// Thread-compatible.
#pragma once

#include <string>

#include "learn/matrix.h"
#include "sagitta/model.h"

namespace sagitta::database {

// n × dim each; all but `documents` may be empty.
struct TrainingRows {
  learn::Matrix documents, queries, old_documents, old_queries;
};

class TrainingFiles {
 public:
  explicit TrainingFiles(std::string folder) : folder_(std::move(folder)) {}
  const std::string& folder() const { return folder_; }

  // The pairs of the request are not in JOB.json.
  Status SaveJob(const TrainBinarizerRequest& request) const;
  bool HasJob() const;
  // With pairs (empty ones) where there were any. DATA_LOSS.
  Result<TrainBinarizerRequest> LoadJob() const;
  // It will not be found again. The rest is removed by Remove().
  Status ForgetJob() const;

  Status SaveRows(const TrainingRows& rows) const;
  bool HasRows() const;
  Result<TrainingRows> LoadRows() const;

  Status SaveCheckpoint(std::string_view bytes) const;
  bool HasCheckpoint() const;
  Result<std::string> LoadCheckpoint() const;

  Status Remove() const;

 private:
  std::string Path(const char* name) const { return folder_ + "/" + name; }

  const std::string folder_;
};

}  // namespace sagitta::database
