// Visits the values that a path leads to inside an encoded payload: no allocation, siblings are
// stepped over by their length. VisitPath() is this with a std::function.
#pragma once

#include <span>
#include <string_view>
#include <type_traits>

#include "filter/payload_format.h"
#include "filter/payload_path.h"

namespace sagitta::filter {

// `visit(const ValueView&, bool is_element)` returns false to end the walk. `is_element` tells the
// elements of a list at the path's end from what the path itself leads to.
template <typename Visitor>
class PayloadWalk {
 public:
  explicit PayloadWalk(Visitor& visit) : visit_(visit) {}

  // Whether the path is there; malformed bytes on the way count as absent. Meaningless after an
  // early end.
  bool Run(std::string_view payload, const PayloadPath& path) {
    std::string_view entries;
    uint32_t count;
    return OpenPayload(payload, &entries, &count) && RunObject(entries, path);
  }
  // The same from an object's encoded entries (ValueView::text).
  bool RunObject(std::string_view entries, const PayloadPath& path) {
    return !path.keys().empty() && Object(entries, path.keys()) && present_;
  }

 private:
  using Keys = std::span<const std::string_view>;

  // False when the walk is over, by malformed bytes or by the visitor's wish.
  bool Object(std::string_view entries, Keys keys) {
    Cursor cursor(entries);
    while (!cursor.AtEnd()) {
      std::string_view key;
      ValueView value;
      if (!cursor.Bytes(&key) || !cursor.Read(&value)) return false;
      const int order = key.compare(keys.front());
      if (order == 0) return keys.size() == 1 ? Final(value) : Inner(value, keys.subspan(1));
      if (order > 0) break;  // keys ascend
    }
    return true;
  }

  bool Inner(const ValueView& value, Keys keys) {
    if (value.kind == Value::Kind::kObject) return Object(value.text, keys);
    if (value.kind != Value::Kind::kList) return true;
    Cursor cursor(value.text);
    while (!cursor.AtEnd()) {
      ValueView element;
      if (!cursor.Read(&element)) return false;
      if (element.kind == Value::Kind::kObject && !Object(element.text, keys)) return false;
    }
    return true;
  }

  bool Final(const ValueView& value) {
    present_ = true;
    if (!visit_(value, false)) return false;
    if (value.kind != Value::Kind::kList) return true;
    Cursor cursor(value.text);
    while (!cursor.AtEnd()) {
      ValueView element;
      if (!cursor.Read(&element) || !visit_(element, true)) return false;
    }
    return true;
  }

  Visitor& visit_;
  bool present_ = false;
};

template <typename Visitor>
bool WalkPayload(std::string_view payload, const PayloadPath& path, Visitor&& visit) {
  return PayloadWalk<std::remove_reference_t<Visitor>>(visit).Run(payload, path);
}

template <typename Visitor>
bool WalkObject(std::string_view entries, const PayloadPath& path, Visitor&& visit) {
  return PayloadWalk<std::remove_reference_t<Visitor>>(visit).RunObject(entries, path);
}

}  // namespace sagitta::filter
