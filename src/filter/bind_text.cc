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

// `prefix`: of the paths below a kNested, "" or ending in a '.'.
void Bind(const std::vector<PayloadIndex>& indexes, const std::string& prefix, Filter* filter) {
  const std::string path = prefix + filter->path;
  const std::string& below = filter->op == Filter::Op::kNested ? path + "." : prefix;
  for (Filter& child : filter->children) Bind(indexes, below, &child);
  if (filter->op != Filter::Op::kMatch || filter->tokens.has_value()) return;
  const auto at = std::find_if(indexes.begin(), indexes.end(), [&](const PayloadIndex& index) {
    return index.kind == PayloadIndexKind::kText && index.path == path;
  });
  if (at != indexes.end()) filter->tokens = at->text;
}

}  // namespace

std::optional<Filter> BindText(const Filter& filter, const std::vector<PayloadIndex>& indexes) {
  if (!IsOpen(filter)) return std::nullopt;
  Filter bound = filter;
  Bind(indexes, "", &bound);
  return bound;
}

}  // namespace sagitta::filter
