#include "filter/payload_codec.h"

#include <cmath>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "filter/payload_format.h"
#include "filter/payload_path.h"
#include "filter/payload_walk.h"
#include "filter/printable.h"

namespace sagitta::filter {
namespace {

size_t VarintBytes(uint64_t v) {
  size_t n = 1;
  for (; v >= 0x80; v >>= 7) ++n;
  return n;
}

// Checks a payload and measures it: lists and objects are stored with their length in front, so
// sizes come first, and the bytes are then written once, in place.
class Measure {
 public:
  Status Payload(const ValueObject& payload, size_t* bytes) {
    SAGITTA_RETURN_IF_ERROR(Object(payload, bytes));
    *bytes += 1 + VarintBytes(payload.size());
    return *bytes > kMaxPayloadBytes ? TooLong() : Status::Ok();
  }
  // Content lengths of the lists and objects inside, in the order they are written.
  const std::vector<size_t>& content_bytes() const { return content_bytes_; }

 private:
  using Step = std::variant<const std::string*, size_t>;

  Status Fail(std::string message) const {
    std::string field = "payload";
    for (const Step& step : steps_) {
      if (const auto* key = std::get_if<const std::string*>(&step)) {
        const bool plain = base::IsValidUtf8(**key) && (*key)->size() <= kMaxKeyBytes;
        field += '.';
        field += plain ? **key : Printable(**key);
      } else {
        field += "[" + std::to_string(std::get<size_t>(step)) + "]";
      }
    }
    return Status::InvalidArgument(std::move(field), std::move(message));
  }
  static Status TooLong() {
    return Status::InvalidArgument(
        "payload", "is longer than " + std::to_string(kMaxPayloadBytes) + " bytes encoded");
  }

  Status Key(const std::string& key) const {
    if (key.empty()) return Fail("the key is empty");
    if (key.size() > kMaxKeyBytes) {
      return Fail("the key has " + std::to_string(key.size()) + " bytes, at most " +
                  std::to_string(kMaxKeyBytes) + " are allowed");
    }
    if (!base::IsValidUtf8(key)) return Fail("the key is not UTF-8");
    return Status::Ok();
  }

  Status Object(const ValueObject& object, size_t* bytes) {
    *bytes = 0;
    for (const auto& [key, value] : object) {
      steps_.emplace_back(&key);
      SAGITTA_RETURN_IF_ERROR(Key(key));
      *bytes += VarintBytes(key.size()) + key.size();
      SAGITTA_RETURN_IF_ERROR(Item(value, bytes));
      steps_.pop_back();
    }
    return Status::Ok();
  }

  Status List(const ValueList& list, size_t* bytes) {
    *bytes = 0;
    for (size_t i = 0; i < list.size(); ++i) {
      steps_.emplace_back(i);
      SAGITTA_RETURN_IF_ERROR(Item(list[i], bytes));
      steps_.pop_back();
    }
    return Status::Ok();
  }

  // Adds the value's bytes, tag included, to *bytes. A far too large payload ends early.
  Status Item(const Value& value, size_t* bytes) {
    size_t size = 1;
    switch (value.kind()) {
      case Value::Kind::kNull:
      case Value::Kind::kBool:
        break;
      case Value::Kind::kInt64:
        size += VarintBytes(ZigZag(*value.AsInt64()));
        break;
      case Value::Kind::kDouble:
        if (!std::isfinite(*value.AsDouble())) return Fail("a number must be finite");
        size += sizeof(double);
        break;
      case Value::Kind::kString:
        if (!base::IsValidUtf8(*value.AsString())) return Fail("the string is not UTF-8");
        size += VarintBytes(value.AsString()->size()) + value.AsString()->size();
        break;
      case Value::Kind::kList:
      case Value::Kind::kObject:
        SAGITTA_RETURN_IF_ERROR(Container(value, &size));
        break;
    }
    *bytes += size;
    return *bytes > kMaxPayloadBytes ? TooLong() : Status::Ok();
  }

  Status Container(const Value& value, size_t* bytes) {
    if (depth_ == kMaxPayloadDepth) {
      return Fail("is nested deeper than " + std::to_string(kMaxPayloadDepth) + " levels");
    }
    const size_t slot = content_bytes_.size();
    content_bytes_.push_back(0);
    size_t content = 0;
    ++depth_;
    const ValueList* list = value.AsList();
    SAGITTA_RETURN_IF_ERROR(list ? List(*list, &content) : Object(*value.AsObject(), &content));
    --depth_;
    content_bytes_[slot] = content;
    const size_t count = list ? list->size() : value.AsObject()->size();
    *bytes += VarintBytes(content) + VarintBytes(count) + content;
    return Status::Ok();
  }

  std::vector<Step> steps_;
  std::vector<size_t> content_bytes_;
  size_t depth_ = 1;
};

class Writer {
 public:
  Writer(const std::vector<size_t>& content_bytes, std::string* out)
      : content_bytes_(content_bytes), out_(*out) {}

  void Entries(const ValueObject& object) {
    for (const auto& [key, value] : object) {
      base::PutBytes(out_, key);
      Item(value);
    }
  }

 private:
  void Put(Tag tag) { out_.push_back(static_cast<char>(tag)); }

  void Item(const Value& value) {
    switch (value.kind()) {
      case Value::Kind::kNull:
        return Put(Tag::kNull);
      case Value::Kind::kBool:
        return Put(*value.AsBool() ? Tag::kTrue : Tag::kFalse);
      case Value::Kind::kInt64:
        Put(Tag::kInt64);
        return base::PutVarint(out_, ZigZag(*value.AsInt64()));
      case Value::Kind::kDouble:
        Put(Tag::kDouble);
        return base::PutLe(out_, *value.AsDouble());
      case Value::Kind::kString:
        Put(Tag::kString);
        return base::PutBytes(out_, *value.AsString());
      case Value::Kind::kList:
        Put(Tag::kList);
        base::PutVarint(out_, content_bytes_[next_++]);
        base::PutVarint(out_, value.AsList()->size());
        for (const Value& element : *value.AsList()) Item(element);
        return;
      case Value::Kind::kObject:
        Put(Tag::kObject);
        base::PutVarint(out_, content_bytes_[next_++]);
        base::PutVarint(out_, value.AsObject()->size());
        return Entries(*value.AsObject());
    }
  }

  const std::vector<size_t>& content_bytes_;
  size_t next_ = 0;
  std::string& out_;
};

Status Malformed() { return Status::DataLoss("the stored payload is malformed"); }

}  // namespace

Result<std::string> EncodePayload(const Payload& payload) {
  Measure measure;
  size_t bytes = 0;
  SAGITTA_RETURN_IF_ERROR(measure.Payload(payload, &bytes));
  std::string out;
  out.reserve(bytes);
  out.push_back(static_cast<char>(kPayloadVersion));
  base::PutVarint(out, payload.size());
  Writer(measure.content_bytes(), &out).Entries(payload);
  return out;
}

Result<Payload> DecodePayload(std::string_view bytes) {
  ValueView view;
  view.kind = Value::Kind::kObject;
  if (!OpenPayload(bytes, &view.text, &view.elements)) return Malformed();
  std::optional<Value> value = DecodeValue(view);
  if (!value) return Malformed();
  return std::move(*value->AsObject());
}

bool VisitPath(std::string_view payload, std::string_view path,
               const std::function<void(const ValueView&)>& visit) {
  return WalkPayload(payload, PayloadPath(path), [&](const ValueView& value, bool) {
    visit(value);
    return true;
  });
}

namespace {

bool DecodeList(const ValueView& view, size_t depth, ValueList* list);
bool DecodeObject(const ValueView& view, size_t depth, ValueObject* object);

// `depth`: how many containers are around the value.
bool DecodeItem(const ValueView& view, size_t depth, Value* value) {
  switch (view.kind) {
    case Value::Kind::kNull:
      *value = Value();
      return true;
    case Value::Kind::kBool:
      *value = view.boolean;
      return true;
    case Value::Kind::kInt64:
      *value = view.int64;
      return true;
    case Value::Kind::kDouble:
      *value = view.dbl;
      return true;
    case Value::Kind::kString:
      if (!base::IsValidUtf8(view.text)) return false;
      *value = view.text;
      return true;
    case Value::Kind::kList: {
      ValueList list;
      if (depth >= kMaxPayloadDepth || !DecodeList(view, depth + 1, &list)) return false;
      *value = std::move(list);
      return true;
    }
    case Value::Kind::kObject: {
      ValueObject object;
      if (depth >= kMaxPayloadDepth || !DecodeObject(view, depth + 1, &object)) return false;
      *value = std::move(object);
      return true;
    }
  }
  return false;
}

bool DecodeList(const ValueView& view, size_t depth, ValueList* list) {
  Cursor cursor(view.text);
  while (!cursor.AtEnd()) {
    ValueView element;
    if (!cursor.Read(&element) || !DecodeItem(element, depth, &list->emplace_back())) return false;
  }
  return list->size() == view.elements;
}

bool DecodeObject(const ValueView& view, size_t depth, ValueObject* object) {
  Cursor cursor(view.text);
  while (!cursor.AtEnd()) {
    std::string_view key;
    ValueView value;
    if (!cursor.Bytes(&key) || !cursor.Read(&value)) return false;
    if (key.empty() || key.size() > kMaxKeyBytes || !base::IsValidUtf8(key)) return false;
    // Ascending order is part of the format: lookups stop early by it.
    if (!object->empty() && key <= object->rbegin()->first) return false;
    const auto at = object->emplace_hint(object->end(), std::string(key), Value());
    if (!DecodeItem(value, depth, &at->second)) return false;
  }
  return object->size() == view.elements;
}

}  // namespace

std::optional<Value> DecodeValue(const ValueView& view) {
  Value value;
  if (!DecodeItem(view, 0, &value)) return std::nullopt;
  return value;
}

}  // namespace sagitta::filter
