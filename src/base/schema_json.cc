#include <limits>

#include "base/names.h"
#include "sagitta/schema.h"

namespace sagitta {

namespace {

constexpr int64_t kFormat = 1;

Value Number(uint32_t value) { return Value(int64_t{value}); }
Value Number(float value) { return Value(double{value}); }

ValueObject IndexToValue(const IndexParams& index) {
  return {
      {"kind", base::IndexKindName(index.kind)},
      {"hnsw", ValueObject{{"m", Number(index.hnsw.m)},
                           {"ef_construction", Number(index.hnsw.ef_construction)},
                           {"ef_search", Number(index.hnsw.ef_search)}}},
      {"ivf",
       ValueObject{{"nlist", Number(index.ivf.nlist)}, {"nprobe", Number(index.ivf.nprobe)}}},
      {"pq", ValueObject{{"m", Number(index.pq.m)},
                         {"nbits", Number(index.pq.nbits)},
                         {"oversampling", Number(index.pq.oversampling)}}},
      {"graph", ValueObject{{"degree", Number(index.graph.degree)},
                            {"build_width", Number(index.graph.build_width)},
                            {"alpha", Number(index.graph.alpha)},
                            {"code_bits", Number(index.graph.code_bits)},
                            {"ef_search", Number(index.graph.ef_search)},
                            {"oversampling", Number(index.graph.oversampling)}}},
      {"codec", ValueObject{{"kind", base::CodecKindName(index.codec.kind)},
                            {"bits", Number(index.codec.bits)},
                            {"pieces", Number(index.codec.pieces)},
                            {"bytes", Number(index.codec.bytes)},
                            {"dims", Number(index.codec.dims)},
                            {"transform", base::CodecTransformName(index.codec.transform)},
                            {"width", Number(index.codec.width)},
                            {"near_duplicates", Number(index.codec.near_duplicates)},
                            {"oversampling", Number(index.codec.oversampling)},
                            {"model", index.codec.model}}},
      {"residency", base::ResidencyName(index.residency)},
  };
}

ValueObject CompactionToValue(const CompactionSettings& settings) {
  return {{"seal_rows", Number(settings.seal_rows)},
          {"seal_idle_ms", Number(settings.seal_idle_ms)},
          {"seal_min_rows", Number(settings.seal_min_rows)},
          {"max_segment_rows", Number(settings.max_segment_rows)},
          {"deleted_ratio", Number(settings.deleted_ratio)}};
}

ValueObject PayloadIndexToValue(const PayloadIndex& index) {
  ValueObject out = {{"path", index.path}, {"kind", base::PayloadIndexKindName(index.kind)}};
  if (index.kind != PayloadIndexKind::kText) return out;
  ValueList stop_words(index.text.stop_words.begin(), index.text.stop_words.end());
  out["text"] = ValueObject{{"tokenizer", base::TextTokenizerName(index.text.tokenizer)},
                            {"case_sensitive", index.text.case_sensitive},
                            {"stemmer", index.text.stemmer},
                            {"min_token_chars", Number(index.text.min_token_chars)},
                            {"max_token_chars", Number(index.text.max_token_chars)},
                            {"stop_words", std::move(stop_words)}};
  return out;
}

// Reads members of one object. The first thing wrong is kept in `status`; after it, and for members
// that are absent, targets keep what they hold.
class ObjectReader {
 public:
  ObjectReader(const Value& value, std::string at, Status* status)
      : object_(value.AsObject()), at_(std::move(at)), status_(status) {
    if (object_ == nullptr && status_->ok()) {
      *status_ = Status::InvalidArgument(at_.empty() ? "schema" : at_, "is not an object");
    }
  }

  const Value* Find(std::string_view key) const {
    if (object_ == nullptr || !status_->ok()) return nullptr;
    const auto it = object_->find(key);
    return it == object_->end() ? nullptr : &it->second;
  }
  std::string At(std::string_view key) const {
    return at_.empty() ? std::string(key) : at_ + "." + std::string(key);
  }
  void Fail(std::string_view key, const char* what) const {
    if (status_->ok()) *status_ = Status::InvalidArgument(At(key), what);
  }

  void Read(std::string_view key, std::string* out) const {
    const Value* value = Find(key);
    if (value == nullptr) return;
    if (value->AsString() == nullptr) return Fail(key, "is not a string");
    *out = *value->AsString();
  }
  void Read(std::string_view key, uint32_t* out) const {
    const Value* value = Find(key);
    if (value == nullptr) return;
    const int64_t* number = value->AsInt64();
    if (number == nullptr || *number < 0 || *number > std::numeric_limits<uint32_t>::max()) {
      return Fail(key, "is not an integer of 32 bits");
    }
    *out = static_cast<uint32_t>(*number);
  }
  void Read(std::string_view key, float* out) const {
    const Value* value = Find(key);
    if (value == nullptr) return;
    if (value->AsDouble() != nullptr) {
      *out = static_cast<float>(*value->AsDouble());
    } else if (value->AsInt64() != nullptr) {
      *out = static_cast<float>(*value->AsInt64());
    } else {
      Fail(key, "is not a number");
    }
  }
  void Read(std::string_view key, bool* out) const {
    const Value* value = Find(key);
    if (value == nullptr) return;
    if (value->AsBool() == nullptr) return Fail(key, "is not a bool");
    *out = *value->AsBool();
  }
  void Read(std::string_view key, std::vector<std::string>* out) const {
    const Value* value = Find(key);
    if (value == nullptr) return;
    if (value->AsList() == nullptr) return Fail(key, "is not a list");
    for (const Value& element : *value->AsList()) {
      if (element.AsString() == nullptr) return Fail(key, "holds what is not a string");
      out->push_back(*element.AsString());
    }
  }
  template <typename E, typename Parse>
  void ReadName(std::string_view key, E* out, const Parse& parse) const {
    const Value* value = Find(key);
    if (value == nullptr) return;
    const auto parsed =
        value->AsString() == nullptr ? std::optional<E>() : parse(*value->AsString());
    if (!parsed) return Fail(key, "is none of the known names");
    *out = *parsed;
  }
  template <typename Each>
  void ReadObject(std::string_view key, const Each& each) const {
    const Value* value = Find(key);
    if (value != nullptr) each(ObjectReader(*value, At(key), status_));
  }
  template <typename Each>
  void ReadList(std::string_view key, const Each& each) const {
    const Value* value = Find(key);
    if (value == nullptr) return;
    if (value->AsList() == nullptr) return Fail(key, "is not a list");
    for (size_t i = 0; i < value->AsList()->size() && status_->ok(); ++i) {
      each(ObjectReader((*value->AsList())[i], At(key) + "[" + std::to_string(i) + "]", status_));
    }
  }

 private:
  const ValueObject* object_;
  std::string at_;
  Status* status_;
};

void ReadText(const ObjectReader& in, TextParams* text) {
  in.ReadName("tokenizer", &text->tokenizer, base::ParseTextTokenizer);
  in.Read("case_sensitive", &text->case_sensitive);
  in.Read("stemmer", &text->stemmer);
  in.Read("min_token_chars", &text->min_token_chars);
  in.Read("max_token_chars", &text->max_token_chars);
  in.Read("stop_words", &text->stop_words);
}

void ReadIndex(const ObjectReader& in, IndexParams* index) {
  in.ReadName("kind", &index->kind, base::ParseIndexKind);
  in.ReadObject("hnsw", [&](const ObjectReader& hnsw) {
    hnsw.Read("m", &index->hnsw.m);
    hnsw.Read("ef_construction", &index->hnsw.ef_construction);
    hnsw.Read("ef_search", &index->hnsw.ef_search);
  });
  in.ReadObject("ivf", [&](const ObjectReader& ivf) {
    ivf.Read("nlist", &index->ivf.nlist);
    ivf.Read("nprobe", &index->ivf.nprobe);
  });
  in.ReadObject("pq", [&](const ObjectReader& pq) {
    pq.Read("m", &index->pq.m);
    pq.Read("nbits", &index->pq.nbits);
    pq.Read("oversampling", &index->pq.oversampling);
  });
  in.ReadObject("graph", [&](const ObjectReader& graph) {
    graph.Read("degree", &index->graph.degree);
    graph.Read("build_width", &index->graph.build_width);
    graph.Read("alpha", &index->graph.alpha);
    graph.Read("code_bits", &index->graph.code_bits);
    graph.Read("ef_search", &index->graph.ef_search);
    graph.Read("oversampling", &index->graph.oversampling);
  });
  in.ReadObject("codec", [&](const ObjectReader& codec) {
    codec.ReadName("kind", &index->codec.kind, base::ParseCodecKind);
    codec.Read("bits", &index->codec.bits);
    codec.Read("pieces", &index->codec.pieces);
    codec.Read("bytes", &index->codec.bytes);
    codec.Read("dims", &index->codec.dims);
    codec.ReadName("transform", &index->codec.transform, base::ParseCodecTransform);
    codec.Read("width", &index->codec.width);
    codec.Read("near_duplicates", &index->codec.near_duplicates);
    codec.Read("oversampling", &index->codec.oversampling);
    codec.Read("model", &index->codec.model);
  });
  in.ReadName("residency", &index->residency, base::ParseResidency);
}

void ReadSchema(const ObjectReader& in, CollectionSchema* schema) {
  in.Read("name", &schema->name);
  in.Read("shards", &schema->shards);
  in.ReadList("fields", [&](const ObjectReader& item) {
    VectorField& field = schema->fields.emplace_back();
    item.Read("name", &field.name);
    item.Read("dim", &field.dim);
    item.ReadName("metric", &field.metric, base::ParseMetric);
    item.ReadName("storage", &field.storage, base::ParseDtype);
    item.ReadObject("index", [&](const ObjectReader& index) { ReadIndex(index, &field.index); });
  });
  in.ReadList("indexes", [&](const ObjectReader& item) {
    PayloadIndex& index = schema->indexes.emplace_back();
    item.Read("path", &index.path);
    item.ReadName("kind", &index.kind, base::ParsePayloadIndexKind);
    item.ReadObject("text", [&](const ObjectReader& text) { ReadText(text, &index.text); });
  });
  in.ReadObject("compaction", [&](const ObjectReader& settings) {
    settings.Read("seal_rows", &schema->compaction.seal_rows);
    settings.Read("seal_idle_ms", &schema->compaction.seal_idle_ms);
    settings.Read("seal_min_rows", &schema->compaction.seal_min_rows);
    settings.Read("max_segment_rows", &schema->compaction.max_segment_rows);
    settings.Read("deleted_ratio", &schema->compaction.deleted_ratio);
  });
}

}  // namespace

std::string CollectionSchema::ToJson() const {
  ValueList field_list;
  for (const VectorField& field : fields) {
    field_list.push_back(ValueObject{{"name", field.name},
                                     {"dim", Number(field.dim)},
                                     {"metric", base::MetricName(field.metric)},
                                     {"storage", base::DtypeName(field.storage)},
                                     {"index", IndexToValue(field.index)}});
  }
  ValueList index_list;
  for (const PayloadIndex& index : indexes) index_list.push_back(PayloadIndexToValue(index));
  return Value(ValueObject{{"format", kFormat},
                           {"name", name},
                           {"shards", Number(shards)},
                           {"fields", std::move(field_list)},
                           {"indexes", std::move(index_list)},
                           {"compaction", CompactionToValue(compaction)}})
      .ToJson();
}

Result<CollectionSchema> CollectionSchema::FromJson(std::string_view json) {
  auto parsed = Value::ParseJson(json);
  if (!parsed.ok()) return parsed.status().WithFieldPrefix("schema.");
  Status status;
  const ObjectReader in(*parsed, "", &status);
  uint32_t format = 0;
  in.Read("format", &format);
  SAGITTA_RETURN_IF_ERROR(status);
  if (format > kFormat) {
    return Status::FailedPrecondition("the schema has format " + std::to_string(format) +
                                      "; this build reads up to 1");
  }
  if (format == 0) return Status::InvalidArgument("format", "is missing or 0; 1 is known");
  CollectionSchema schema;
  ReadSchema(in, &schema);
  SAGITTA_RETURN_IF_ERROR(status);
  SAGITTA_RETURN_IF_ERROR(schema.Validate());
  return schema;
}

}  // namespace sagitta
