#include "tests/model/model.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <sstream>

namespace sagitta::model {
namespace {

std::pair<std::string, std::string> SplitPath(const std::string& path) {
  size_t dot = path.find('.');
  if (dot == std::string::npos) return {path, ""};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

const Value* Lookup(const ValueObject& object, const std::string& path) {
  auto [head, rest] = SplitPath(path);
  auto found = object.find(head);
  if (found == object.end()) return nullptr;
  if (rest.empty()) return &found->second;
  const ValueObject* inner = found->second.AsObject();
  return inner == nullptr ? nullptr : Lookup(*inner, rest);
}

void Remove(ValueObject* object, const std::string& path) {
  auto [head, rest] = SplitPath(path);
  auto found = object->find(head);
  if (found == object->end()) return;
  if (rest.empty()) {
    object->erase(found);
  } else if (ValueObject* inner = found->second.AsObject()) {
    Remove(inner, rest);
  }
}

// long double holds every int64 and every double of this platform exactly.
std::optional<long double> Number(const Value& value) {
  if (const int64_t* i = value.AsInt64()) return static_cast<long double>(*i);
  if (const double* d = value.AsDouble()) return static_cast<long double>(*d);
  return std::nullopt;
}

bool SameScalar(const Value& a, const Value& b) {
  auto x = Number(a), y = Number(b);
  if (x && y) return *x == *y;
  return a == b;
}

// The generator writes datetimes as YYYY-MM-DDTHH:MM:SSZ or int64 ms, nothing else.
std::optional<int64_t> DatetimeMs(const Value& value) {
  if (const int64_t* ms = value.AsInt64()) return *ms;
  const std::string* text = value.AsString();
  std::tm tm{};
  if (text == nullptr || text->size() != 20 ||
      std::sscanf(text->c_str(), "%d-%d-%dT%d:%d:%dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                  &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 6) {
    return std::nullopt;
  }
  tm.tm_year -= 1900;
  tm.tm_mon -= 1;
  return static_cast<int64_t>(timegm(&tm)) * 1000;
}

bool Within(const Filter& filter, long double x) {
  if (filter.lower) {
    long double low = *Number(filter.lower->value);
    if (x < low || (x == low && !filter.lower->inclusive)) return false;
  }
  if (filter.upper) {
    long double high = *Number(filter.upper->value);
    if (x > high || (x == high && !filter.upper->inclusive)) return false;
  }
  return true;
}

// The generator writes places of whole degrees.
bool InBox(const GeoBox& box, const Value& value) {
  const ValueObject* place = value.AsObject();
  if (place == nullptr || !place->contains("lon") || !place->contains("lat")) return false;
  const auto lon = Number(place->at("lon")), lat = Number(place->at("lat"));
  if (!lon || !lat || *lat < box.south || *lat > box.north) return false;
  const auto within = [&](long double x) {
    return box.west <= box.east ? x >= box.west && x <= box.east : x >= box.west || x <= box.east;
  };
  return within(*lon) || (std::fabs(*lon) == 180 && within(-*lon));
}

// The generator writes words of ASCII letters with one space between them.
std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) {
    for (char& c : word) c = static_cast<char>(std::tolower(c));
    words.push_back(word);
  }
  return words;
}

bool HasWords(const Filter& filter, const Value& value) {
  if (value.AsString() == nullptr) return false;
  const auto there = Words(*value.AsString()), wanted = Words(filter.text);
  if (filter.match == TextMatch::kPhrase) {
    return std::search(there.begin(), there.end(), wanted.begin(), wanted.end()) != there.end();
  }
  const auto has = [&](const std::string& word) {
    return std::find(there.begin(), there.end(), word) != there.end();
  };
  return filter.match == TextMatch::kAny ? std::any_of(wanted.begin(), wanted.end(), has)
                                         : std::all_of(wanted.begin(), wanted.end(), has);
}

bool ScalarMatches(const Filter& filter, const Value& value) {
  switch (filter.op) {
    case Filter::Op::kEquals:
    case Filter::Op::kIn:
    case Filter::Op::kNotIn:
      return std::any_of(filter.values.begin(), filter.values.end(),
                         [&](const Value& v) { return SameScalar(v, value); });
    case Filter::Op::kRange: {
      auto x = Number(value);
      return x && Within(filter, *x);
    }
    case Filter::Op::kDatetimeRange: {
      auto ms = DatetimeMs(value);
      return ms && Within(filter, static_cast<long double>(*ms));
    }
    case Filter::Op::kGeoBox:
      return InBox(filter.box, value);
    case Filter::Op::kMatch:
      return HasWords(filter, value);
    default:
      return false;
  }
}

bool AnyMatches(const Filter& filter, const Value* value) {
  if (value == nullptr) return false;
  if (const ValueList* list = value->AsList()) {
    return std::any_of(list->begin(), list->end(),
                       [&](const Value& v) { return ScalarMatches(filter, v); });
  }
  return ScalarMatches(filter, *value);
}

bool Empty(const Value* value) {
  if (value == nullptr || value->is_null()) return true;
  if (const std::string* s = value->AsString()) return s->empty();
  if (const ValueList* l = value->AsList()) return l->empty();
  if (const ValueObject* o = value->AsObject()) return o->empty();
  return false;
}

}  // namespace

bool Matches(const Filter& filter, const PointId& id, const Payload& payload) {
  auto child = [&](const Filter& f) { return Matches(f, id, payload); };
  switch (filter.op) {
    case Filter::Op::kAnd:
      return std::all_of(filter.children.begin(), filter.children.end(), child);
    case Filter::Op::kOr:
      return std::any_of(filter.children.begin(), filter.children.end(), child);
    case Filter::Op::kNot:
      return !child(filter.children[0]);
    case Filter::Op::kIdIn:
      return std::find(filter.ids.begin(), filter.ids.end(), id) != filter.ids.end();
    case Filter::Op::kExists:
      return Lookup(payload, filter.path) != nullptr;
    case Filter::Op::kIsNull: {
      const Value* value = Lookup(payload, filter.path);
      return value != nullptr && value->is_null();
    }
    case Filter::Op::kIsEmpty:
      return Empty(Lookup(payload, filter.path));
    case Filter::Op::kNotIn:
      return !AnyMatches(filter, Lookup(payload, filter.path));
    case Filter::Op::kNested: {
      const Value* value = Lookup(payload, filter.path);
      const auto holds = [&](const Value& v) {
        return v.AsObject() != nullptr && Matches(filter.children[0], id, *v.AsObject());
      };
      if (value == nullptr || value->AsList() == nullptr) return value != nullptr && holds(*value);
      return std::any_of(value->AsList()->begin(), value->AsList()->end(), holds);
    }
    default:
      return AnyMatches(filter, Lookup(payload, filter.path));
  }
}

double Score(Metric metric, const std::vector<float>& a, const std::vector<float>& b) {
  double dot = 0, l2 = 0, l1 = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    double x = a[i], y = b[i];
    dot += x * y;
    aa += x * x;
    bb += y * y;
    l2 += (x - y) * (x - y);
    l1 += std::fabs(x - y);
  }
  switch (metric) {
    case Metric::kL2:
      return std::sqrt(l2);
    case Metric::kInnerProduct:
      return dot;
    case Metric::kCosine:
      return dot / std::sqrt(aa * bb);
    case Metric::kHamming:
    case Metric::kL1:
      return l1;
    case Metric::kJaccard:
      return l1 == 0 ? 0 : l1 / (aa + bb - dot);
  }
  return 0;
}

const ModelPoint* Model::Find(const PointId& id) const {
  auto found = points_.find(id);
  return found == points_.end() ? nullptr : &found->second;
}

WriteResult Model::Upsert(const std::vector<UpsertPoint>& points, uint64_t seq) {
  WriteResult result;
  result.seq = seq;
  for (const UpsertPoint& upsert : points) {
    const ModelPoint* old = Find(upsert.point.id);
    bool held = true;
    if (upsert.only_if_absent) held = old == nullptr;
    if (upsert.only_if_version) held = old != nullptr && old->version == *upsert.only_if_version;
    if (!held) {
      result.skipped.push_back(upsert.point.id);
      continue;
    }
    ModelPoint& point = points_[upsert.point.id];
    point.vectors.clear();
    for (const auto& [name, vector] : upsert.point.vectors) point.vectors[name] = vector.ToFloats();
    point.payload = upsert.point.payload;
    point.expires_at_ms = upsert.point.expires_at_ms;
    point.version = seq;
    ++result.affected;
  }
  return result;
}

WriteResult Model::Delete(const std::vector<PointId>& ids, uint64_t seq) {
  WriteResult result;
  result.seq = seq;
  for (const PointId& id : ids) result.affected += points_.erase(id);
  return result;
}

WriteResult Model::DeleteByFilter(const Filter& filter, uint64_t seq) {
  return Delete(Matching(filter), seq);
}

void Model::ApplyPayload(const PayloadUpdate& update, uint64_t seq, ModelPoint* point) {
  switch (update.op) {
    case PayloadOp::kSet:
      point->payload = update.payload;
      break;
    case PayloadOp::kMerge:
      for (const auto& [key, value] : update.payload) point->payload[key] = value;
      break;
    case PayloadOp::kDelete:
      for (const std::string& path : update.keys) Remove(&point->payload, path);
      break;
  }
  point->version = seq;
}

WriteResult Model::UpdatePayload(const PayloadUpdate& update, uint64_t seq) {
  WriteResult result;
  result.seq = seq;
  const std::vector<PointId> ids = update.filter ? Matching(update.filter) : update.ids;
  for (const PointId& id : ids) {
    auto found = points_.find(id);
    if (found == points_.end()) {
      result.skipped.push_back(id);
      continue;
    }
    ApplyPayload(update, seq, &found->second);
    ++result.affected;
  }
  return result;
}

void Model::SetExpiry(const PointId& id, int64_t expires_at_ms) {
  auto found = points_.find(id);
  if (found != points_.end()) found->second.expires_at_ms = expires_at_ms;
}

void Model::Expire(int64_t now_ms) {
  std::erase_if(points_, [&](const auto& entry) {
    return entry.second.expires_at_ms != 0 && entry.second.expires_at_ms <= now_ms;
  });
}

std::vector<PointId> Model::Matching(const std::optional<Filter>& filter) const {
  std::vector<PointId> ids;
  for (const auto& [id, point] : points_) {
    if (!filter || Matches(*filter, id, point.payload)) ids.push_back(id);
  }
  return ids;
}

std::vector<ScoredId> Model::Ranked(const std::string& field, const std::vector<float>& query,
                                    const std::optional<Filter>& filter) const {
  const Metric metric = schema_.FindField(field)->metric;
  std::vector<ScoredId> ranked;
  for (const auto& [id, point] : points_) {
    auto vector = point.vectors.find(field);
    if (vector == point.vectors.end()) continue;
    if (filter && !Matches(*filter, id, point.payload)) continue;
    ranked.push_back({Score(metric, query, vector->second), id});
  }
  const bool high = HigherIsCloser(metric);
  std::stable_sort(ranked.begin(), ranked.end(), [high](const ScoredId& a, const ScoredId& b) {
    return high ? a.score > b.score : a.score < b.score;
  });
  return ranked;
}

}  // namespace sagitta::model
