#include "engine/segment_meta.h"

#include "engine/narrow_rows.h"

namespace sagitta::engine {
namespace {

constexpr int64_t kFormat = 1;
constexpr uint32_t kMostDim = 65'536;
// With rows of a narrower dtype than the layout's: older builds would take them for damage.
constexpr int64_t kNarrowFormat = 2;

Value ParamsToValue(const IndexParams& params) {
  return ValueObject{{"kind", static_cast<int64_t>(params.kind)},
                     {"m", int64_t{params.hnsw.m}},
                     {"ef_construction", int64_t{params.hnsw.ef_construction}},
                     {"ef_search", int64_t{params.hnsw.ef_search}},
                     {"nlist", int64_t{params.ivf.nlist}},
                     {"nprobe", int64_t{params.ivf.nprobe}},
                     {"pq_m", int64_t{params.pq.m}},
                     {"pq_nbits", int64_t{params.pq.nbits}},
                     {"oversampling", static_cast<double>(params.pq.oversampling)},
                     {"degree", int64_t{params.graph.degree}},
                     {"build_width", int64_t{params.graph.build_width}},
                     {"alpha", static_cast<double>(params.graph.alpha)},
                     {"code_bits", int64_t{params.graph.code_bits}},
                     {"graph_ef_search", int64_t{params.graph.ef_search}},
                     {"graph_oversampling", static_cast<double>(params.graph.oversampling)},
                     {"codec", static_cast<int64_t>(params.codec.kind)},
                     {"codec_bits", int64_t{params.codec.bits}},
                     {"codec_pieces", int64_t{params.codec.pieces}},
                     {"codec_bytes", int64_t{params.codec.bytes}},
                     {"codec_dims", int64_t{params.codec.dims}},
                     {"codec_transform", static_cast<int64_t>(params.codec.transform)},
                     {"codec_width", int64_t{params.codec.width}},
                     {"codec_near_duplicates", static_cast<double>(params.codec.near_duplicates)},
                     {"codec_oversampling", static_cast<double>(params.codec.oversampling)},
                     {"codec_model", params.codec.model}};
}

// Reads members of one object; what is missing or of another kind is noted in `wrong`.
class Members {
 public:
  Members(const Value& value, std::string* wrong) : object_(value.AsObject()), wrong_(wrong) {
    if (object_ == nullptr) *wrong_ = "an object is missing";
  }

  bool Has(std::string_view name) const { return Find(name) != nullptr; }
  // A whole number of [0, max].
  uint32_t Number(std::string_view name, uint32_t max = UINT32_MAX) const {
    const Value* value = Find(name);
    const int64_t* number = value == nullptr ? nullptr : value->AsInt64();
    if (number == nullptr || *number < 0 || *number > int64_t{max}) return Wrong(name);
    return static_cast<uint32_t>(*number);
  }
  float Real(std::string_view name) const {
    const Value* value = Find(name);
    const double* number = value == nullptr ? nullptr : value->AsDouble();
    return number == nullptr ? static_cast<float>(Wrong(name)) : static_cast<float>(*number);
  }
  std::string Text(std::string_view name) const {
    const Value* value = Find(name);
    const std::string* text = value == nullptr ? nullptr : value->AsString();
    if (text != nullptr) return *text;
    Wrong(name);
    return {};
  }
  const Value& Object(std::string_view name) const {
    static const Value kNone;
    const Value* value = Find(name);
    return value == nullptr ? kNone : *value;
  }

 private:
  const Value* Find(std::string_view name) const {
    if (object_ == nullptr) return nullptr;
    const auto it = object_->find(name);
    return it == object_->end() ? nullptr : &it->second;
  }
  uint32_t Wrong(std::string_view name) const {
    *wrong_ = std::string(name) + " is missing or out of its range";
    return 0;
  }

  const ValueObject* object_;
  std::string* wrong_;
};

IndexParams ParamsFromValue(const Value& value, std::string* wrong) {
  const Members members(value, wrong);
  IndexParams params;
  params.kind = static_cast<IndexKind>(members.Number("kind", UINT8_MAX));
  params.hnsw.m = members.Number("m");
  params.hnsw.ef_construction = members.Number("ef_construction");
  params.hnsw.ef_search = members.Number("ef_search");
  params.ivf.nlist = members.Number("nlist");
  params.ivf.nprobe = members.Number("nprobe");
  params.pq.m = members.Number("pq_m");
  params.pq.nbits = members.Number("pq_nbits");
  params.pq.oversampling = members.Real("oversampling");
  // Segments written before there was a GRAPH do not have these.
  if (!members.Has("degree")) return params;
  params.graph.degree = members.Number("degree");
  params.graph.build_width = members.Number("build_width");
  params.graph.alpha = members.Real("alpha");
  params.graph.code_bits = members.Number("code_bits");
  params.graph.ef_search = members.Number("graph_ef_search");
  params.graph.oversampling = members.Real("graph_oversampling");
  // Nor do those from before FLAT_CODES have these.
  if (!members.Has("codec")) return params;
  params.codec.kind = static_cast<CodecKind>(members.Number("codec", UINT8_MAX));
  params.codec.bits = members.Number("codec_bits", 8);
  params.codec.pieces = members.Number("codec_pieces");
  params.codec.bytes = members.Number("codec_bytes");
  params.codec.dims = members.Number("codec_dims", kMostDim);
  params.codec.oversampling = members.Real("codec_oversampling");
  // Nor do those from before there were models have this.
  if (members.Has("codec_model")) params.codec.model = members.Text("codec_model");
  if (!members.Has("codec_transform")) return params;
  params.codec.transform =
      static_cast<CodecTransform>(members.Number("codec_transform", UINT8_MAX));
  params.codec.width = members.Number("codec_width", kMostDim);
  params.codec.near_duplicates = members.Real("codec_near_duplicates");
  return params;
}

SealedFieldMeta FieldFromValue(const Value& value, const FieldLayout& layout, uint32_t rows,
                               std::string* wrong) {
  const Members members(value, wrong);
  SealedFieldMeta field;
  field.vectors = members.Number("vectors", rows);
  field.kind = static_cast<IndexKind>(members.Number("kind", UINT8_MAX));
  field.params = ParamsFromValue(members.Object("params"), wrong);
  field.dtype = static_cast<Dtype>(members.Number("dtype", UINT8_MAX));
  const bool dtype = field.dtype == layout.row || MayNarrowTo(layout, field.dtype);
  if (members.Number("dim") != layout.dim ||
      members.Number("metric") != static_cast<uint32_t>(layout.metric) || !dtype) {
    *wrong = "a field has another layout than in the collection";
  }
  return field;
}

}  // namespace

std::string EncodeSegmentMeta(uint32_t rows, const std::vector<FieldLayout>& layouts,
                              const std::vector<SealedFieldMeta>& fields) {
  ValueList list;
  int64_t format = kFormat;
  for (size_t i = 0; i < fields.size(); ++i) {
    list.push_back(ValueObject{{"dim", int64_t{layouts[i].dim}},
                               {"metric", static_cast<int64_t>(layouts[i].metric)},
                               {"dtype", static_cast<int64_t>(fields[i].dtype)},
                               {"vectors", int64_t{fields[i].vectors}},
                               {"kind", static_cast<int64_t>(fields[i].kind)},
                               {"params", ParamsToValue(fields[i].params)}});
    if (fields[i].dtype != layouts[i].row) format = kNarrowFormat;
  }
  return Value(ValueObject{{"format", format}, {"rows", int64_t{rows}}, {"fields", list}}).ToJson();
}

Result<SegmentMeta> ParseSegmentMeta(std::string_view text,
                                     const std::vector<FieldLayout>& layouts) {
  const auto json = Value::ParseJson(text);
  if (!json.ok()) return Status::DataLoss("section meta: " + json.status().message());
  std::string wrong;
  const Members members(*json, &wrong);
  const uint32_t format = members.Number("format");
  if (wrong.empty() && format > kNarrowFormat) {
    return Status::FailedPrecondition("section meta has format " + std::to_string(format) +
                                      ", this build reads up to " + std::to_string(kNarrowFormat));
  }
  SegmentMeta meta;
  meta.rows = members.Number("rows");
  const ValueList* fields = members.Object("fields").AsList();
  if (fields == nullptr || fields->size() != layouts.size()) {
    wrong = "it does not have the collection's " + std::to_string(layouts.size()) + " fields";
  }
  for (size_t i = 0; wrong.empty() && i < layouts.size(); ++i) {
    meta.fields.push_back(FieldFromValue((*fields)[i], layouts[i], meta.rows, &wrong));
  }
  if (!wrong.empty()) return Status::DataLoss("section meta: " + wrong);
  return meta;
}

}  // namespace sagitta::engine
