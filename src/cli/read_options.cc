#include "cli/read_options.h"

#include "cli/filter_json.h"
#include "cli/wire_json.h"

namespace sagitta::cli {

CLI::Option* AddRepeated(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                         const std::string& help) {
  return app.add_option(name, values, help + "; may be repeated")
      ->allow_extra_args(false)
      ->take_all();
}

void SelectOptions::AddTo(CLI::App& app) {
  app.add_flag("--with-payload,--payload", payload, "Return payloads");
  AddRepeated(app, "--payload-key", payload_keys, "Only this payload path");
  app.add_flag("--with-vectors", vectors, "Return vectors");
  AddRepeated(app, "--vector-field", vector_fields, "Only this vector field");
}

void SelectOptions::Apply(v1::Select* out) const {
  out->set_payload(payload || !payload_keys.empty());
  for (const auto& key : payload_keys) out->add_payload_keys(key);
  out->set_vectors(vectors || !vector_fields.empty());
  for (const auto& field : vector_fields) out->add_vector_fields(field);
}

void TargetOptions::AddTo(CLI::App& app) {
  AddRepeated(app, "--id", ids, "Id of a point");
  app.add_option("--filter", filter, "All points that match: JSON, or @FILE");
}

Outcome TargetOptions::ApplyIds(google::protobuf::RepeatedPtrField<v1::PointId>* out) const {
  return ParseIds(ids, out);
}

Outcome TargetOptions::ParseFilter(v1::Filter* out) const { return ParseFilterOption(filter, out); }

Outcome ParseIds(const std::vector<std::string>& texts,
                 google::protobuf::RepeatedPtrField<v1::PointId>* out) {
  for (const auto& text : texts) {
    auto id = PointId::Parse(text);
    if (!id.ok()) return Outcome::Usage("id '" + text + "': " + id.status().message());
    IdToWire(*id, out->Add());
  }
  return Outcome::Ok();
}

Outcome ParseFilterOption(const std::string& text, v1::Filter* out) {
  const Status status = FilterFromArgument(text, out);
  if (status.ok()) return Outcome::Ok();
  // A file that is not there is no mistake in the syntax.
  return status.code() == StatusCode::kNotFound ? Outcome(status) : Outcome::Usage(status);
}

}  // namespace sagitta::cli
