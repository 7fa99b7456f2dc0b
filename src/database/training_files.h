// What a training keeps on disk, in a folder of its own, so that it goes on after a crash:
//
//   JOB.json     the request; written last, so that the job is there with all that it needs
//   rows         what is trained on: pairs that were given, or the sample once it is taken
//   checkpoint   learn::BinarizerTrainer::Checkpoint()
//
// Thread-compatible.
#pragma once

#include <string>
#include <variant>

#include "learn/matrix.h"
#include "sagitta/model.h"

namespace sagitta::database {

// n × dim each; all but `documents` may be empty. Of an adapter: queries are what it maps from,
// documents what it maps to.
struct TrainingRows {
  learn::Matrix documents, queries, old_documents, old_queries;

  uint64_t bytes() const {
    return sizeof(float) * (documents.values.size() + queries.values.size() +
                            old_documents.values.size() + old_queries.values.size());
  }
};

// Without vectors, which are TrainingRows.
using TrainingRequest = std::variant<TrainBinarizerRequest, TrainAdapterRequest>;

class TrainingFiles {
 public:
  explicit TrainingFiles(std::string folder) : folder_(std::move(folder)) {}
  const std::string& folder() const { return folder_; }

  Status SaveJob(const TrainingRequest& request) const;
  bool HasJob() const;
  // With pairs (empty ones) where there were any. DATA_LOSS.
  Result<TrainingRequest> LoadJob() const;
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
