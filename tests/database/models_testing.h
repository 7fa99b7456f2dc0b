// Shared by the tests of models: vectors with something to learn in them, collections of them,
// trainings that take a second or less.
#pragma once

#include <chrono>
#include <cmath>
#include <thread>

#include "database/model_format.h"
#include "learn/random.h"
#include "tests/database/database_testing.h"

namespace sagitta::database {

inline constexpr uint32_t kModelDim = 32;

// Vector `i` of a cloud that lies near 8 of 32 directions, away from zero. `noise` is added.
inline std::vector<float> CloudRow(uint64_t i, float noise = 0.0f) {
  constexpr size_t kLatent = 8;
  learn::Random directions(99), latent(2 * i + 1), other(2 * i + 2);
  std::vector<float> z(kLatent), x(kModelDim, 1.0f);
  for (float& value : z) value = latent.Normal();
  for (float& value : x) {
    for (const float along : z) value += along * directions.Normal() / 2;
    value += 0.1f * latent.Normal() + noise * other.Normal();
  }
  double squares = 0;
  for (const float value : x) squares += double{value} * value;
  for (float& value : x) value /= static_cast<float>(std::sqrt(squares));
  return x;
}

inline VectorValue CloudVector(uint64_t i, float noise = 0.0f) {
  const std::vector<float> row = CloudRow(i, noise);
  return VectorValue(std::span<const float>(row));
}

// "cloud", of COSINE, without an index that is built.
inline CollectionSchema CloudSchema(const std::string& name = "cloud", uint32_t shards = 1) {
  CollectionSchema schema = SchemaOf(name, shards);
  schema.fields[0].dim = kModelDim;
  schema.fields[0].metric = Metric::kCosine;
  schema.fields[0].index.kind = IndexKind::kFlat;
  return schema;
}

inline Status InsertCloud(Collection& collection, uint64_t first, uint64_t count) {
  std::vector<UpsertPoint> points(count);
  for (uint64_t i = 0; i < count; ++i) {
    points[i].point.id = first + i;
    points[i].point.vectors["v"] = CloudVector(first + i);
  }
  return collection.Upsert(std::move(points), {}).status();
}

inline TrainingPairs CloudPairs(uint64_t count = 1000) {
  TrainingPairs pairs;
  for (uint64_t i = 0; i < count; ++i) {
    pairs.documents.push_back(CloudVector(i));
    pairs.queries.push_back(CloudVector(i, 0.1f));
  }
  return pairs;
}

inline TrainBinarizerRequest SmallTraining(const std::string& name = "codes") {
  TrainBinarizerRequest request;
  request.name = name;
  request.collection = "cloud";
  request.bits = 1;
  request.hidden = 16;
  request.steps = 60;
  request.batch = 256;
  request.held_out = 0.3f;
  return request;
}

// With pairs, from which more is learned in fewer steps.
inline TrainBinarizerRequest PairTraining(const std::string& name = "codes") {
  TrainBinarizerRequest request = SmallTraining(name);
  request.pairs = CloudPairs();
  return request;
}

// The job, or one without an id when there is none.
inline JobInfo FindJob(const Database& database, uint64_t id) {
  const CompactionStatus status = database.Compaction();
  for (const auto* jobs : {&status.running, &status.recent}) {
    for (const JobInfo& job : *jobs) {
      if (job.id == id) return job;
    }
  }
  return {};
}

inline bool HasEnded(const JobInfo& job) {
  return job.state != JobState::kQueued && job.state != JobState::kRunning;
}

// Waits until `done(job)`, two minutes at most.
template <typename Done>
JobInfo WaitForJob(const Database& database, uint64_t id, const Done& done) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  JobInfo job = FindJob(database, id);
  while (!done(job) && !HasEnded(job) && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    job = FindJob(database, id);
  }
  return job;
}

inline JobInfo WaitForEnd(const Database& database, uint64_t id) {
  return WaitForJob(database, id, HasEnded);
}

// The one training that goes on after an open, once it has ended.
inline JobInfo WaitForTraining(const Database& database) {
  uint64_t id = 0;
  const CompactionStatus status = database.Compaction();
  for (const auto* jobs : {&status.running, &status.recent}) {
    for (const JobInfo& job : *jobs) {
      if (job.kind == "train") id = job.id;
    }
  }
  EXPECT_NE(id, 0u) << "no training went on";
  return WaitForEnd(database, id);
}

// Runs it to its end; what it published, or what the job says.
inline Result<ModelInfo> Train(Database& database, TrainBinarizerRequest request) {
  const std::string name = request.name;
  SAGITTA_ASSIGN_OR_RETURN(const uint64_t id, database.TrainBinarizer(std::move(request)));
  const JobInfo job = WaitForEnd(database, id);
  if (job.state != JobState::kDone) return Status::Internal(job.error);
  if (!job.note.starts_with("published ")) return Status::FailedPrecondition(job.note);
  return database.GetModel(database.ListModels().back().ref);
}

// A model with nothing learned, as it would be exported.
inline std::string UntrainedModel(uint32_t dim, uint32_t bits, Metric metric = Metric::kCosine,
                                  uint64_t seed = 1) {
  codec::LearnedModel model;
  model.metric = metric;
  model.dim = model.core = model.width = dim;
  model.bits = bits;
  model.seed = seed;
  std::vector<float> rows;
  for (uint64_t i = 0; i < 200 && dim == kModelDim; ++i) {
    const std::vector<float> row = CloudRow(i);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  model.scale = codec::PlainScale(model, rows.data(), rows.size() / dim);
  StoredModel stored;
  stored.info.ref = {"any", 1};
  stored.body = codec::MakeLearnedCodec(model)->Serialize();
  return EncodeModel(stored);
}

inline CollectionUpdate LearnedBy(const std::string& model,
                                  IndexKind kind = IndexKind::kFlatCodes) {
  CollectionUpdate update;
  update.fields.push_back({.name = "v", .index = {}});
  update.fields[0].index.kind = kind;
  update.fields[0].index.codec.kind = CodecKind::kLearned;
  update.fields[0].index.codec.oversampling = 1;  // what is found is what codes find
  update.fields[0].index.codec.model = model;
  return update;
}

}  // namespace sagitta::database
