// The stored form of a payload: a compact, self-describing, versioned byte string that can be
// searched by path without being decoded. Format in docs/payload-format.md. Thread-safe, pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "sagitta/status.h"
#include "sagitta/value.h"

namespace sagitta::filter {

// INVALID_ARGUMENT (field "payload.<path>"): a key that is empty, over 256 bytes or not UTF-8, a
// string that is not UTF-8, NaN or infinite doubles, nesting deeper than 32 (objects and lists
// inside each other, the payload itself among them), or over 1 MiB encoded.
Result<std::string> EncodePayload(const Payload& payload);
// DATA_LOSS on malformed bytes; never reads outside them. No bytes at all are the empty payload.
Result<Payload> DecodePayload(std::string_view bytes);

// A value inside encoded bytes. REQUIRES: the bytes outlive it.
struct ValueView {
  Value::Kind kind = Value::Kind::kNull;
  bool boolean = false;
  int64_t int64 = 0;
  double dbl = 0;
  std::string_view text;  // kString: the string; kList, kObject: the encoded content
  uint32_t elements = 0;  // kList, kObject
};

// Calls `visit` for every value that `path` leads to: the value itself and, where it (or an
// object's list on the way) is a list, each element. Returns whether the path is there. Malformed
// bytes count as absent.
bool VisitPath(std::string_view payload, std::string_view path,
               const std::function<void(const ValueView&)>& visit);
// The value at `path` itself (no list expansion at its end), decoded. Where a list of objects lies
// on the way, a list of what each of them leads to, with the elements of lists among those put in
// their place.
std::optional<Value> FindPath(std::string_view payload, std::string_view path);
// One value, with all inside it; nothing on malformed bytes. The inverse of reading a ValueView.
std::optional<Value> DecodeValue(const ValueView& view);
// Only `paths` of the payload (objects and lists of objects on the way kept, where anything is left
// in them), in decoded form. DATA_LOSS on malformed bytes.
Result<Payload> ProjectPayload(std::string_view payload, const std::vector<std::string>& paths);
// Removes `path`, from each object where a list of them lies on the way; false when it is not
// there.
bool ErasePath(Payload& payload, std::string_view path);

}  // namespace sagitta::filter
