#include "database/collection_handle.h"

#include <algorithm>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>

#include "compactor/storage_tuner.h"
#include "database/mapped_vectors.h"
#include "database/no_throw.h"
#include "database/schema_change.h"

namespace sagitta::database {
namespace {

class CollectionHandle final : public Collection {
 public:
  CollectionHandle(std::shared_ptr<LiveCollection> collection, DatabaseParts parts)
      : collection_(std::move(collection)), parts_(parts) {}

  CollectionSchema Schema() const override { return *collection_->schema(); }

  Result<WriteResult> Upsert(std::vector<UpsertPoint> points,
                             const WriteOptions& options) override {
    return Run([&](const CollectionUse& use) -> Result<WriteResult> {
      if (HasMappedVectors(points)) {
        SAGITTA_RETURN_IF_ERROR(MapVectors(*use.core().schema(), *parts_.models, &points));
      }
      return use.core().Upsert(std::move(points), options);
    });
  }
  Result<WriteResult> Delete(std::span<const PointId> ids, const WriteOptions& options) override {
    return Run([&](const CollectionUse& use) { return use.core().Delete(ids, options); });
  }
  Result<WriteResult> DeleteByFilter(const Filter& filter, const WriteOptions& options) override {
    return Run(
        [&](const CollectionUse& use) { return use.core().DeleteByFilter(filter, options); });
  }
  Result<WriteResult> UpdatePayload(const PayloadUpdate& update,
                                    const WriteOptions& options) override {
    return Run([&](const CollectionUse& use) { return use.core().UpdatePayload(update, options); });
  }

  Result<std::vector<Point>> Get(std::span<const PointId> ids, const Select& select,
                                 const ReadOptions& options) const override {
    return Run([&](const CollectionUse& use) { return use.core().Get(ids, select, options); });
  }
  Result<ScrollPage> Scroll(const ScrollRequest& request,
                            const ReadOptions& options) const override {
    return Run([&](const CollectionUse& use) { return use.core().Scroll(request, options); });
  }
  Result<CountResult> Count(const std::optional<Filter>& filter,
                            const ReadOptions& options) const override {
    return Run([&](const CollectionUse& use) { return use.core().Count(filter, options); });
  }
  Result<QueryResult> Search(const Query& query, const ReadOptions& options) const override {
    return Run([&](const CollectionUse& use) -> Result<QueryResult> {
      if (!HasMappedVectors(query)) return use.core().Search(query, options);
      Query mapped = query;
      SAGITTA_RETURN_IF_ERROR(MapVectors(*use.core().schema(), *parts_.models, &mapped));
      return use.core().Search(mapped, options);
    });
  }
  Result<std::vector<Result<QueryResult>>> SearchBatch(std::span<const Query> queries,
                                                       const ReadOptions& options) const override {
    return Run([&](const CollectionUse& use) -> Result<std::vector<Result<QueryResult>>> {
      const bool mapped = std::any_of(queries.begin(), queries.end(),
                                      [](const Query& query) { return HasMappedVectors(query); });
      if (!mapped) return use.core().SearchBatch(queries, options);
      return SearchMapped(use.core(), queries, options);
    });
  }

  Status CreatePayloadIndex(const PayloadIndex& index) override;
  Status DropPayloadIndex(std::string_view path) override;

  Result<CollectionStats> Stats() const override {
    return Run([&](const CollectionUse& use) -> Result<CollectionStats> {
      CollectionStats stats = use.core().Stats();
      stats.indexed = parts_.compactor->Idle(&use.core());
      return stats;
    });
  }
  Status Compact() override {
    return Run([&](const CollectionUse& use) { return parts_.compactor->Force(&use.core()); });
  }
  Status WaitIndexed(const CancelToken& cancel,
                     const std::function<void(double)>& progress) override {
    return Run([&](const CollectionUse& use) {
      return parts_.compactor->WaitIdle(&use.core(), cancel, progress);
    });
  }
  Result<StorageReport> RecommendStorage(const StorageRequest& request, const CancelToken& cancel,
                                         const std::function<void(double)>& progress) override {
    return Run([&](const CollectionUse& use) {
      return compactor::RecommendStorage(use.core(), request, *parts_.memory, cancel, progress);
    });
  }
  Result<SnapshotInfo> CreateSnapshot() override {
    return Run([&](const CollectionUse& use) { return parts_.snapshots->Create(use.core()); });
  }

 private:
  // fn(use) while the collection stays, or why it is not there.
  template <typename Fn>
  auto Run(const Fn& fn) const -> std::invoke_result_t<Fn, const CollectionUse&> {
    using Answer = std::invoke_result_t<Fn, const CollectionUse&>;
    return NoThrow([&]() -> Answer {
      auto use = collection_->Begin();
      if (!use.ok()) return use.status();
      Answer answer = fn(*use);
      if constexpr (std::is_same_v<Answer, Status>) {
        return collection_->Explain(answer);
      } else {
        if (!answer.ok()) return collection_->Explain(answer.status());
        return answer;
      }
    });
  }

  // A query whose mapping fails, fails alone.
  Result<std::vector<Result<QueryResult>>> SearchMapped(const engine::CollectionCore& core,
                                                        std::span<const Query> queries,
                                                        const ReadOptions& options) const;

  // Payload indexes, one change at a time: the schema on disk first, then the segments.
  template <typename Alter, typename Apply>
  Status ChangeIndexes(const Alter& alter, const Apply& apply) {
    return Run([&](const CollectionUse& use) -> Status {
      base::MutexLock one_at_a_time(collection_->index_mu());
      SAGITTA_RETURN_IF_ERROR(collection_->closing().Check());
      SAGITTA_RETURN_IF_ERROR(parts_.catalog->Alter(*collection_, use, alter).status());
      return apply(use);
    });
  }

  const std::shared_ptr<LiveCollection> collection_;
  const DatabaseParts parts_;
};

Result<std::vector<Result<QueryResult>>> CollectionHandle::SearchMapped(
    const engine::CollectionCore& core, std::span<const Query> queries,
    const ReadOptions& options) const {
  std::vector<Query> good(queries.begin(), queries.end());
  std::map<size_t, Status> failed;
  const auto schema = core.schema();
  for (size_t i = 0; i < good.size(); ++i) {
    const Status status = MapVectors(*schema, *parts_.models, &good[i]);
    // What could not be mapped is refused by the engine, too, so that the batch keeps its order.
    if (!status.ok()) failed.emplace(i, status);
  }
  SAGITTA_ASSIGN_OR_RETURN(auto results, core.SearchBatch(good, options));
  for (auto& [i, status] : failed) results[i] = std::move(status);
  return results;
}

Status CollectionHandle::CreatePayloadIndex(const PayloadIndex& index) {
  const auto with_index = [&](const CollectionSchema& schema) -> Result<CollectionSchema> {
    SAGITTA_ASSIGN_OR_RETURN(auto changed, WithIndex(schema, index));
    return changed.has_value() ? std::move(*changed) : schema;
  };
  // Built also when the schema had it: the build may have failed the first time. Segments that have
  // it cost nothing.
  return ChangeIndexes(with_index, [&](const CollectionUse& use) {
    return use.core().BuildPayloadIndex(index, collection_->closing());
  });
}

Status CollectionHandle::DropPayloadIndex(std::string_view path) {
  return ChangeIndexes([&](const CollectionSchema& schema) { return WithoutIndex(schema, path); },
                       [&](const CollectionUse& use) { return use.core().DropPayloadIndex(path); });
}

}  // namespace

std::shared_ptr<Collection> MakeCollectionHandle(std::shared_ptr<LiveCollection> collection,
                                                 DatabaseParts parts) {
  return std::make_shared<CollectionHandle>(std::move(collection), parts);
}

}  // namespace sagitta::database
