#include "engine/check_request.h"

#include <cmath>

#include "base/bytes.h"
#include "engine/field_layout.h"
#include "engine/read_points.h"
#include "engine/search.h"
#include "filter/payload_path.h"
#include "filter/printable.h"

namespace sagitta::engine {
namespace {

constexpr uint32_t kMaxHits = 10'000;
constexpr uint32_t kMaxParam = 65'536;  // ef, nprobe
constexpr uint32_t kMaxGroupSize = 1'000;
constexpr float kMaxOversampling = 100;
constexpr char kHexDigits[] = "0123456789abcdef";

Status OutOfRange(const std::string& field, const std::string& given, const std::string& allowed) {
  return Status::InvalidArgument(field, "is " + given + ", allowed are " + allowed);
}

Status CheckRange(const std::string& field, uint64_t given, uint64_t least, uint64_t most) {
  if (given >= least && given <= most) return Status::Ok();
  return OutOfRange(field, std::to_string(given),
                    std::to_string(least) + "–" + std::to_string(most));
}

std::string FieldNames(const CollectionSchema& schema) {
  std::string names;
  for (const VectorField& field : schema.fields) {
    names += (names.empty() ? "" : ", ") + field.name;
  }
  return names;
}

Status UnknownField(const CollectionSchema& schema, const std::string& where,
                    std::string_view given) {
  return Status::InvalidArgument(
      where, filter::Printable(given) +
                 " is no vector field of the collection, which has: " + FieldNames(schema));
}

Status CheckTarget(const VectorField& field, const Query& query) {
  if (const auto* vector = std::get_if<VectorValue>(&query.target)) {
    return ToQueryVector(field, *vector, "vector").status();
  }
  const Status status = std::get<PointId>(query.target).Validate();
  return status.ok() ? status : Status::InvalidArgument("point", status.message());
}

Status CheckParams(const SearchParams& params) {
  if (params.ef.has_value()) {
    SAGITTA_RETURN_IF_ERROR(CheckRange("params.ef", *params.ef, 1, kMaxParam));
  }
  if (params.nprobe.has_value()) {
    SAGITTA_RETURN_IF_ERROR(CheckRange("params.nprobe", *params.nprobe, 1, kMaxParam));
  }
  // Written so that NaN fails.
  if (params.oversampling.has_value() &&
      !(*params.oversampling >= 1 && *params.oversampling <= kMaxOversampling)) {
    return OutOfRange("params.oversampling", std::to_string(*params.oversampling), "1–100");
  }
  return Status::Ok();
}

// REQUIRES: k and offset are good.
Status CheckGroups(const Query& query) {
  const GroupBy& by = *query.group_by;
  SAGITTA_RETURN_IF_ERROR(ValidatePath("group_by.path", by.path));
  SAGITTA_RETURN_IF_ERROR(CheckRange("group_by.group_size", by.group_size, 1, kMaxGroupSize));
  const uint64_t hits = (uint64_t{query.offset} + query.k) * by.group_size;
  if (hits <= kMaxHits) return Status::Ok();
  return Status::InvalidArgument(
      "group_by.group_size", "(offset + k) × group_size is " + std::to_string(hits) + ", at most " +
                                 std::to_string(kMaxHits) + " is allowed");
}

// REQUIRES: k and offset are good.
Status CheckRerank(const CollectionSchema& schema, const Query& query) {
  const Rerank& rerank = *query.rerank;
  if (query.group_by.has_value()) {
    return Status::InvalidArgument("rerank", "is given with group_by, only one of them may be");
  }
  const VectorField* field = schema.FindField(rerank.field);
  if (field == nullptr) return UnknownField(schema, "rerank.field", rerank.field);
  SAGITTA_RETURN_IF_ERROR(ToQueryVector(*field, rerank.vector, "rerank.vector").status());
  if (rerank.candidates == 0) return Status::Ok();
  return CheckRange("rerank.candidates", rerank.candidates, uint64_t{query.offset} + query.k,
                    kMaxHits);
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

Result<const VectorField*> FindQueryField(const CollectionSchema& schema, std::string_view name) {
  if (name.empty()) {
    if (schema.fields.size() == 1) return &schema.fields.front();
    return Status::InvalidArgument(
        "field", "is empty, but the collection has several vector fields: " + FieldNames(schema));
  }
  const VectorField* field = schema.FindField(name);
  if (field == nullptr) return UnknownField(schema, "field", name);
  return field;
}

Status ValidatePath(const std::string& field, std::string_view path) {
  if (path.empty()) return Status::InvalidArgument(field, "is empty, must be a payload path");
  if (path.size() > filter::kMaxPathBytes) {
    return Status::InvalidArgument(field,
                                   "has " + std::to_string(path.size()) + " bytes, at most " +
                                       std::to_string(filter::kMaxPathBytes) + " are allowed");
  }
  if (!base::IsValidUtf8(path)) {
    return Status::InvalidArgument(field, filter::Printable(path) + " is not UTF-8");
  }
  if (filter::PayloadPath(path).keys().empty()) {
    return Status::InvalidArgument(field, filter::Printable(path) +
                                              " has an empty key or more than " +
                                              std::to_string(filter::kMaxPayloadDepth) + " keys");
  }
  return Status::Ok();
}

Status ValidateSelect(const CollectionSchema& schema, const Select& select) {
  for (size_t i = 0; i < select.payload_keys.size(); ++i) {
    SAGITTA_RETURN_IF_ERROR(
        ValidatePath("select.payload_keys[" + std::to_string(i) + "]", select.payload_keys[i]));
  }
  for (size_t i = 0; i < select.vector_fields.size(); ++i) {
    const std::string& name = select.vector_fields[i];
    if (schema.FindField(name) != nullptr) continue;
    return UnknownField(schema, "select.vector_fields[" + std::to_string(i) + "]", name);
  }
  return Status::Ok();
}

Status ValidateQuery(const CollectionSchema& schema, const Query& query) {
  SAGITTA_RETURN_IF_ERROR(CheckRange("k", query.k, 1, kMaxHits));
  SAGITTA_RETURN_IF_ERROR(CheckRange("offset", query.offset, 0, kMaxHits));
  if (query.offset + query.k > kMaxHits) {
    return Status::InvalidArgument(
        "offset", "offset + k is " + std::to_string(query.offset + query.k) + ", at most " +
                      std::to_string(kMaxHits) + " is allowed");
  }
  SAGITTA_ASSIGN_OR_RETURN(const VectorField* field, FindQueryField(schema, query.field));
  SAGITTA_RETURN_IF_ERROR(CheckTarget(*field, query));
  SAGITTA_RETURN_IF_ERROR(CheckParams(query.params));
  if (query.score_threshold.has_value() && std::isnan(*query.score_threshold)) {
    return Status::InvalidArgument("score_threshold", "is NaN, must be a number");
  }
  if (query.group_by.has_value()) SAGITTA_RETURN_IF_ERROR(CheckGroups(query));
  if (query.rerank.has_value()) SAGITTA_RETURN_IF_ERROR(CheckRerank(schema, query));
  if (query.filter.has_value()) SAGITTA_RETURN_IF_ERROR(query.filter->Validate());
  return ValidateSelect(schema, query.select);
}

Status ValidateScroll(const CollectionSchema& schema, const ScrollRequest& request) {
  SAGITTA_RETURN_IF_ERROR(CheckRange("limit", request.limit, 1, kMaxHits));
  SAGITTA_RETURN_IF_ERROR(DecodeCursor(request.cursor).status());
  if (request.filter.has_value()) SAGITTA_RETURN_IF_ERROR(request.filter->Validate());
  return ValidateSelect(schema, request.select);
}

std::string EncodeCursor(std::string_view ext_key) {
  std::string cursor;
  cursor.reserve(2 * ext_key.size());
  for (const char c : ext_key) {
    const auto byte = static_cast<unsigned char>(c);
    cursor += {kHexDigits[byte >> 4], kHexDigits[byte & 15]};
  }
  return cursor;
}

Result<std::string> DecodeCursor(std::string_view cursor) {
  std::string key;
  bool valid = cursor.size() % 2 == 0;
  for (size_t i = 0; valid && i < cursor.size(); i += 2) {
    const int high = HexDigit(cursor[i]);
    const int low = HexDigit(cursor[i + 1]);
    valid = high >= 0 && low >= 0;
    key.push_back(static_cast<char>(high * 16 + low));
  }
  if (valid && (key.empty() || PointId::Decode(key).ok())) return key;
  return Status::InvalidArgument(
      "cursor", filter::Printable(cursor) + " is neither empty nor a page's next_cursor");
}

}  // namespace sagitta::engine
