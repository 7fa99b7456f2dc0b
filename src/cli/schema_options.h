// The options of `collection create` and `collection update`, and the requests they make.
// Thread-compatible.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/outcome.h"
#include "sagitta/v1/collections.pb.h"

namespace sagitta::cli {

// Settings that both commands take; what is not given is left as it is.
struct IndexOptions {
  std::string kind;
  std::optional<uint32_t> m, ef_construction, ef_search;
  std::optional<uint32_t> nlist, nprobe;
  std::optional<uint32_t> pq_m, pq_nbits;
  std::optional<float> oversampling;
  std::optional<uint32_t> degree, build_width, code_bits;
  std::optional<float> alpha;
  std::string codec, codec_model;
  std::optional<uint32_t> codec_bits, codec_pieces, codec_bytes, codec_width, search_dims;
  std::string codec_transform;
  std::optional<float> near_duplicates;
  std::string residency;

  void AddTo(CLI::App& app);
  bool Any() const;
  Status Apply(v1::IndexParams* out) const;
};

struct CompactionOptions {
  std::optional<uint32_t> seal_rows, seal_idle_ms, seal_min_rows, max_segment_rows;
  std::optional<float> deleted_ratio;

  void AddTo(CLI::App& app);
  bool Any() const;
  void Apply(v1::CompactionSettings* out) const;
};

struct SchemaOptions {
  std::string name;
  std::string schema_file;
  std::vector<std::string> fields;  // "name:dim:metric[:index[:storage]]"
  uint32_t dim = 0;
  std::string metric = "L2";
  std::string storage = "F32";
  std::string field_name = "vector";
  uint32_t shards = 1;
  std::vector<std::string> payload_indexes;  // as of ParsePayloadIndex
  IndexOptions index;
  CompactionOptions compaction;

  void AddTo(CLI::App& app);
  Outcome Build(v1::CollectionSchema* out) const;
};

struct UpdateOptions {
  std::string name;
  std::string field;  // empty = all
  IndexOptions index;
  CompactionOptions compaction;

  void AddTo(CLI::App& app);
  // `current` supplies what is not given.
  Outcome Build(const v1::CollectionSchema& current, v1::UpdateCollectionRequest* out) const;
};

// "path:kind"; the last ':' divides. A kind of text may have settings behind it:
// "title:text,stemmer=english,stop=the,stop=a".
Status ParsePayloadIndex(const std::string& text, v1::PayloadIndex* out);
// "TEXT,stemmer=english": the kind and what differs from the defaults, as ParsePayloadIndex reads
// it.
std::string DescribePayloadIndex(const v1::PayloadIndex& index);

inline constexpr char kPayloadIndexKinds[] =
    "keyword, int64, double, bool, datetime, geo or text; text may have settings behind it: "
    "text,stemmer=english,tokenizer=whitespace,case_sensitive=true,min=2,max=40,stop=the,stop=a";

// "name:dim:metric[:index[:storage]]".
Status ParseField(const std::string& text, v1::VectorField* out);

}  // namespace sagitta::cli
