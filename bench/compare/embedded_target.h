// Sagitta in this process: loads rows and columns, waits for the index, searches.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/compare/target.h"
#include "sagitta/database.h"

namespace sagitta::bench {

class EmbeddedTarget : public Target {
 public:
  // Builds a collection in the new directory job["dir"]:
  //   "schema"   the collection's schema in the JSON form of CollectionSchema; its one vector field
  //              takes the rows, and whatever index kinds and settings the library knows go in it;
  //              the name is "compare", which is what ConnectTarget() asks for
  //   "base"     .npy of f32, one point a row, ids are row numbers
  //   "columns"  [{"path", "file", "text"}]: .npy of int64, one row a point, negative = absent;
  //              with several columns the payload is a list; with "text" values become strings
  //   "threads"  for building; "search_threads" for searching, default 1, 0 = one per core
  // Ends the program with a message when anything fails.
  explicit EmbeddedTarget(const nlohmann::json& job);

  std::unique_ptr<PreparedSearch> Prepare(const SearchJob& job, size_t callers) override;
  // What building took and what the collection occupies.
  const nlohmann::json& report() const { return report_; }

 private:
  void Load(const nlohmann::json& job);
  void ReportSpace();

  std::unique_ptr<Database> database_;
  std::shared_ptr<Collection> collection_;
  nlohmann::json report_;
};

}  // namespace sagitta::bench
