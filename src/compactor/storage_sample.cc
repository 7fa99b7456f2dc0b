#include "compactor/storage_sample.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>

#include "engine/narrow_rows.h"
#include "index/many_scan.h"

namespace sagitta::compactor {
namespace {

constexpr uint64_t kLeastRows = 1'000;
constexpr size_t kTogether = 16;  // queries that read the rows together

// A row of a segment, and what it is kept as there.
struct Place {
  const engine::Segment* segment;
  uint32_t row;
};

class Sampler {
 public:
  Sampler(const engine::CollectionCore& collection, uint16_t field, const VectorField& settings)
      : field_(field), settings_(settings) {
    sample_.layout = engine::LayoutOf(settings);
    for (const auto& shard : collection.shards()) views_.push_back(shard->View());
    sample_.segments = 0;
    for (const engine::ShardView& view : views_) {
      for (const engine::SegmentView& segment : view.segments) {
        sample_.segments += segment.segment->sealed() && segment.rows > 0;
      }
    }
    sample_.segments = std::max<size_t>(sample_.segments, 1);
  }

  // Every live row that has the field counts; which are taken follows from the seed.
  Status Draw(const StorageRequest& request, const CancelToken& cancel) {
    std::vector<Place> places;
    for (const engine::ShardView& view : views_) {
      for (const engine::SegmentView& segment : view.segments) {
        SAGITTA_RETURN_IF_ERROR(cancel.Check());
        for (uint32_t row = 0; row < segment.rows; ++row) {
          if (segment.IsDead(row) || segment.segment->vector(field_, row) == nullptr) continue;
          places.push_back({segment.segment.get(), row});
        }
      }
    }
    sample_.rows_live = places.size();
    if (places.size() < kLeastRows) {
      return Status::FailedPrecondition(
          "field " + settings_.name + " has " + std::to_string(places.size()) +
          " vectors; to measure on them takes " + std::to_string(kLeastRows) + " or more");
    }
    const size_t asked = request.queries.empty() ? request.sample_queries : 0;
    const size_t wanted = std::min<size_t>(places.size(), size_t{request.sample_rows} + asked);
    std::mt19937_64 random(request.seed);
    for (size_t i = 0; i < wanted; ++i) {  // the beginning of a shuffle
      std::swap(places[i], places[i + random() % (places.size() - i)]);
    }
    const size_t queries = std::min(asked, wanted / 5);
    for (size_t i = 0; i < queries; ++i) AddQuery(places[i]);
    sample_.query_count = queries;
    return TakeRows({places.begin() + static_cast<ptrdiff_t>(queries),
                     places.begin() + static_cast<ptrdiff_t>(wanted)},
                    cancel);
  }

  Status TakeQueries(const std::vector<VectorValue>& queries) {
    for (size_t i = 0; i < queries.size(); ++i) {
      SAGITTA_ASSIGN_OR_RETURN(
          const std::vector<float> vector,
          engine::ToQueryVector(settings_, queries[i], "queries[" + std::to_string(i) + "]"));
      sample_.queries.insert(sample_.queries.end(), vector.begin(), vector.end());
    }
    sample_.query_count = queries.size();
    return Status::Ok();
  }

  StorageSample Take() { return std::move(sample_); }

 private:
  std::vector<float> FloatsOf(const Place& place) const {
    std::vector<float> floats(sample_.layout.dim);
    kernels::ToFloat(place.segment->row_dtype(field_))(place.segment->vector(field_, place.row),
                                                       floats.data(), floats.size());
    return floats;
  }

  void AddQuery(const Place& place) {
    const std::vector<float> floats = FloatsOf(place);
    sample_.queries.insert(sample_.queries.end(), floats.begin(), floats.end());
  }

  // Kept in as few bits as a segment of these rows would keep them in.
  Status TakeRows(const std::vector<Place>& places, const CancelToken& cancel) {
    const uint32_t dim = sample_.layout.dim;
    engine::NarrowRows narrow(sample_.layout);
    for (const Place& place : places) {
      if (!narrow.open()) break;
      narrow.Add(place.segment->row_dtype(field_), place.segment->vector(field_, place.row));
    }
    sample_.dtype = narrow.dtype();
    sample_.n = places.size();
    const size_t stride = VectorBytes(sample_.dtype, dim);
    sample_.bytes.resize(sample_.n * stride);
    for (size_t i = 0; i < places.size(); ++i) {
      if (i % 1024 == 0) SAGITTA_RETURN_IF_ERROR(cancel.Check());
      std::byte* to = sample_.bytes.data() + i * stride;
      if (places[i].segment->row_dtype(field_) == sample_.dtype) {
        std::memcpy(to, places[i].segment->vector(field_, places[i].row), stride);
      } else {
        kernels::FromFloat(sample_.dtype)(FloatsOf(places[i]).data(), to, dim);
      }
    }
    return Status::Ok();
  }

  const uint16_t field_;
  const VectorField& settings_;
  std::vector<engine::ShardView> views_;
  StorageSample sample_;
};

}  // namespace

index::VectorRows StorageSample::rows(size_t count) const {
  return {.data = bytes.data(),
          .n = std::min(count, n),
          .dim = layout.dim,
          .dtype = dtype,
          .metric = layout.metric};
}

Result<StorageSample> DrawStorageSample(const engine::CollectionCore& collection,
                                        const StorageRequest& request, const CancelToken& cancel) {
  const auto schema = collection.schema();
  uint16_t number = 0;
  while (number < schema->fields.size() && schema->fields[number].name != request.field) ++number;
  if (number == schema->fields.size()) {
    return Status::InvalidArgument("field",
                                   "'" + request.field + "' is no vector field of " + schema->name);
  }
  const VectorField& field = schema->fields[number];
  if (field.storage == Dtype::kBits) {
    return Status::InvalidArgument(
        "field", "'" + request.field + "' holds bits, which are as compact as they get");
  }
  Sampler sampler(collection, number, field);
  SAGITTA_RETURN_IF_ERROR(sampler.Draw(request, cancel));
  if (!request.queries.empty()) SAGITTA_RETURN_IF_ERROR(sampler.TakeQueries(request.queries));
  return sampler.Take();
}

Result<std::vector<float>> ExactLimits(const StorageSample& sample, size_t rows, size_t queries,
                                       uint32_t k, const CancelToken& cancel) {
  std::vector<float> limits(queries);
  for (size_t begin = 0; begin < queries; begin += kTogether) {
    const size_t end = std::min(begin + kTogether, queries);
    std::vector<std::vector<index::Candidate>> found(end - begin);
    std::vector<index::ManyQuery> many;
    for (size_t i = begin; i < end; ++i) {
      index::IndexQuery query;
      query.vector = sample.query(i);
      query.k = k;
      query.cancel = &cancel;
      many.push_back({query, &found[i - begin]});
    }
    uint64_t distances = 0;
    index::ManyScan scan(many);
    SAGITTA_RETURN_IF_ERROR(scan.Add(sample.rows(rows), {}, &distances));
    scan.Finish();
    for (size_t i = begin; i < end; ++i) {
      limits[i] = found[i - begin].empty() ? 0.0f : found[i - begin].back().key;
    }
  }
  return limits;
}

}  // namespace sagitta::compactor
