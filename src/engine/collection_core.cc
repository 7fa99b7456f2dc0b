#include "engine/collection_core.h"

#include <algorithm>

#include "base/file.h"
#include "engine/batch_search.h"
#include "engine/payload_index_build.h"
#include "engine/read_points.h"
#include "engine/search.h"
#include "filter/bind_text.h"

namespace sagitta::engine {
namespace {

constexpr size_t kMaxBatchQueries = 1024;
constexpr uint64_t kMaxBatchHits = 1'000'000;

Status CheckBatch(std::span<const Query> queries) {
  if (queries.empty() || queries.size() > kMaxBatchQueries) {
    return Status::InvalidArgument(
        "queries", "has " + std::to_string(queries.size()) + ", allowed are 1 to 1024");
  }
  uint64_t hits = 0;
  for (const Query& query : queries) {
    const uint64_t each = query.group_by.has_value() ? query.group_by->group_size : 1;
    hits += std::max<uint64_t>((uint64_t{query.k} + query.offset) * each,
                               query.rerank.has_value() ? query.rerank->candidates : 0);
  }
  if (hits <= kMaxBatchHits) return Status::Ok();
  return Status::InvalidArgument("queries",
                                 "ask for " + std::to_string(hits) +
                                     " hits (k + offset) or candidates, allowed are 1000000 in "
                                     "all");
}

bool HasTextIndex(const CollectionSchema& schema) {
  return std::any_of(schema.indexes.begin(), schema.indexes.end(), [](const PayloadIndex& index) {
    return index.kind == PayloadIndexKind::kText;
  });
}

// `filter` as the schema's TEXT indexes complete it; nothing where it is complete, or not valid
// (which is refused elsewhere).
std::optional<Filter> Completed(const CollectionSchema& schema,
                                const std::optional<Filter>& filter) {
  if (!filter.has_value() || !HasTextIndex(schema) || !filter->Validate().ok()) return {};
  return filter::BindText(*filter, schema.indexes);
}

// `request`, or `copy` of it with its filter completed.
template <typename Request>
const Request& WithText(const CollectionSchema& schema, const Request& request,
                        std::optional<Request>* copy) {
  std::optional<Filter> filter = Completed(schema, request.filter);
  if (!filter.has_value()) return request;
  *copy = request;
  (*copy)->filter = std::move(filter);
  return **copy;
}

}  // namespace

std::string ShardDirectoryName(uint32_t shard) {
  std::string digits = std::to_string(shard);
  return "shard-" + std::string(4 - std::min<size_t>(4, digits.size()), '0') + digits;
}

Result<std::shared_ptr<CollectionCore>> CollectionCore::Open(const std::string& directory,
                                                             CollectionSchema schema,
                                                             const EngineContext& context,
                                                             bool create) {
  const uint32_t count = schema.shards;
  auto live = std::make_shared<LiveSchema>(std::move(schema));
  std::shared_ptr<CollectionCore> core(new CollectionCore(directory, live, context));
  core->shards_.resize(count);
  std::vector<Status> errors(count);
  context.search_pool->ParallelFor(count, 0, [&](size_t i) {
    const auto number = static_cast<uint32_t>(i);
    auto shard = Shard::Open({.path = directory + "/" + ShardDirectoryName(number),
                              .number = number,
                              .context = context,
                              .schema = live,
                              .create = create});
    if (shard.ok()) {
      core->shards_[i] = std::move(*shard);
    } else {
      errors[i] = shard.status();
    }
  });
  for (const Status& error : errors) SAGITTA_RETURN_IF_ERROR(error);
  if (create) SAGITTA_RETURN_IF_ERROR(base::SyncDirectory(directory));
  for (const auto& shard : core->shards_) {
    core->sequencer_->AdvanceTo(shard->state().applied_seq());
  }
  return core;
}

CollectionCore::CollectionCore(std::string directory, std::shared_ptr<LiveSchema> schema,
                               EngineContext context)
    : directory_(std::move(directory)),
      schema_(std::move(schema)),
      context_(std::move(context)),
      sequencer_(std::make_shared<Sequencer>()) {}

CollectionCore::~CollectionCore() { Stop(); }

void CollectionCore::Stop() {
  for (const auto& shard : shards_) {
    if (shard != nullptr) shard->Stop();
  }
}

Result<std::vector<ShardView>> CollectionCore::Views(const ReadOptions& options) const {
  SAGITTA_RETURN_IF_ERROR(options.cancel.Check());
  SAGITTA_RETURN_IF_ERROR(sequencer_->WaitVisible(options.min_seq, options.cancel));
  std::vector<ShardView> views;
  views.reserve(shards_.size());
  for (const auto& shard : shards_) views.push_back(shard->View());
  return views;
}

Result<std::vector<Point>> CollectionCore::Get(std::span<const PointId> ids, const Select& select,
                                               const ReadOptions& options) const {
  const auto schema = this->schema();
  SAGITTA_RETURN_IF_ERROR(EncodeIds(ids).status());
  SAGITTA_RETURN_IF_ERROR(ValidateSelect(*schema, select));
  SAGITTA_ASSIGN_OR_RETURN(const auto views, Views(options));
  return GetPoints(*schema, views, ids, select);
}

Result<ScrollPage> CollectionCore::Scroll(const ScrollRequest& request,
                                          const ReadOptions& options) const {
  const auto schema = this->schema();
  SAGITTA_ASSIGN_OR_RETURN(const auto views, Views(options));
  std::optional<ScrollRequest> copy;
  return ScrollPoints(*schema, views, WithText(*schema, request, &copy), context_.search_pool,
                      options.cancel);
}

Result<CountResult> CollectionCore::Count(const std::optional<Filter>& filter,
                                          const ReadOptions& options) const {
  if (filter.has_value()) SAGITTA_RETURN_IF_ERROR(filter->Validate());
  SAGITTA_ASSIGN_OR_RETURN(const auto views, Views(options));
  const std::optional<Filter> completed = Completed(*schema(), filter);
  return CountPoints(views, completed.has_value() ? completed : filter, context_.search_pool,
                     options.cancel);
}

Result<QueryResult> CollectionCore::Search(const Query& query, const ReadOptions& options) const {
  const auto schema = this->schema();
  SAGITTA_RETURN_IF_ERROR(ValidateQuery(*schema, query));
  SAGITTA_ASSIGN_OR_RETURN(const auto views, Views(options));
  std::optional<Query> copy;
  return SearchViews(*schema, views, WithText(*schema, query, &copy), context_.search_pool,
                     options.cancel);
}

Result<std::vector<Result<QueryResult>>> CollectionCore::SearchBatch(
    std::span<const Query> queries, const ReadOptions& options) const {
  SAGITTA_RETURN_IF_ERROR(CheckBatch(queries));
  const auto schema = this->schema();
  SAGITTA_ASSIGN_OR_RETURN(const auto views, Views(options));
  std::vector<Query> copies;
  if (HasTextIndex(*schema)) {
    copies.assign(queries.begin(), queries.end());
    for (Query& query : copies) {
      if (auto filter = Completed(*schema, query.filter)) query.filter = std::move(filter);
    }
    queries = copies;
  }
  return SearchViewsBatch(*schema, views, queries, context_.search_pool, options.cancel);
}

CollectionStats CollectionCore::Stats() const {
  CollectionStats stats;
  stats.name = schema()->name;
  stats.seq = sequencer_->last();
  for (const auto& shard : shards_) {
    ShardStats facts = shard->Stats();
    stats.points += facts.points;
    stats.space += facts.space;
    stats.shards.push_back(std::move(facts));
  }
  return stats;
}

Status CollectionCore::BuildPayloadIndex(const PayloadIndex& index, const CancelToken& cancel) {
  for (const auto& shard : shards_) {
    SAGITTA_RETURN_IF_ERROR(AddPayloadIndex(shard->state(), index, cancel));
  }
  return Status::Ok();
}

Status CollectionCore::DropPayloadIndex(std::string_view path) {
  for (const auto& shard : shards_) {
    SAGITTA_RETURN_IF_ERROR(RemovePayloadIndex(shard->state(), path));
  }
  return Status::Ok();
}

Result<CollectionCore::CheckpointInfo> CollectionCore::Checkpoint(const std::string& to) {
  // No write is under way while this is held and none is pending: all shards show the same moment.
  base::MutexLock submit(submit_mu_);
  sequencer_->WaitNonePending();
  CheckpointInfo info{.points = 0, .seq = sequencer_->last()};
  for (const auto& shard : shards_) {
    base::MutexLock apply(shard->state().apply_mu);
    SAGITTA_RETURN_IF_ERROR(
        shard->CheckpointLocked(to + "/" + ShardDirectoryName(shard->state().number())));
    const ShardView view = shard->View();
    SAGITTA_ASSIGN_OR_RETURN(const CountResult count,
                             CountPoints({&view, 1}, std::nullopt, context_.search_pool, {}));
    info.points += count.count;
  }
  SAGITTA_RETURN_IF_ERROR(base::SyncDirectory(to));
  return info;
}

}  // namespace sagitta::engine
