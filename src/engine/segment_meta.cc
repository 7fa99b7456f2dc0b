#include "engine/segment_meta.h"

#include <nlohmann/json.hpp>

namespace sagitta::engine {
namespace {

using Json = nlohmann::json;

Json ParamsToJson(const IndexParams& params) {
  return {{"kind", static_cast<int>(params.kind)},
          {"m", params.hnsw.m},
          {"ef_construction", params.hnsw.ef_construction},
          {"ef_search", params.hnsw.ef_search},
          {"nlist", params.ivf.nlist},
          {"nprobe", params.ivf.nprobe},
          {"pq_m", params.pq.m},
          {"pq_nbits", params.pq.nbits},
          {"oversampling", params.pq.oversampling}};
}

IndexParams ParamsFromJson(const Json& json) {
  IndexParams params;
  params.kind = static_cast<IndexKind>(json.at("kind").get<int>());
  params.hnsw.m = json.at("m").get<uint32_t>();
  params.hnsw.ef_construction = json.at("ef_construction").get<uint32_t>();
  params.hnsw.ef_search = json.at("ef_search").get<uint32_t>();
  params.ivf.nlist = json.at("nlist").get<uint32_t>();
  params.ivf.nprobe = json.at("nprobe").get<uint32_t>();
  params.pq.m = json.at("pq_m").get<uint32_t>();
  params.pq.nbits = json.at("pq_nbits").get<uint32_t>();
  params.pq.oversampling = json.at("oversampling").get<float>();
  return params;
}

bool SameLayout(const Json& json, const FieldLayout& layout) {
  return json.at("dim").get<uint32_t>() == layout.dim &&
         json.at("metric").get<int>() == static_cast<int>(layout.metric) &&
         json.at("dtype").get<int>() == static_cast<int>(layout.row);
}

}  // namespace

std::string EncodeSegmentMeta(uint32_t rows, const std::vector<FieldLayout>& layouts,
                              const std::vector<SealedFieldMeta>& fields) {
  Json list = Json::array();
  for (size_t i = 0; i < fields.size(); ++i) {
    list.push_back({{"dim", layouts[i].dim},
                    {"metric", static_cast<int>(layouts[i].metric)},
                    {"dtype", static_cast<int>(layouts[i].row)},
                    {"vectors", fields[i].vectors},
                    {"kind", static_cast<int>(fields[i].kind)},
                    {"params", ParamsToJson(fields[i].params)}});
  }
  return Json{{"format", 1}, {"rows", rows}, {"fields", list}}.dump();
}

Result<SegmentMeta> ParseSegmentMeta(std::string_view text,
                                     const std::vector<FieldLayout>& layouts) {
  try {
    const Json json = Json::parse(text);
    if (json.at("format").get<int>() != 1) {
      return Status::FailedPrecondition("segment meta format " + json.at("format").dump() +
                                        " is newer than this build's 1");
    }
    SegmentMeta meta;
    meta.rows = json.at("rows").get<uint32_t>();
    const Json& fields = json.at("fields");
    if (fields.size() != layouts.size()) {
      return Status::DataLoss("segment has " + std::to_string(fields.size()) +
                              " fields, the collection " + std::to_string(layouts.size()));
    }
    for (size_t i = 0; i < layouts.size(); ++i) {
      if (!SameLayout(fields[i], layouts[i])) {
        return Status::DataLoss("field " + std::to_string(i) + " of the segment has another layout");
      }
      SealedFieldMeta field;
      field.vectors = fields[i].at("vectors").get<uint32_t>();
      field.kind = static_cast<IndexKind>(fields[i].at("kind").get<int>());
      field.params = ParamsFromJson(fields[i].at("params"));
      if (field.vectors > meta.rows) return Status::DataLoss("more vectors than rows");
      meta.fields.push_back(field);
    }
    return meta;
  } catch (const Json::exception& e) {
    return Status::DataLoss(std::string("segment meta: ") + e.what());
  }
}

}  // namespace sagitta::engine
