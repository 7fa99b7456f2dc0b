#include "filter/evaluate.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "filter/condition.h"
#include "filter/nested_bounds.h"
#include "filter/row_bounds.h"

namespace sagitta::filter {
namespace {

using Op = Filter::Op;

constexpr size_t kPayloadsPerCheck = 256;

bool IsInner(Op op) { return op == Op::kAnd || op == Op::kOr || op == Op::kNot; }

// A node of the filter as this segment sees it.
struct Node {
  const Filter* filter = nullptr;
  std::vector<Node> children;  // of kAnd and kOr: those without unindexed leaves first
  const PayloadIndexData* index = nullptr;
  bool has_unindexed = false;     // itself or below
  std::set<std::string> asked;    // paths without an index for a leaf whose outcome could matter
  std::vector<uint32_t> id_rows;  // kIdIn, ascending
  std::unique_ptr<Condition> condition;  // made when payloads have to be read
};

Node BuildNode(const Filter& filter, const RowSource& source) {
  Node node;
  node.filter = &filter;
  if (IsInner(filter.op)) {
    for (const Filter& child : filter.children) {
      node.children.push_back(BuildNode(child, source));
      node.has_unindexed |= node.children.back().has_unindexed;
    }
    std::stable_partition(node.children.begin(), node.children.end(),
                          [](const Node& child) { return !child.has_unindexed; });
  } else if (filter.op == Op::kNested) {
    node.has_unindexed = true;  // at best it is narrowed
  } else if (filter.op != Op::kIdIn) {
    node.index = source.FindIndex(filter.path);
    node.has_unindexed = node.index == nullptr;
  }
  return node;
}

class Evaluation {
 public:
  Evaluation(const RowSource& source, size_t rows, const base::Bitset& live,
             const CancelToken& cancel)
      : source_(source), rows_(rows), live_(rows), cancel_(cancel) {
    const size_t words = std::min(live.word_count(), live_.word_count());
    std::copy_n(live.words(), words, live_.words());
    if (words == live_.word_count() && rows % 64 != 0) {
      live_.words()[words - 1] &= (uint64_t{1} << (rows % 64)) - 1;
    }
  }

  const base::Bitset& live() const { return live_; }

  // What indexes and ids say, without reading payloads.
  Result<RowBounds> Bound(Node& node) {
    SAGITTA_RETURN_IF_ERROR(cancel_.Check());
    switch (node.filter->op) {
      case Op::kAnd: {
        if (node.children.empty()) return RowBounds::All(rows_);
        SAGITTA_ASSIGN_OR_RETURN(RowBounds all, Bound(node.children.front()));
        for (size_t i = 1; i < node.children.size(); ++i) {
          if (all.NoneOf(live_)) break;  // what follows cannot matter, so it is not asked
          SAGITTA_ASSIGN_OR_RETURN(const RowBounds part, Bound(node.children[i]));
          all.And(part);
        }
        return all;
      }
      case Op::kOr: {
        if (node.children.empty()) return RowBounds::None(rows_);
        SAGITTA_ASSIGN_OR_RETURN(RowBounds any, Bound(node.children.front()));
        for (size_t i = 1; i < node.children.size(); ++i) {
          if (any.AllOf(live_)) break;
          SAGITTA_ASSIGN_OR_RETURN(const RowBounds part, Bound(node.children[i]));
          any.Or(part);
        }
        return any;
      }
      case Op::kNot: {
        SAGITTA_ASSIGN_OR_RETURN(RowBounds bounds, Bound(node.children.front()));
        bounds.Not();
        return bounds;
      }
      case Op::kIdIn:
        return BoundIds(node);
      case Op::kNested:
        return BoundNested(*node.filter, source_, &node.asked);
      default:
        return BoundLeaf(*node.filter, node.filter->path, node.index, rows_, &node.asked);
    }
  }

  // Decides the rows in `pending` on their payloads and adds those that match to `matches`.
  Status Scan(Node& root, const base::Bitset& pending, base::Bitset* matches) {
    Prepare(root);
    size_t seen = 0;
    return source_.ReadPayloads(pending, [&](uint32_t row, std::string_view payload) -> Status {
      if (seen++ % kPayloadsPerCheck == 0) SAGITTA_RETURN_IF_ERROR(cancel_.Check());
      if (RowMatches(root, row, payload)) matches->Set(row);
      return Status::Ok();
    });
  }

 private:
  Result<RowBounds> BoundIds(Node& node) {
    base::Bitset rows(rows_);
    SAGITTA_RETURN_IF_ERROR(source_.MarkIds(node.filter->ids, &rows));
    node.id_rows.clear();
    for (size_t i = 0; i < rows.word_count(); ++i) {
      for (uint64_t word = rows.words()[i]; word != 0; word &= word - 1) {
        node.id_rows.push_back(static_cast<uint32_t>(i * 64 + std::countr_zero(word)));
      }
    }
    return RowBounds::Exact(std::move(rows));
  }

  static void Prepare(Node& node) {
    for (Node& child : node.children) Prepare(child);
    if (!IsInner(node.filter->op) && node.filter->op != Op::kIdIn) {
      node.condition = std::make_unique<Condition>(*node.filter, /*many=*/true);
    }
  }

  static bool RowMatches(const Node& node, uint32_t row, std::string_view payload) {
    const auto matches = [&](const Node& child) { return RowMatches(child, row, payload); };
    switch (node.filter->op) {
      case Op::kAnd:
        return std::all_of(node.children.begin(), node.children.end(), matches);
      case Op::kOr:
        return std::any_of(node.children.begin(), node.children.end(), matches);
      case Op::kNot:
        return !matches(node.children.front());
      case Op::kIdIn:
        return std::binary_search(node.id_rows.begin(), node.id_rows.end(), row);
      default:
        return node.condition->Matches(payload);
    }
  }

  const RowSource& source_;
  const size_t rows_;
  base::Bitset live_;
  const CancelToken& cancel_;
};

void NoteAsked(const Node& node, EvaluateInfo* info) {
  for (const Node& child : node.children) NoteAsked(child, info);
  if (node.asked.empty()) return;
  info->scanned = true;
  info->unindexed.insert(node.asked.begin(), node.asked.end());
}

}  // namespace

Result<base::Bitset> Evaluate(const Filter& filter, const RowSource& source,
                              const base::Bitset& live, const CancelToken& cancel,
                              EvaluateInfo* info) {
  Node root = BuildNode(filter, source);
  Evaluation evaluation(source, source.rows(), live, cancel);
  SAGITTA_ASSIGN_OR_RETURN(RowBounds bounds, evaluation.Bound(root));
  if (bounds.exact()) return std::move(bounds.sure());
  const base::Bitset pending = bounds.Pending(evaluation.live());
  if (pending.Count() > 0) {
    SAGITTA_RETURN_IF_ERROR(evaluation.Scan(root, pending, &bounds.sure()));
    if (info != nullptr) NoteAsked(root, info);
  }
  return std::move(bounds.sure());
}

bool Matches(const Filter& filter, std::string_view payload, const PointId& id) {
  const auto matches = [&](const Filter& child) { return Matches(child, payload, id); };
  switch (filter.op) {
    case Op::kAnd:
      return std::all_of(filter.children.begin(), filter.children.end(), matches);
    case Op::kOr:
      return std::any_of(filter.children.begin(), filter.children.end(), matches);
    case Op::kNot:
      return !matches(filter.children.front());
    case Op::kIdIn:
      return std::find(filter.ids.begin(), filter.ids.end(), id) != filter.ids.end();
    default:
      return Condition(filter, /*many=*/false).Matches(payload);
  }
}

}  // namespace sagitta::filter
