// The options that `query` and `bench query` share. Thread-compatible.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "cli/outcome.h"
#include "cli/read_options.h"
#include "sagitta/v1/query.pb.h"

namespace sagitta::cli {

struct QueryOptions {
  std::string field;
  uint32_t k = 10;
  std::optional<uint32_t> ef, nprobe;
  std::optional<float> oversampling;
  bool exact = false;
  std::string filter;
  std::string adapter;

  void AddTo(CLI::App& app);
  // REQUIRES: with an adapter, the target is a vector.
  Outcome Apply(v1::Query* out) const;
};

}  // namespace sagitta::cli
