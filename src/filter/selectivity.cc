#include "filter/selectivity.h"

#include <algorithm>
#include <string>

namespace sagitta::filter {

namespace {

// `prefix`: of the paths below a kNested, "" or ending in a '.'.
double Estimate(const Filter& filter, const RowSource& source, const std::string& prefix) {
  using Op = Filter::Op;
  constexpr double kUnknown = 0.5;
  const double rows = static_cast<double>(std::max<size_t>(source.rows(), 1));
  double share = 1;
  switch (filter.op) {
    case Op::kAnd:
      for (const Filter& child : filter.children) share *= Estimate(child, source, prefix);
      return share;
    case Op::kOr:
      for (const Filter& child : filter.children) share *= 1 - Estimate(child, source, prefix);
      return 1 - share;
    case Op::kNot:
      return 1 - Estimate(filter.children.front(), source, prefix);
    case Op::kIdIn:
      return std::min(1.0, static_cast<double>(filter.ids.size()) / rows);
    case Op::kNested:
      return Estimate(filter.children.front(), source, prefix + filter.path + ".");
    default: {
      const PayloadIndexData* index = source.FindIndex(prefix + filter.path);
      const auto count = index ? index->Estimate(filter) : std::nullopt;
      return count ? std::min(1.0, static_cast<double>(*count) / rows) : kUnknown;
    }
  }
}

}  // namespace

double EstimateSelectivity(const Filter& filter, const RowSource& source) {
  return Estimate(filter, source, "");
}

}  // namespace sagitta::filter
