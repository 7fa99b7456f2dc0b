// Grouping: the best hits of a query by the value that their payloads have at a path.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/candidate_search.h"
#include "filter/payload_codec.h"
#include "filter/payload_path.h"

namespace sagitta::engine {

// Takes rows best first and puts each into the groups of its values. The first row of a group is
// its best, so groups come in order of their best hits. Not thread-safe.
class GroupBuilder {
 public:
  struct Member {
    Value key;
    std::vector<Found> rows;
  };

  // REQUIRES: `path` outlives it.
  GroupBuilder(std::string_view path, size_t groups, size_t group_size)
      : path_(path), max_groups_(groups), group_size_(group_size) {}

  // Bools, numbers and strings at the path are groups, those in a list each; int64 1 and double 1.0
  // are two.
  void Add(const Found& row, std::string_view payload);
  // No row can change anything any more.
  bool full() const { return full_ == max_groups_; }
  const std::vector<Member>& groups() const { return groups_; }

 private:
  void AddTo(const filter::ValueView& value, const Found& row);

  filter::PayloadPath path_;
  size_t max_groups_;
  size_t group_size_;
  size_t full_ = 0;
  std::vector<Member> groups_;
  std::unordered_map<std::string, size_t> positions_;  // by a key that tells kinds apart
};

// The groups offset … offset + k of the query, best first. Exact where every segment is scanned;
// else among the nearest rows, 10,000 or four times what the groups can hold.
Result<std::vector<Group>> FindGroups(const CollectionSchema& schema,
                                      std::span<const ShardView> views, const SearchPlan& plan,
                                      CandidateSearch* candidates, const CancelToken& cancel);

}  // namespace sagitta::engine
