#include "filter/filter_key.h"

#include <optional>

#include "base/bytes.h"
#include "filter/tokenizer.h"

namespace sagitta::filter {
namespace {

using Op = Filter::Op;

constexpr size_t kMostBytes = size_t{64} << 10;

bool PutOperand(const Value& value, std::string* key) {
  key->push_back(static_cast<char>(value.kind()));
  switch (value.kind()) {
    case Value::Kind::kNull:
      return true;
    case Value::Kind::kBool:
      key->push_back(*value.AsBool() ? 1 : 0);
      return true;
    case Value::Kind::kInt64:
      base::PutLe(*key, *value.AsInt64());
      return true;
    case Value::Kind::kDouble:
      base::PutLe(*key, *value.AsDouble());
      return true;
    case Value::Kind::kString:
      base::PutBytes(*key, *value.AsString());
      return true;
    case Value::Kind::kList:
    case Value::Kind::kObject:
      return false;
  }
  return false;
}

bool PutBound(const std::optional<Filter::Bound>& bound, std::string* key) {
  key->push_back(!bound.has_value() ? 0 : bound->inclusive ? 1 : 2);
  return !bound.has_value() || PutOperand(bound->value, key);
}

bool PutValues(const Filter& filter, std::string* key) {
  base::PutVarint(*key, filter.values.size());
  for (const Value& value : filter.values) {
    if (!PutOperand(value, key) || key->size() > kMostBytes) return false;
  }
  return true;
}

bool Put(const Filter& filter, std::string* key);

bool PutChildren(const Filter& filter, std::string* key) {
  base::PutVarint(*key, filter.children.size());
  for (const Filter& child : filter.children) {
    if (!Put(child, key)) return false;
  }
  return true;
}

void PutRing(const std::vector<GeoPoint>& ring, std::string* key) {
  base::PutVarint(*key, ring.size());
  for (const GeoPoint& point : ring) base::PutLe(*key, point);
}

bool PutPolygon(const GeoPolygon& polygon, std::string* key) {
  PutRing(polygon.exterior, key);
  base::PutVarint(*key, polygon.interiors.size());
  for (const auto& ring : polygon.interiors) PutRing(ring, key);
  return true;
}

bool PutMatch(const Filter& filter, std::string* key) {
  base::PutBytes(*key, filter.text);
  key->push_back(static_cast<char>(filter.match));
  key->push_back(filter.tokens.has_value() ? 1 : 0);
  if (filter.tokens.has_value()) PutTextParams(*filter.tokens, key);
  return true;
}

bool PutIds(const Filter& filter, std::string* key) {
  base::PutVarint(*key, filter.ids.size());
  for (const PointId& id : filter.ids) {
    base::PutBytes(*key, id.Encode());
    if (key->size() > kMostBytes) return false;
  }
  return true;
}

bool Put(const Filter& filter, std::string* key) {
  if (key->size() > kMostBytes) return false;
  key->push_back(static_cast<char>(filter.op));
  switch (filter.op) {  // without a default: what a new condition consists of must be added here
    case Op::kAnd:
    case Op::kOr:
    case Op::kNot:
      return PutChildren(filter, key);
    case Op::kEquals:
    case Op::kIn:
    case Op::kNotIn:
      base::PutBytes(*key, filter.path);
      return PutValues(filter, key);
    case Op::kRange:
    case Op::kDatetimeRange:
      base::PutBytes(*key, filter.path);
      return PutBound(filter.lower, key) && PutBound(filter.upper, key);
    case Op::kExists:
    case Op::kIsNull:
    case Op::kIsEmpty:
      base::PutBytes(*key, filter.path);
      return true;
    case Op::kIdIn:
      return PutIds(filter, key);
    case Op::kGeoRadius:
      base::PutBytes(*key, filter.path);
      base::PutLe(*key, filter.circle);
      return true;
    case Op::kGeoBox:
      base::PutBytes(*key, filter.path);
      base::PutLe(*key, filter.box);
      return true;
    case Op::kGeoPolygon:
      base::PutBytes(*key, filter.path);
      return PutPolygon(filter.polygon, key);
    case Op::kMatch:
      base::PutBytes(*key, filter.path);
      return PutMatch(filter, key);
    case Op::kNested:
      base::PutBytes(*key, filter.path);
      return PutChildren(filter, key);
  }
  return false;
}

}  // namespace

std::string FilterKey(const Filter& filter) {
  std::string key;
  if (!Put(filter, &key) || key.size() > kMostBytes) key.clear();
  return key;
}

}  // namespace sagitta::filter
