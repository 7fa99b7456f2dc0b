#include "filter/bind_text.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace sagitta::filter {
namespace {

bool IsOpen(const Filter& filter) {
  return (filter.op == Filter::Op::kMatch && !filter.tokens.has_value()) ||
         std::any_of(filter.children.begin(), filter.children.end(), IsOpen);
}

void Bind(const std::vector<PayloadIndex>& indexes, Filter* filter) {
  for (Filter& child : filter->children) Bind(indexes, &child);
  if (filter->op != Filter::Op::kMatch || filter->tokens.has_value()) return;
  const auto at = std::find_if(indexes.begin(), indexes.end(), [&](const PayloadIndex& index) {
    return index.kind == PayloadIndexKind::kText && index.path == filter->path;
  });
  if (at != indexes.end()) filter->tokens = at->text;
}

}  // namespace

std::optional<Filter> BindText(const Filter& filter, const std::vector<PayloadIndex>& indexes) {
  if (!IsOpen(filter)) return std::nullopt;
  Filter bound = filter;
  Bind(indexes, &bound);
  return bound;
}

}  // namespace sagitta::filter
