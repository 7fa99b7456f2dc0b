#include "tests/engine/read_world.h"

#include <algorithm>
#include <cmath>

#include "engine/context.h"
#include "engine/sealed_segment.h"
#include "engine/segment_writer.h"
#include "filter/payload_codec.h"
#include "tests/filter/random_filters.h"

namespace sagitta::engine {
namespace {

std::shared_ptr<store::StoreResources> Resources() {
  static const auto resources = store::StoreResources::Create(32u << 20, 1);
  return resources;
}

float ScoreOf(Metric metric, const std::vector<float>& a, const std::vector<float>& b) {
  double dot = 0, l2 = 0, l1 = 0, aa = 0, bb = 0, either = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double x = a[i], y = b[i];
    dot += x * y;
    aa += x * x;
    bb += y * y;
    l2 += (x - y) * (x - y);
    l1 += std::fabs(x - y);
    either += x != 0 || y != 0 ? 1 : 0;
  }
  switch (metric) {
    case Metric::kL2:
      return std::sqrt(static_cast<float>(l2));
    case Metric::kInnerProduct:
      return static_cast<float>(dot);
    case Metric::kCosine:
      return static_cast<float>(dot / std::sqrt(aa * bb));
    case Metric::kL1:
    case Metric::kHamming:
      return static_cast<float>(l1);
    case Metric::kJaccard:
      return either == 0 ? 0.0f : static_cast<float>(l1) / static_cast<float>(either);
  }
  return 0;
}

// The kind of a field of BITS that is like `kind`.
IndexKind KindFor(Dtype storage, IndexKind kind) {
  if (storage != Dtype::kBits || IsBinary(kind)) return kind;
  if (kind == IndexKind::kHnsw || kind == IndexKind::kGraph) return IndexKind::kBinaryHnsw;
  return kind == IndexKind::kIvfFlat ? IndexKind::kBinaryIvf : IndexKind::kBinaryFlat;
}

}  // namespace

struct ReadWorld::Shard {
  std::string path;
  std::shared_ptr<store::ShardStore> store;
  std::vector<std::shared_ptr<Segment>> segments;
  std::shared_ptr<MutableSegment> growing;
  uint64_t next_internal_id = 1;
};

ReadWorld::ReadWorld(CollectionSchema schema, size_t segment_capacity)
    : schema_(std::move(schema)),
      layouts_(LayoutsOf(schema_)),
      capacity_(segment_capacity),
      budget_(1ull << 40) {
  for (uint32_t i = 0; i < schema_.shards; ++i) {
    auto shard = std::make_unique<Shard>();
    shard->path = directory_ / ("shard" + std::to_string(i));
    auto store = store::ShardStore::Open(shard->path, Resources());
    EXPECT_TRUE(store.ok()) << store.status().ToString();
    shard->store = std::move(*store);
    shard->growing = NewGrowing();
    shards_.push_back(std::move(shard));
  }
}

ReadWorld::~ReadWorld() = default;

std::shared_ptr<MutableSegment> ReadWorld::NewGrowing() {
  auto segment = std::make_shared<MutableSegment>("mutable", layouts_, capacity_, &budget_);
  for (const PayloadIndex& index : schema_.indexes) {
    segment->SetPayloadIndex(index.path, filter::PayloadIndexData::Create(index));
  }
  return segment;
}

uint32_t ReadWorld::ShardOf(const PointId& id) const {
  return RouteOf(id.Encode(), static_cast<uint32_t>(shards_.size()));
}

void ReadWorld::Kill(Shard& shard, uint64_t internal_id) {
  if (const auto row = shard.growing->FindRow(internal_id)) shard.growing->tombstones().Set(*row);
  for (const auto& segment : shard.segments) {
    if (const auto row = segment->FindRow(internal_id)) segment->tombstones().Set(*row);
  }
}

void ReadWorld::Upsert(Point point) {
  Shard& shard = *shards_[ShardOf(point.id)];
  point.version = ++seq_;
  const std::string key = point.id.Encode();
  const uint64_t internal_id = shard.next_internal_id;
  shard.next_internal_id += 1 + internal_id % 3;  // ids have gaps
  std::vector<store::StoredVector> vectors;
  for (uint16_t i = 0; i < schema_.fields.size(); ++i) {
    const auto it = point.vectors.find(schema_.fields[i].name);
    if (it != point.vectors.end()) vectors.push_back({i, it->second});
  }
  const auto payload = filter::EncodePayload(point.payload);
  ASSERT_OK(payload.status());
  auto batch = shard.store->NewBatch();
  const auto old = points_.find(point.id);
  if (old != points_.end()) {
    batch->DeleteRow(key, {rows_[point.id], old->second.version, old->second.expires_at_ms},
                     static_cast<uint16_t>(schema_.fields.size()), false);
    Kill(shard, rows_[point.id]);
  }
  batch->PutPoint(key, internal_id, point.version, point.expires_at_ms, vectors, *payload);
  ASSERT_OK(shard.store->Commit(*batch, false));
  if (shard.growing->room() == 0) Seal(ShardOf(point.id));
  shard.growing->Append(internal_id, point.version, point.expires_at_ms, key, vectors);
  shard.growing->IndexPayload(*payload);
  shard.growing->Publish();
  rows_[point.id] = internal_id;
  points_[point.id] = std::move(point);
}

void ReadWorld::Delete(const PointId& id) {
  const auto old = points_.find(id);
  if (old == points_.end()) return;
  Shard& shard = *shards_[ShardOf(id)];
  auto batch = shard.store->NewBatch();
  batch->DeleteRow(id.Encode(), {rows_[id], old->second.version, old->second.expires_at_ms},
                   static_cast<uint16_t>(schema_.fields.size()), true);
  ASSERT_OK(shard.store->Commit(*batch, false));
  Kill(shard, rows_[id]);
  rows_.erase(id);
  points_.erase(old);
}

void ReadWorld::Seal(uint32_t number, IndexKind kind) {
  Shard& shard = *shards_[number];
  const std::vector<std::shared_ptr<Segment>> sources = {shard.growing};
  const std::vector<std::shared_ptr<const base::Bitset>> dead = {shard.growing->DeadRows()};
  const auto rows = LiveRows(sources, dead);
  if (rows.empty()) return;
  SegmentWriteOptions options;
  options.path = directory_ / ("segment" + std::to_string(++files_));
  options.layouts = layouts_;
  for (const FieldLayout& layout : layouts_) {
    options.indexes.push_back({.kind = KindFor(layout.storage, kind)});
  }
  ASSERT_OK(WriteSegment(sources, rows, options));
  auto sealed = SealedSegment::Open(options.path, std::to_string(files_), layouts_);
  ASSERT_OK(sealed.status());
  for (const PayloadIndex& index : schema_.indexes) {
    auto data = filter::PayloadIndexData::Create(index);
    for (uint32_t row = 0; row < rows.size(); ++row) {
      const auto id = PointId::Decode((*sealed)->ext_key(row));
      data->Add(row, *filter::EncodePayload(points_.at(*id).payload));
    }
    data->Freeze();
    (*sealed)->SetPayloadIndex(index.path, std::move(data));
  }
  shard.segments.push_back(std::move(*sealed));
  shard.growing = NewGrowing();
}

void ReadWorld::Degrade(uint32_t number) {
  Shard& shard = *shards_[number];
  shard.growing->Freeze(seq_, true);
  shard.segments.push_back(shard.growing);
  shard.growing = NewGrowing();
}

void ReadWorld::DropIndex(uint32_t shard, size_t segment, const std::string& path) {
  shards_[shard]->segments.at(segment)->DropPayloadIndex(path);
}

std::vector<ShardView> ReadWorld::Views() const {
  std::vector<ShardView> views;
  for (const auto& shard : shards_) {
    ShardView view;
    view.store = shard->store;
    view.at = shard->store->Snapshot();
    view.now_ms = kNow;
    std::vector<std::shared_ptr<Segment>> segments = shard->segments;
    segments.push_back(shard->growing);
    for (const auto& segment : segments) {
      if (segment->rows() == 0) continue;
      view.segments.push_back(
          {segment, segment->rows(), segment->DeadRows(), segment->payload_indexes()});
    }
    views.push_back(std::move(view));
  }
  return views;
}

bool ReadWorld::Alive(const Point& point) const {
  return point.expires_at_ms == 0 || point.expires_at_ms > kNow;
}

std::vector<PointId> ReadWorld::Matching(const std::optional<Filter>& filter) const {
  std::vector<PointId> ids;
  for (const auto& [id, point] : points_) {
    if (!Alive(point)) continue;
    if (!filter || filter::NaiveMatches(*filter, point.payload, id)) ids.push_back(id);
  }
  return ids;
}

std::vector<ReadWorld::Ranked> ReadWorld::Rank(const VectorField& field,
                                               const std::vector<float>& vector,
                                               const std::optional<Filter>& filter,
                                               const std::optional<PointId>& self) const {
  std::vector<Ranked> ranked;
  for (const PointId& id : Matching(filter)) {
    const Point& point = points_.at(id);
    const auto it = point.vectors.find(field.name);
    if (it == point.vectors.end() || id == self) continue;
    ranked.push_back({ScoreOf(field.metric, vector, it->second.ToFloats()), id});
  }
  const bool high = HigherIsCloser(field.metric);
  std::stable_sort(ranked.begin(), ranked.end(), [high](const Ranked& a, const Ranked& b) {
    return high ? a.score > b.score : a.score < b.score;
  });
  return ranked;
}

VectorValue StoredVector(const VectorField& field, const std::vector<float>& values) {
  auto stored = ToStorage(field, VectorValue(values));
  EXPECT_TRUE(stored.ok()) << stored.status().ToString();
  return std::move(*stored);
}

RandomWorld::RandomWorld(uint64_t seed) : random_(seed) {
  world_ = std::make_unique<ReadWorld>(RandomSchema(), 100 + Below(400));
}

CollectionSchema RandomWorld::RandomSchema() {
  CollectionSchema schema;
  schema.name = "c";
  schema.shards = static_cast<uint32_t>(1 + Below(4));
  for (size_t i = 0, n = 1 + Below(3); i < n; ++i) {
    VectorField field;
    field.name = "f" + std::to_string(i);
    field.dim = static_cast<uint32_t>(1 + Below(20));
    field.metric = static_cast<Metric>(1 + Below(4));
    field.storage = static_cast<Dtype>(1 + Below(6));
    if (field.storage == Dtype::kBits) {
      field.metric = OneIn(2) ? Metric::kHamming : Metric::kJaccard;
    }
    schema.fields.push_back(field);
  }
  schema.indexes = filter::RandomFilters(random_()).MakeIndexes();
  return schema;
}

const VectorField& RandomWorld::RandomField() {
  const auto& fields = world_->schema().fields;
  return fields[Below(fields.size())];
}

std::vector<float> RandomWorld::RandomVector(const VectorField& field) {
  std::vector<float> vector(field.dim);
  if (field.storage == Dtype::kBits) {
    for (float& v : vector) v = OneIn(2) ? 1.0f : 0.0f;
    return vector;
  }
  const int low = field.storage == Dtype::kU8 ? 0 : -2;
  for (float& v : vector) v = static_cast<float>(low + static_cast<int>(Below(4)));
  // No zero vectors, which COSINE refuses.
  if (std::all_of(vector.begin(), vector.end(), [](float v) { return v == 0; })) vector[0] = 1;
  return vector;
}

std::optional<Filter> RandomWorld::RandomFilter() {
  if (OneIn(4)) return std::nullopt;
  return filter::RandomFilters(random_()).MakeFilter();
}

PointId RandomWorld::RandomId() {
  const uint64_t number = Below(300);
  if (number < 150) return number;
  if (number < 200) return Uuid{.bytes = {static_cast<uint8_t>(number)}};
  return "text-" + std::to_string(number);
}

Point RandomWorld::RandomPoint() {
  Point point;
  point.id = RandomId();
  for (const VectorField& field : world_->schema().fields) {
    if (!OneIn(5)) point.vectors[field.name] = StoredVector(field, RandomVector(field));
  }
  if (point.vectors.empty()) {
    const VectorField& field = RandomField();
    point.vectors[field.name] = StoredVector(field, RandomVector(field));
  }
  point.payload = filter::RandomFilters(random_()).MakePayload();
  if (OneIn(8)) point.expires_at_ms = ReadWorld::kNow + static_cast<int64_t>(Below(3)) - 1;
  return point;
}

void RandomWorld::Change(size_t operations) {
  for (size_t i = 0; i < operations; ++i) {
    const size_t choice = Below(100);
    if (choice < 80) {
      world_->Upsert(RandomPoint());
    } else if (choice < 99) {
      world_->Delete(RandomId());
    } else {
      world_->Seal(static_cast<uint32_t>(Below(world_->schema().shards)));
    }
  }
}

}  // namespace sagitta::engine
