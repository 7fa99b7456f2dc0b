// DeathWatch: which sealed segments of a shard will be without a live row soon. Where points are
// written again and again, the oldest segment loses all of its rows one after the other, and to
// rewrite what is left half-way is work for nothing.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "engine/shard.h"

namespace sagitta::compactor {

using SegmentIds = std::set<std::string, std::less<>>;

class DeathWatch {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // To be called again and again. The sealed segments with dead rows of which the others die, at
  // the rate of the last second or two, within a minute. Once deaths cease, none; of a segment that
  // has not been watched for a second that is not known, and it counts.
  const SegmentIds& Observe(const engine::ShardFacts& facts, TimePoint now);

 private:
  struct Mark {
    TimePoint at;
    uint64_t deleted = 0;
    double per_second = 0;  // before it; infinite where nothing is known
  };
  std::map<std::string, Mark> marks_;
  SegmentIds dying_;
};

}  // namespace sagitta::compactor
