#include "compactor/death_watch.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sagitta::compactor {
namespace {

constexpr double kMeasured = 1.0;  // seconds, at the least
constexpr double kSoon = 60.0;     // seconds
constexpr double kUnknown = std::numeric_limits<double>::infinity();

}  // namespace

const SegmentIds& DeathWatch::Observe(const engine::ShardFacts& facts, TimePoint now) {
  std::map<std::string, Mark> marks;
  dying_.clear();
  for (const engine::SegmentFacts& segment : facts.segments) {
    if (segment.state != engine::SegmentFacts::State::kSealed) continue;
    const auto known = marks_.find(segment.id);
    Mark mark = known == marks_.end() ? Mark{now, segment.deleted, kUnknown} : known->second;
    const double passed = std::chrono::duration<double>(now - mark.at).count();
    const auto died = static_cast<double>(segment.deleted - mark.deleted);
    const double rate = std::max(mark.per_second, died / std::max(passed, kMeasured));
    if (segment.deleted > 0 && rate > 0 &&
        static_cast<double>(segment.rows - segment.deleted) <= rate * kSoon) {
      dying_.insert(segment.id);
    }
    if (passed >= kMeasured) mark = {now, segment.deleted, died / passed};
    marks.emplace(segment.id, mark);
  }
  marks_ = std::move(marks);
  return dying_;
}

}  // namespace sagitta::compactor
