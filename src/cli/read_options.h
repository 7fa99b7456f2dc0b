// Options that several read and write commands share. Thread-compatible.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/outcome.h"
#include "sagitta/v1/points.pb.h"
#include "sagitta/v1/query.pb.h"

namespace sagitta::cli {

// An option that may be repeated; each time it takes one value, not all that follow it.
CLI::Option* AddRepeated(CLI::App& app, const std::string& name, std::vector<std::string>& values,
                         const std::string& help);

struct SelectOptions {
  bool payload = false;
  std::vector<std::string> payload_keys;
  bool vectors = false;
  std::vector<std::string> vector_fields;

  void AddTo(CLI::App& app);
  void Apply(v1::Select* out) const;
};

// Ids in the tool's syntax, or a filter; a command takes exactly one.
struct TargetOptions {
  std::vector<std::string> ids;
  std::string filter;

  void AddTo(CLI::App& app);
  template <typename Request>
  Outcome Apply(Request* out) const {
    if (ids.empty() == filter.empty()) {
      return Outcome::Usage("exactly one of --id and --filter is needed");
    }
    SAGITTA_CLI_RETURN_IF_FAILED(ApplyIds(out->mutable_ids()));
    return filter.empty() ? Outcome::Ok() : ParseFilter(out->mutable_filter());
  }

 private:
  Outcome ApplyIds(google::protobuf::RepeatedPtrField<v1::PointId>* out) const;
  Outcome ParseFilter(v1::Filter* out) const;
};

// Usage errors, as they come from the command line.
Outcome ParseIds(const std::vector<std::string>& texts,
                 google::protobuf::RepeatedPtrField<v1::PointId>* out);
Outcome ParseFilterOption(const std::string& text, v1::Filter* out);

}  // namespace sagitta::cli
