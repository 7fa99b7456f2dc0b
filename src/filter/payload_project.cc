// Parts of a payload: one path's value, some paths of it, all but one.
#include <map>

#include "filter/payload_codec.h"
#include "filter/payload_format.h"
#include "filter/payload_path.h"
#include "filter/payload_walk.h"

namespace sagitta::filter {
namespace {

// The wanted paths as a tree of keys.
struct KeyTree {
  std::map<std::string_view, KeyTree> children;
  bool whole = false;  // a path ends here: all below is wanted
};

KeyTree BuildKeyTree(const std::vector<std::string>& paths) {
  KeyTree root;
  for (const std::string& text : paths) {
    const PayloadPath path(text);
    if (path.keys().empty()) continue;
    KeyTree* node = &root;
    for (const std::string_view key : path.keys()) node = &node->children[key];
    node->whole = true;
  }
  return root;
}

bool ProjectValue(const ValueView& view, const KeyTree& tree, std::optional<Value>* out);

bool ProjectObject(std::string_view entries, const KeyTree& tree, ValueObject* out) {
  Cursor cursor(entries);
  while (!cursor.AtEnd()) {
    std::string_view key;
    ValueView value;
    if (!cursor.Bytes(&key) || !cursor.Read(&value)) return false;
    const auto wanted = tree.children.find(key);
    if (wanted == tree.children.end()) continue;
    std::optional<Value> part;
    if (!ProjectValue(value, wanted->second, &part)) return false;
    if (part) out->insert_or_assign(std::string(key), std::move(*part));
  }
  return true;
}

// Leaves *out empty when nothing below `view` is wanted.
bool ProjectValue(const ValueView& view, const KeyTree& tree, std::optional<Value>* out) {
  if (tree.whole) return (*out = DecodeValue(view)).has_value();
  if (view.kind == Value::Kind::kObject) {
    ValueObject object;
    if (!ProjectObject(view.text, tree, &object)) return false;
    if (!object.empty()) *out = std::move(object);
    return true;
  }
  if (view.kind != Value::Kind::kList) return true;
  ValueList list;
  Cursor cursor(view.text);
  while (!cursor.AtEnd()) {
    ValueView element;
    if (!cursor.Read(&element)) return false;
    if (element.kind != Value::Kind::kObject) continue;
    ValueObject object;
    if (!ProjectObject(element.text, tree, &object)) return false;
    if (!object.empty()) list.emplace_back(std::move(object));
  }
  if (!list.empty()) *out = std::move(list);
  return true;
}

bool EraseKeys(ValueObject& object, std::span<const std::string_view> keys) {
  const auto at = object.find(keys.front());
  if (at == object.end()) return false;
  if (keys.size() == 1) {
    object.erase(at);
    return true;
  }
  keys = keys.subspan(1);
  if (ValueObject* inner = at->second.AsObject()) return EraseKeys(*inner, keys);
  ValueList* list = at->second.AsList();
  if (list == nullptr) return false;
  bool erased = false;
  for (Value& element : *list) {
    if (ValueObject* inner = element.AsObject()) erased |= EraseKeys(*inner, keys);
  }
  return erased;
}

// Whether a list lies on the way to the path's end, so that the path may lead to several values.
bool LeadsThroughList(std::string_view payload, const PayloadPath& path) {
  std::string_view entries;
  uint32_t count;
  if (!OpenPayload(payload, &entries, &count)) return false;
  for (const std::string_view wanted : path.keys().first(path.keys().size() - 1)) {
    Cursor cursor(entries);
    std::string_view key;
    ValueView value;
    do {
      if (cursor.AtEnd() || !cursor.Bytes(&key) || !cursor.Read(&value)) return false;
    } while (key != wanted);
    if (value.kind == Value::Kind::kList) return true;
    if (value.kind != Value::Kind::kObject) return false;
    entries = value.text;
  }
  return false;
}

}  // namespace

std::optional<Value> FindPath(std::string_view payload, std::string_view path) {
  const PayloadPath keys(path);
  if (keys.keys().empty()) return std::nullopt;
  const bool several = LeadsThroughList(payload, keys);
  ValueList values;
  bool intact = true;
  const bool present = WalkPayload(payload, keys, [&](const ValueView& view, bool is_element) {
    // Without a list on the way, the one value is taken whole; otherwise lists are spliced.
    if (several ? view.kind == Value::Kind::kList && !is_element : is_element) return true;
    std::optional<Value> value = DecodeValue(view);
    if (!value) return intact = false;
    values.push_back(std::move(*value));
    return true;
  });
  if (!present || !intact) return std::nullopt;
  if (several) return Value(std::move(values));
  return std::move(values.front());
}

Result<Payload> ProjectPayload(std::string_view payload, const std::vector<std::string>& paths) {
  std::string_view entries;
  uint32_t count;
  Payload out;
  if (!OpenPayload(payload, &entries, &count) ||
      !ProjectObject(entries, BuildKeyTree(paths), &out)) {
    return Status::DataLoss("the stored payload is malformed");
  }
  return out;
}

bool ErasePath(Payload& payload, std::string_view path) {
  const PayloadPath keys(path);
  return !keys.keys().empty() && EraseKeys(payload, keys.keys());
}

}  // namespace sagitta::filter
