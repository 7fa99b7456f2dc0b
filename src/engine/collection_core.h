// CollectionCore: a collection's shards behind the operations of sagitta::Collection: checks
// requests, routes writes by id, reads over all shards. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/sequencer.h"
#include "engine/shard.h"
#include "engine/write_request.h"
#include "sagitta/admin.h"
#include "sagitta/query.h"
#include "sagitta/write.h"

namespace sagitta::engine {

class CollectionCore {
 public:
  // `directory` holds shard-0000/, shard-0001/, …, which are made when `create`. Shards open in
  // parallel. DATA_LOSS naming the file when one of them is damaged.
  static Result<std::shared_ptr<CollectionCore>> Open(const std::string& directory,
                                                      CollectionSchema schema,
                                                      const EngineContext& context, bool create);
  ~CollectionCore();
  void Stop();  // ends all writes; idempotent

  const std::string& directory() const { return directory_; }
  std::shared_ptr<const CollectionSchema> schema() const { return schema_->Get(); }
  const std::vector<std::shared_ptr<Shard>>& shards() const { return shards_; }

  // As sagitta::Collection documents them.
  Result<WriteResult> Upsert(std::vector<UpsertPoint> points, const WriteOptions& options);
  Result<WriteResult> Delete(std::span<const PointId> ids, const WriteOptions& options);
  Result<WriteResult> DeleteByFilter(const Filter& filter, const WriteOptions& options);
  Result<WriteResult> UpdatePayload(const PayloadUpdate& update, const WriteOptions& options);
  Result<std::vector<Point>> Get(std::span<const PointId> ids, const Select& select,
                                 const ReadOptions& options) const;
  Result<ScrollPage> Scroll(const ScrollRequest& request, const ReadOptions& options) const;
  Result<CountResult> Count(const std::optional<Filter>& filter, const ReadOptions& options) const;
  Result<QueryResult> Search(const Query& query, const ReadOptions& options) const;
  Result<std::vector<Result<QueryResult>>> SearchBatch(std::span<const Query> queries,
                                                       const ReadOptions& options) const;
  // Deletes points that have expired, at most `limit` per shard. Returns how many.
  Result<uint64_t> SweepExpired(uint64_t limit);
  CollectionStats Stats() const;  // without `indexed`, which the compactor knows

  // Puts `schema` in force: new index parameters, compaction settings and payload indexes. What it
  // changes must already be durable in the catalog. Does not build indexes.
  void SetSchema(CollectionSchema schema) { schema_->Set(std::move(schema)); }
  // Builds, in every shard, an index that the schema already has; drops one that it no longer has.
  Status BuildPayloadIndex(const PayloadIndex& index, const CancelToken& cancel);
  Status DropPayloadIndex(std::string_view path);

  // Copies every shard to `to`/shard-NNNN as of one moment over all shards, and says what it holds.
  struct CheckpointInfo {
    uint64_t points = 0;
    uint64_t seq = 0;
  };
  Result<CheckpointInfo> Checkpoint(const std::string& to);

 private:
  CollectionCore(std::string directory, std::shared_ptr<LiveSchema> schema, EngineContext context);

  Result<std::vector<ShardView>> Views(const ReadOptions& options) const;
  // Hands every shard its part (null = none) and waits for all.
  Result<WriteResult> Apply(ShardWrites writes, const std::string& request_id,
                            Durability durability) EXCLUDES_LOCK(submit_mu_);
  // The first result of a request that is remembered as a whole; nullopt when it is not.
  Result<std::optional<WriteResult>> FindDone(const std::string& request_id) const;
  // Applies `targets` in pieces of at most `piece`; the result's number is that of the last one.
  Result<WriteResult> ApplyInPieces(std::vector<RowTarget> targets, size_t piece,
                                    std::shared_ptr<const PayloadChange> change,
                                    const WriteOptions& options);
  Result<std::vector<RowTarget>> FindTargets(const Filter& filter) const;

  const std::string directory_;
  const std::shared_ptr<LiveSchema> schema_;
  const EngineContext context_;
  const std::shared_ptr<Sequencer> sequencer_;
  std::vector<std::shared_ptr<Shard>> shards_;
  // Held while a write takes its number and its places in the shards' queues, so that numbers
  // ascend in each.
  base::Mutex submit_mu_;
};

// "shard-0007"
std::string ShardDirectoryName(uint32_t shard);

}  // namespace sagitta::engine
