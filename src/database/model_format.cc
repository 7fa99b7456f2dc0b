#include "database/model_format.h"

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/names.h"
#include "database/member_reader.h"

namespace sagitta::database {
namespace {

constexpr std::string_view kMagic = "SGTMODEL";
constexpr uint32_t kFormat = 1;

Value Number(uint64_t value) { return Value(static_cast<int64_t>(value)); }

ValueObject ToValue(const ModelMetrics& metrics) {
  return {
      {"coded", metrics.coded}, {"float_query", metrics.float_query}, {"to_old", metrics.to_old}};
}

// Of adapters the metric is here, of binarizers in the codec.
Value ToValue(const ModelInfo& info) {
  return ValueObject{{"name", info.ref.name},
                     {"version", Number(info.ref.version)},
                     {"kind", Number(static_cast<uint64_t>(info.kind))},
                     {"metric", Number(static_cast<uint64_t>(info.metric))},
                     {"created_ms", Value(info.created_ms)},
                     {"collection", info.collection},
                     {"field", info.field},
                     {"rows", Number(info.rows)},
                     {"compatible", info.compatible.has_value() ? info.compatible->ToString() : ""},
                     {"before", ToValue(info.before)},
                     {"after", ToValue(info.after)},
                     {"old_alone", info.old_alone},
                     {"imported", info.imported},
                     {"job", info.job}};
}

void ReadMetrics(MemberReader& from, std::string_view key, std::string* wrong, ModelMetrics* out) {
  const Value* value = from.Find(key);
  if (value == nullptr || value->AsObject() == nullptr) {
    if (wrong->empty()) *wrong = "'" + std::string(key) + "' is no object";
    return;
  }
  MemberReader reader(*value->AsObject(), wrong);
  reader.Read("coded", &out->coded);
  reader.Read("float_query", &out->float_query);
  reader.Read("to_old", &out->to_old);
}

// "" when nothing is wrong.
std::string ReadInfo(const ValueObject& object, ModelInfo* info) {
  std::string wrong, compatible;
  uint8_t kind = 0;
  MemberReader reader(object, &wrong);
  reader.Read("name", &info->ref.name);
  reader.Read("version", &info->ref.version);
  reader.Read("kind", &kind);
  reader.Read("created_ms", &info->created_ms);
  reader.Read("collection", &info->collection);
  reader.Read("field", &info->field);
  reader.Read("rows", &info->rows);
  reader.Read("compatible", &compatible);
  reader.Read("old_alone", &info->old_alone);
  reader.Read("imported", &info->imported);
  reader.Read("job", &info->job);
  ReadMetrics(reader, "before", &wrong, &info->before);
  ReadMetrics(reader, "after", &wrong, &info->after);
  if (!wrong.empty()) return wrong;
  if (kind != static_cast<uint8_t>(ModelKind::kBinarizer) &&
      kind != static_cast<uint8_t>(ModelKind::kAdapter)) {
    return "its kind is not known";
  }
  info->kind = static_cast<ModelKind>(kind);
  if (info->kind == ModelKind::kAdapter) {
    uint8_t metric = 0;
    reader.Read("metric", &metric);
    if (metric < static_cast<uint8_t>(Metric::kL2) || metric > static_cast<uint8_t>(Metric::kL1)) {
      return "its metric is not known";
    }
    info->metric = static_cast<Metric>(metric);
  }
  if (!ModelRef::Parse("name", info->ref.ToString()).ok()) return "its name is none";
  if (compatible.empty()) return "";
  auto ref = ModelRef::Parse("compatible", compatible);
  if (!ref.ok()) return "'compatible' is no model";
  info->compatible = std::move(*ref);
  return "";
}

Status Damaged(const std::string& what) {
  return Status::DataLoss("the model is damaged: " + what);
}

}  // namespace

Result<std::unique_ptr<codec::LearnedCodec>> ReadBinarizer(const StoredModel& model) {
  if (model.info.kind != ModelKind::kBinarizer) {
    return Status::FailedPrecondition("'" + model.info.ref.ToString() +
                                      "' is an adapter, which codes nothing");
  }
  SAGITTA_ASSIGN_OR_RETURN(auto codec, codec::Codec::Deserialize(model.body));
  auto* learned = dynamic_cast<codec::LearnedCodec*>(codec.get());
  if (learned == nullptr) {
    return Damaged("its codes are of kind " + std::string(base::CodecKindName(codec->kind())) +
                   ", not LEARNED");
  }
  codec.release();
  return std::unique_ptr<codec::LearnedCodec>(learned);
}

Status SetShape(StoredModel* model) {
  ModelInfo& info = model->info;
  info.bytes = model->body.size();
  if (info.kind == ModelKind::kAdapter) {
    SAGITTA_ASSIGN_OR_RETURN(const auto adapter, learn::Adapter::Deserialize(model->body));
    info.adapter = adapter.kind();
    info.dim = adapter.from_dim();
    info.to_dim = adapter.to_dim();
    return Status::Ok();
  }
  SAGITTA_ASSIGN_OR_RETURN(const auto codec, ReadBinarizer(*model));
  info.metric = codec->metric();
  info.dim = codec->dim();
  info.bits = codec->odd_grid().bits;
  info.width = codec->odd_grid().width;
  return Status::Ok();
}

std::string EncodeModel(const StoredModel& model) {
  std::string out(kMagic);
  base::PutLe(out, kFormat);
  base::PutBytes(out, ToValue(model.info).ToJson());
  base::PutBytes(out, model.body);
  base::PutLe(out, base::Crc32c(out));
  return out;
}

Result<StoredModel> DecodeModel(std::string_view bytes) {
  uint32_t format = 0, checksum = 0;
  if (!bytes.starts_with(kMagic)) return Damaged("it does not begin as a model does");
  std::string_view in = bytes.substr(kMagic.size());
  if (!base::GetLe(in, &format)) return Damaged("it is too short");
  if (format != kFormat) {
    return Status::FailedPrecondition("the model has format " + std::to_string(format) +
                                      "; this build reads format " + std::to_string(kFormat));
  }
  if (in.size() < sizeof checksum) return Damaged("it is too short");
  std::string_view tail = bytes.substr(bytes.size() - sizeof checksum);
  base::GetLe(tail, &checksum);
  in.remove_suffix(sizeof checksum);
  if (base::Crc32c(bytes.substr(0, bytes.size() - sizeof checksum)) != checksum) {
    return Damaged("its checksum is another");
  }
  std::string_view json, body;
  if (!base::GetBytes(in, &json) || !base::GetBytes(in, &body) || !in.empty()) {
    return Damaged("its parts have wrong sizes");
  }
  const auto info = Value::ParseJson(json);
  if (!info.ok() || info->AsObject() == nullptr) return Damaged("its description is no JSON");
  StoredModel model;
  const std::string wrong = ReadInfo(*info->AsObject(), &model.info);
  if (!wrong.empty()) return Damaged(wrong);
  model.body = body;
  SAGITTA_RETURN_IF_ERROR(SetShape(&model));
  return model;
}

}  // namespace sagitta::database
