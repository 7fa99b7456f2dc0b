#include "filter/nested_bounds.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace sagitta::filter {
namespace {

using Op = Filter::Op;

// Whether indexes could leave rows out at all: where one condition must not hold, they cannot.
bool CanNarrow(const Filter& filter) {
  switch (filter.op) {
    case Op::kAnd:
      return std::any_of(filter.children.begin(), filter.children.end(), CanNarrow);
    case Op::kOr:
      return std::all_of(filter.children.begin(), filter.children.end(), CanNarrow);
    case Op::kNested:
      return CanNarrow(filter.children[0]);
    case Op::kNot:
    case Op::kNotIn:
    case Op::kIsEmpty:
      return false;
    default:
      return true;
  }
}

class NestedBounds {
 public:
  NestedBounds(const RowSource& source, std::set<std::string>* asked)
      : source_(source), rows_(source.rows()), asked_(asked) {}

  // Of the rows in which some object at `at` satisfies `filter`.
  RowBounds Some(const Filter& filter, const std::string& at) {
    switch (filter.op) {
      case Op::kAnd:
        if (filter.children.size() == 1) return Some(filter.children[0], at);
        return SomeAll(filter, at);
      case Op::kOr: {
        RowBounds any = RowBounds::None(rows_);
        for (const Filter& child : filter.children) any.Or(Some(child, at));
        return any;
      }
      case Op::kNested:
        return Some(filter.children[0], at + "." + filter.path);
      // Another object of the row may well have what this one must not have.
      case Op::kNot:
      case Op::kNotIn:
      case Op::kIsEmpty:
        return RowBounds::Unknown(rows_);
      default: {
        const std::string path = at + "." + filter.path;
        return BoundLeaf(filter, path, source_.FindIndex(path), rows_, asked_);
      }
    }
  }

 private:
  RowBounds SomeAll(const Filter& filter, const std::string& at) {
    base::Bitset possible(rows_, true);
    for (const Filter& child : filter.children) {
      const RowBounds part = Some(child, at);
      for (size_t i = 0; i < possible.word_count(); ++i) {
        possible.words()[i] &= part.possible().words()[i];
      }
    }
    return RowBounds::Of(base::Bitset(rows_), std::move(possible));
  }

  const RowSource& source_;
  const size_t rows_;
  std::set<std::string>* asked_;
};

}  // namespace

RowBounds BoundLeaf(const Filter& leaf, const std::string& path, const PayloadIndexData* index,
                    size_t rows, std::set<std::string>* asked) {
  std::optional<IndexAnswer> answer;
  if (index != nullptr) answer = index->Answer(leaf, rows);
  if (!answer || answer->other_kind) asked->insert(path);
  if (!answer) return RowBounds::Unknown(rows);
  if (!answer->has_unsure) return RowBounds::Exact(std::move(answer->matches));
  // For kNotIn, too, the unsure rows lie outside the sure ones.
  return RowBounds::Of(std::move(answer->matches), std::move(answer->unsure));
}

RowBounds BoundNested(const Filter& nested, const RowSource& source, std::set<std::string>* asked) {
  if (!CanNarrow(nested.children[0])) asked->insert(nested.path);
  return NestedBounds(source, asked).Some(nested.children[0], nested.path);
}

}  // namespace sagitta::filter
