#include "server/convert_write.h"

#include "server/convert_filter.h"
#include "server/convert_value.h"

namespace sagitta::server {
namespace {

constexpr int kMaxPoints = 10000;
constexpr size_t kMaxRequestIdBytes = 128;

Status CheckCount(std::string_view field, int count) {
  if (count >= 1 && count <= kMaxPoints) return Status::Ok();
  return Status::InvalidArgument(std::string(field),
                                 "has " + std::to_string(count) + " entries, allowed are 1–10,000");
}

Status CheckTtl(std::string_view field, int64_t ttl_ms) {
  if (ttl_ms >= 0) return Status::Ok();
  return Status::InvalidArgument(
      std::string(field), "is " + std::to_string(ttl_ms) + " ms, allowed are 0 (none) and more");
}

Result<UpsertPoint> ConvertPoint(v1::UpsertPoint& in) {
  UpsertPoint out;
  SAGITTA_ASSIGN_OR_RETURN(out.point, FromProto(*in.mutable_point(), {}));
  SAGITTA_RETURN_IF_ERROR(CheckTtl("ttl_ms", in.ttl_ms()));
  out.ttl_ms = in.ttl_ms();
  if (in.condition_case() == v1::UpsertPoint::kOnlyIfAbsent) {
    out.only_if_absent = in.only_if_absent();
  } else if (in.condition_case() == v1::UpsertPoint::kOnlyIfVersion) {
    out.only_if_version = in.only_if_version();
  }
  return out;
}

Result<std::vector<UpsertPoint>> ConvertPoints(v1::UpsertRequest& in) {
  std::vector<UpsertPoint> out;
  out.reserve(in.points_size());
  for (int i = 0; i < in.points_size(); ++i) {
    auto point = ConvertPoint(*in.mutable_points(i));
    if (!point.ok()) return point.status().WithFieldPrefix(Indexed("points", i) + ".");
    out.push_back(std::move(point).value());
  }
  return out;
}

Status CheckRows(std::string_view field, int given, int rows) {
  if (given == 0 || given == rows) return Status::Ok();
  return Status::InvalidArgument(
      std::string(field),
      "has " + std::to_string(given) + " entries for " + std::to_string(rows) + " ids");
}

Status CheckColumns(const v1::UpsertColumns& in) {
  SAGITTA_RETURN_IF_ERROR(CheckCount("columns.ids", in.ids_size()));
  SAGITTA_RETURN_IF_ERROR(CheckRows("columns.payloads", in.payloads_size(), in.ids_size()));
  SAGITTA_RETURN_IF_ERROR(
      CheckRows("columns.payloads_json", in.payloads_json_size(), in.ids_size()));
  if (in.payloads_size() != 0 && in.payloads_json_size() != 0) {
    return Status::InvalidArgument("columns.payloads_json",
                                   "payloads and payloads_json are both given, only one may be");
  }
  if (in.vectors_size() == 0) {
    return Status::InvalidArgument("columns.vectors", "is empty, at least one field is needed");
  }
  return CheckTtl("columns.ttl_ms", in.ttl_ms());
}

// Cuts a column into its rows.
Status AddVectors(const v1::UpsertColumns::VectorColumn& column, const std::string& path,
                  std::string_view only_field, std::vector<UpsertPoint>& points) {
  SAGITTA_ASSIGN_OR_RETURN(Dtype dtype, FromProto(column.dtype(), path + ".dtype"));
  const size_t unit = points.size() * DtypeBytes(dtype);
  const std::string& data = column.data();
  if (data.empty() || data.size() % unit != 0) {
    return Status::InvalidArgument(
        path + ".data", "has " + std::to_string(data.size()) +
                            " bytes, not a positive multiple of " + std::to_string(points.size()) +
                            " rows × " + std::to_string(DtypeBytes(dtype)) + " bytes");
  }
  const std::string name = column.field().empty() ? std::string(only_field) : column.field();
  if (name.empty()) {
    return Status::InvalidArgument(path + ".field", "is needed: the collection has several fields");
  }
  const size_t row_bytes = data.size() / points.size();
  for (size_t i = 0; i < points.size(); ++i) {
    const auto [it, added] =
        points[i].point.vectors.try_emplace(name, dtype, data.substr(i * row_bytes, row_bytes));
    it->second.adapter = column.adapter();
    if (!added) return Status::InvalidArgument(path + ".field", "\"" + name + "\" is given twice");
  }
  return Status::Ok();
}

Result<std::vector<UpsertPoint>> ConvertColumns(const v1::UpsertColumns& in,
                                                std::string_view only_field) {
  SAGITTA_RETURN_IF_ERROR(CheckColumns(in));
  std::vector<UpsertPoint> out(in.ids_size());
  for (int i = 0; i < in.ids_size(); ++i) {
    out[i].point.id = PointId(static_cast<uint64_t>(in.ids(i)));
    out[i].only_if_absent = in.only_if_absent();
    out[i].ttl_ms = in.ttl_ms();
  }
  for (int i = 0; i < in.vectors_size(); ++i) {
    SAGITTA_RETURN_IF_ERROR(
        AddVectors(in.vectors(i), Indexed("columns.vectors", i), only_field, out));
  }
  for (int i = 0; i < in.payloads_size(); ++i) {
    SAGITTA_ASSIGN_OR_RETURN(out[i].point.payload,
                             FromProto(in.payloads(i).entries(), Indexed("columns.payloads", i)));
  }
  for (int i = 0; i < in.payloads_json_size(); ++i) {
    SAGITTA_ASSIGN_OR_RETURN(
        out[i].point.payload,
        PayloadFromJson(in.payloads_json(i), Indexed("columns.payloads_json", i)));
  }
  return out;
}

}  // namespace

Result<std::vector<UpsertPoint>> FromProto(v1::UpsertRequest& in, std::string_view only_field) {
  if (in.has_columns()) {
    if (in.points_size() != 0) {
      return Status::InvalidArgument("columns",
                                     "points and columns are both given, only one may be");
    }
    return ConvertColumns(in.columns(), only_field);
  }
  SAGITTA_RETURN_IF_ERROR(CheckCount("points", in.points_size()));
  return ConvertPoints(in);
}

Result<WriteOptions> FromProto(const v1::WriteOptions& in) {
  WriteOptions out;
  switch (in.durability()) {
    case v1::DURABILITY_UNSPECIFIED:
    case v1::DURABILITY_SYNC:
      break;
    case v1::DURABILITY_OS:
      out.durability = Durability::kOs;
      break;
    default:
      return Status::InvalidArgument("options.durability",
                                     "is " + std::to_string(static_cast<int>(in.durability())) +
                                         ", allowed are SYNC (1) and OS (2)");
  }
  if (in.request_id().size() > kMaxRequestIdBytes) {
    return Status::InvalidArgument(
        "options.request_id",
        "has " + std::to_string(in.request_id().size()) + " bytes, allowed are 1–128");
  }
  out.request_id = in.request_id();
  return out;
}

Result<PayloadUpdate> FromProto(const v1::UpdatePayloadRequest& in) {
  PayloadUpdate out;
  switch (in.op()) {
    case v1::PAYLOAD_OP_UNSPECIFIED:
    case v1::PAYLOAD_OP_MERGE:
      out.op = PayloadOp::kMerge;
      break;
    case v1::PAYLOAD_OP_SET:
      out.op = PayloadOp::kSet;
      break;
    case v1::PAYLOAD_OP_DELETE:
      out.op = PayloadOp::kDelete;
      break;
    default:
      return Status::InvalidArgument("op", "is " + std::to_string(static_cast<int>(in.op())) +
                                               ", allowed are SET (1), MERGE (2), DELETE (3)");
  }
  if (in.has_filter() == (in.ids_size() != 0)) {
    return Status::InvalidArgument("ids", "exactly one of ids and filter is needed");
  }
  if (in.has_filter()) {
    SAGITTA_ASSIGN_OR_RETURN(out.filter, FromProto(in.filter(), "filter"));
  } else {
    SAGITTA_RETURN_IF_ERROR(CheckCount("ids", in.ids_size()));
    SAGITTA_ASSIGN_OR_RETURN(out.ids, FromProto(in.ids(), "ids"));
  }
  SAGITTA_ASSIGN_OR_RETURN(out.payload, FromProto(in.payload(), "payload"));
  out.keys.assign(in.keys().begin(), in.keys().end());
  return out;
}

void ToProto(const WriteResult& in, v1::WriteResult* out) {
  out->set_seq(in.seq);
  out->set_affected(in.affected);
  for (const PointId& id : in.skipped) ToProto(id, out->add_skipped());
  out->set_replayed(in.replayed);
}

}  // namespace sagitta::server
