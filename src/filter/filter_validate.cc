#include <cmath>

#include "base/bytes.h"
#include "filter/geo_check.h"
#include "filter/payload_path.h"
#include "filter/printable.h"
#include "sagitta/filter.h"

namespace sagitta {
namespace {

using Op = Filter::Op;

constexpr size_t kMaxDepth = 32;
constexpr size_t kMaxNodes = 1024;
constexpr size_t kMaxListed = 65536;
constexpr size_t kMaxMatchBytes = 8192;

std::string_view OpName(Op op) {
  switch (op) {
    case Op::kAnd:
      return "and";
    case Op::kOr:
      return "or";
    case Op::kNot:
      return "not";
    case Op::kEquals:
      return "equals";
    case Op::kIn:
      return "in";
    case Op::kNotIn:
      return "not_in";
    case Op::kRange:
      return "range";
    case Op::kDatetimeRange:
      return "datetime_range";
    case Op::kExists:
      return "exists";
    case Op::kIsNull:
      return "is_null";
    case Op::kIsEmpty:
      return "is_empty";
    case Op::kIdIn:
      return "id_in";
    case Op::kGeoRadius:
      return "geo_radius";
    case Op::kGeoBox:
      return "geo_box";
    case Op::kGeoPolygon:
      return "geo_polygon";
    case Op::kMatch:
      return "match";
    case Op::kNested:
      return "nested";
  }
  return "";
}

std::string_view KindName(Value::Kind kind) {
  constexpr std::string_view kNames[] = {"null",     "a bool", "an int64", "a double",
                                         "a string", "a list", "an object"};
  return kNames[static_cast<size_t>(kind)];
}

bool IsInner(Op op) { return op == Op::kAnd || op == Op::kOr || op == Op::kNot; }

Status Wrong(std::string_view field, std::string message) {
  return Status::InvalidArgument(std::string(field), std::move(message));
}

Status ValidatePath(const std::string& path) {
  if (path.empty()) return Wrong("path", "is empty");
  if (path.size() > filter::kMaxPathBytes) {
    return Wrong("path", "has " + std::to_string(path.size()) + " bytes, at most " +
                             std::to_string(filter::kMaxPathBytes) + " are allowed");
  }
  if (!base::IsValidUtf8(path)) return Wrong("path", filter::Printable(path) + " is not UTF-8");
  // PayloadPath takes no path with an empty key or more keys than a payload has levels.
  if (filter::PayloadPath(path).keys().empty()) {
    return Wrong("path", filter::Printable(path) + " has an empty key or more than " +
                             std::to_string(filter::kMaxPayloadDepth) + " keys");
  }
  return Status::Ok();
}

Status ValidateOperand(const std::string& field, const Value& value) {
  const double* number = value.AsDouble();
  if (number != nullptr && !std::isfinite(*number)) return Wrong(field, "must be finite");
  switch (value.kind()) {
    case Value::Kind::kBool:
    case Value::Kind::kInt64:
    case Value::Kind::kDouble:
    case Value::Kind::kString:
      return Status::Ok();
    default:
      return Wrong(field, "is " + std::string(KindName(value.kind())) +
                              ", must be a bool, an int64, a double or a string");
  }
}

Status ValidateBound(std::string_view field, const std::optional<Filter::Bound>& bound) {
  if (!bound) return Status::Ok();
  if (const double* number = bound->value.AsDouble(); number && !std::isfinite(*number)) {
    return Wrong(field, "must be finite; leave the bound out for an open range");
  }
  if (bound->value.AsInt64() || bound->value.AsDouble()) return Status::Ok();
  return Wrong(
      field, "is " + std::string(KindName(bound->value.kind())) + ", must be an int64 or a double");
}

Status ValidateListed(std::string_view field, size_t count) {
  if (count >= 1 && count <= kMaxListed) return Status::Ok();
  return Wrong(field, "has " + std::to_string(count) + " entries, 1 to " +
                          std::to_string(kMaxListed) + " are allowed");
}

Status ValidateIds(const std::vector<PointId>& ids) {
  SAGITTA_RETURN_IF_ERROR(ValidateListed("ids", ids.size()));
  for (size_t i = 0; i < ids.size(); ++i) {
    if (const Status status = ids[i].Validate(); !status.ok()) {
      return Wrong("ids[" + std::to_string(i) + "]", status.message());
    }
  }
  return Status::Ok();
}

Status ValidateMatch(const Filter& node) {
  if (node.text.empty() || node.text.size() > kMaxMatchBytes) {
    return Wrong("text", "has " + std::to_string(node.text.size()) + " bytes, 1 to " +
                             std::to_string(kMaxMatchBytes) + " are allowed");
  }
  if (!base::IsValidUtf8(node.text)) {
    return Wrong("text", filter::Printable(node.text) + " is not UTF-8");
  }
  if (node.match < TextMatch::kAll || node.match > TextMatch::kPhrase) {
    return Wrong("match", "is " + std::to_string(static_cast<int>(node.match)) +
                              ", allowed are all (1), any (2), phrase (3)");
  }
  const Status tokens = node.tokens ? node.tokens->Validate() : Status::Ok();
  return tokens.ok() ? tokens : Wrong("tokens." + tokens.field(), tokens.message());
}

// What a condition on a path asks of the values there.
Status ValidateOperands(const Filter& node) {
  switch (node.op) {
    case Op::kEquals:
      if (node.values.size() == 1) return ValidateOperand("value", node.values[0]);
      return Wrong("value",
                   "is given " + std::to_string(node.values.size()) + " times, must be once");
    case Op::kIn:
    case Op::kNotIn:
      SAGITTA_RETURN_IF_ERROR(ValidateListed("values", node.values.size()));
      for (size_t i = 0; i < node.values.size(); ++i) {
        SAGITTA_RETURN_IF_ERROR(
            ValidateOperand("values[" + std::to_string(i) + "]", node.values[i]));
      }
      return Status::Ok();
    case Op::kRange:
    case Op::kDatetimeRange:
      SAGITTA_RETURN_IF_ERROR(ValidateBound("lower", node.lower));
      return ValidateBound("upper", node.upper);
    case Op::kGeoRadius:
      return filter::CheckCircle(node.circle);
    case Op::kGeoBox:
      return filter::CheckBox(node.box);
    case Op::kGeoPolygon:
      return filter::CheckPolygon(node.polygon);
    case Op::kMatch:
      return ValidateMatch(node);
    default:
      return Status::Ok();
  }
}

// A node without its children; the error's field is relative to the node.
Status ValidateNode(const Filter& node) {
  const Op op = node.op;
  if (OpName(op).empty()) {
    return Wrong("op", "is " + std::to_string(static_cast<int>(op)) + ", which is no condition");
  }
  if ((op == Op::kNot || op == Op::kNested) && node.children.size() != 1) {
    return Wrong("", "has " + std::to_string(node.children.size()) + " children, must have one");
  }
  if (IsInner(op)) return Status::Ok();
  if (op == Op::kNested) return ValidatePath(node.path);
  if (!node.children.empty()) {
    return Wrong("children", "are given, but only and, or, not, nested take any");
  }
  if (op == Op::kIdIn) return ValidateIds(node.ids);
  SAGITTA_RETURN_IF_ERROR(ValidatePath(node.path));
  return ValidateOperands(node);
}

struct Frame {
  const Filter* node;
  size_t next_child;
  bool nested;  // below a kNested
};

// "filter.and[1].not.range": `stack` holds the nodes from the root down, each with the child that
// is on the way already counted in next_child.
std::string NodePath(const std::vector<Frame>& stack) {
  std::string path = "filter";
  for (size_t i = 0; i < stack.size(); ++i) {
    const Filter& node = *stack[i].node;
    path += '.';
    path += OpName(node.op).empty() ? "op" : OpName(node.op);
    if (i + 1 == stack.size() || node.op == Op::kNot) continue;
    if (node.op == Op::kNested) {
      path += ".filter";
      continue;
    }
    path += "[" + std::to_string(stack[i].next_child - 1) + "]";
  }
  return path;
}

Status At(const std::vector<Frame>& stack, const Status& status) {
  const std::string path = NodePath(stack);
  if (status.field().empty() || status.field() == "op") {
    return Status::InvalidArgument(path, status.message());
  }
  return Status::InvalidArgument(path + "." + status.field(), status.message());
}

}  // namespace

// A stack of its own, not recursion: the tree may come from anywhere and be of any depth.
Status Filter::Validate() const {
  std::vector<Frame> stack = {{this, 0, false}};
  size_t nodes = 1;
  SAGITTA_RETURN_IF_ERROR([&] {
    const Status s = ValidateNode(*this);
    return s.ok() ? s : At(stack, s);
  }());
  while (!stack.empty()) {
    Frame& top = stack.back();
    if (top.next_child == top.node->children.size()) {
      stack.pop_back();
      continue;
    }
    const Filter& child = top.node->children[top.next_child++];
    const bool nested = top.nested || top.node->op == Op::kNested;
    stack.push_back({&child, 0, nested});
    if (stack.size() > kMaxDepth) {
      return At(stack, Wrong("", "is nested " + std::to_string(stack.size()) +
                                     " levels deep, at most 32 are allowed"));
    }
    if (++nodes > kMaxNodes) {
      return Wrong("filter", "has more than 1024 nodes, at most 1024 are allowed");
    }
    if (nested && child.op == Op::kIdIn) {
      return At(stack, Wrong("", "is below nested, whose objects have no ids"));
    }
    if (const Status status = ValidateNode(child); !status.ok()) return At(stack, status);
  }
  return Status::Ok();
}

}  // namespace sagitta
