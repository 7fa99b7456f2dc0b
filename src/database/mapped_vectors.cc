#include "database/mapped_vectors.h"

#include <string>
#include <variant>

#include "engine/check_request.h"
#include "kernels/kernels.h"

namespace sagitta::database {
namespace {

Status NamesAdapter(Status status, const std::string& path) {
  if (status.code() == StatusCode::kDataLoss) return status;
  return Status::InvalidArgument(path + ".adapter", status.message());
}

std::string Dim(size_t dim) { return std::to_string(dim); }

Status CheckFit(const learn::Adapter& adapter, const VectorField& field, const std::string& path,
                const VectorValue& vector) {
  if (field.storage == Dtype::kBits || adapter.to_dim() != field.dim) {
    return Status::InvalidArgument(path + ".adapter",
                                   "'" + vector.adapter + "' makes vectors of dim " +
                                       Dim(adapter.to_dim()) + "; the field has " + Dim(field.dim) +
                                       (field.storage == Dtype::kBits ? " bits" : ""));
  }
  // The dtype first: of BITS, dim() is not exact.
  if (vector.dtype != Dtype::kBits && vector.dim() == adapter.from_dim() &&
      vector.bytes.size() == VectorBytes(vector.dtype, adapter.from_dim())) {
    return Status::Ok();
  }
  return Status::InvalidArgument(
      path,
      (vector.dtype == Dtype::kBits ? std::string("is BITS") : "dim is " + Dim(vector.dim())) +
          ", '" + vector.adapter + "' takes vectors of dim " + Dim(adapter.from_dim()));
}

Status MapVector(const VectorField& field, const ModelStore& models, const std::string& path,
                 VectorValue* vector, bool stored) {
  if (vector->adapter.empty()) return Status::Ok();
  const auto ref = ModelRef::Parse(path + ".adapter", vector->adapter);
  if (!ref.ok()) return ref.status();
  const auto adapter = models.FindAdapter(*ref);
  if (!adapter.ok()) return NamesAdapter(adapter.status(), path);
  SAGITTA_RETURN_IF_ERROR(CheckFit((*adapter)->adapter, field, path, *vector));
  const std::vector<float> floats = vector->ToFloats();
  if (!kernels::AllFinite(floats.data(), floats.size())) {
    return Status::InvalidArgument(path, "has an element that is NaN or infinite");
  }
  const std::vector<float> mapped = (*adapter)->adapter.ApplyOne(floats.data());
  (*adapter)->mapped.fetch_add(1, std::memory_order_relaxed);
  *vector = VectorValue(std::span<const float>(mapped));
  // What is between two integers is rounded to one of them.
  const bool integers = field.storage == Dtype::kI8 || field.storage == Dtype::kU8;
  if (!stored || !integers || !kernels::AllFinite(mapped.data(), mapped.size())) {
    return Status::Ok();
  }
  vector->dtype = field.storage;
  vector->bytes.assign(mapped.size(), '\0');
  kernels::FromFloat(field.storage)(mapped.data(), vector->bytes.data(), mapped.size());
  return Status::Ok();
}

}  // namespace

bool HasMappedVectors(const Query& query) {
  const auto* target = std::get_if<VectorValue>(&query.target);
  return (target != nullptr && !target->adapter.empty()) ||
         (query.rerank.has_value() && !query.rerank->vector.adapter.empty());
}

bool HasMappedVectors(std::span<const UpsertPoint> points) {
  for (const UpsertPoint& point : points) {
    for (const auto& [name, vector] : point.point.vectors) {
      if (!vector.adapter.empty()) return true;
    }
  }
  return false;
}

Status MapVectors(const CollectionSchema& schema, const ModelStore& models, Query* query) {
  const auto field = engine::FindQueryField(schema, query->field);
  auto* target = std::get_if<VectorValue>(&query->target);
  if (field.ok() && target != nullptr) {
    SAGITTA_RETURN_IF_ERROR(MapVector(**field, models, "vector", target, /*stored=*/false));
  }
  if (!query->rerank.has_value()) return Status::Ok();
  const VectorField* second = schema.FindField(query->rerank->field);
  if (second == nullptr) return Status::Ok();
  return MapVector(*second, models, "rerank.vector", &query->rerank->vector, /*stored=*/false);
}

Status MapVectors(const CollectionSchema& schema, const ModelStore& models,
                  std::vector<UpsertPoint>* points) {
  for (size_t i = 0; i < points->size(); ++i) {
    for (auto& [name, vector] : (*points)[i].point.vectors) {
      const VectorField* field = vector.adapter.empty() ? nullptr : schema.FindField(name);
      if (field == nullptr) continue;
      SAGITTA_RETURN_IF_ERROR(
          MapVector(*field, models, "points[" + std::to_string(i) + "].vectors." + name, &vector,
                    /*stored=*/true));
    }
  }
  return Status::Ok();
}

}  // namespace sagitta::database
