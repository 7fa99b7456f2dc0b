#include "filter/selectivity.h"

#include <algorithm>

namespace sagitta::filter {

double EstimateSelectivity(const Filter& filter, const RowSource& source) {
  using Op = Filter::Op;
  constexpr double kUnknown = 0.5;
  const double rows = static_cast<double>(std::max<size_t>(source.rows(), 1));
  double share = 1;
  switch (filter.op) {
    case Op::kAnd:
      for (const Filter& child : filter.children) share *= EstimateSelectivity(child, source);
      return share;
    case Op::kOr:
      for (const Filter& child : filter.children) share *= 1 - EstimateSelectivity(child, source);
      return 1 - share;
    case Op::kNot:
      return 1 - EstimateSelectivity(filter.children.front(), source);
    case Op::kIdIn:
      return std::min(1.0, static_cast<double>(filter.ids.size()) / rows);
    default: {
      const PayloadIndexData* index = source.FindIndex(filter.path);
      const auto count = index ? index->Estimate(filter) : std::nullopt;
      return count ? std::min(1.0, static_cast<double>(*count) / rows) : kUnknown;
    }
  }
}

}  // namespace sagitta::filter
