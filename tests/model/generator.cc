#include "tests/model/generator.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <limits>
#include <set>

namespace sagitta::model {
namespace {

constexpr std::array kPaths = {"cat", "n",   "x", "flag", "ts", "tags",
                               "o.k", "o.s", "z", "g",    "t",  "l"};
constexpr std::array kWords = {"red", "green", "blue", "", "Ünï-code", "a b\"c\\"};
constexpr std::array kTokens = {"one", "Two", "three", "four"};
constexpr int64_t kEpochMs = 1'700'000'000'000;

VectorField Field(std::string name, uint32_t dim, Metric metric, Dtype storage) {
  VectorField field;
  field.name = std::move(name);
  field.dim = dim;
  field.metric = metric;
  field.storage = storage;
  return field;
}

std::string Rfc3339(int64_t ms) {
  std::time_t seconds = ms / 1000;
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
                tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
  return text;
}

}  // namespace

int64_t Generator::Uniform(int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random_);
}

PointId Generator::Id() {
  uint64_t n = static_cast<uint64_t>(Uniform(0, ids_ - 1));
  switch (n % 8) {
    case 6: {
      Uuid uuid;
      for (size_t i = 0; i < 16; ++i)
        uuid.bytes[i] = static_cast<uint8_t>((n * 2654435761u) >> (i % 4 * 8));
      uuid.bytes[0] = static_cast<uint8_t>(n);
      uuid.bytes[1] = static_cast<uint8_t>(n >> 8);
      return uuid;
    }
    case 7:
      return std::string(n % 3 == 0 ? "clé-" : "key-") + std::to_string(n);
    default:
      return n % 16 == 0 ? std::numeric_limits<uint64_t>::max() - n : n;
  }
}

std::vector<PointId> Generator::DistinctIds(size_t count) {
  std::set<PointId> ids;
  for (size_t i = 0; i < count; ++i) ids.insert(Id());
  std::vector<PointId> shuffled(ids.begin(), ids.end());
  std::shuffle(shuffled.begin(), shuffled.end(), random_);
  return shuffled;
}

// Zeros and ones, packed or not.
VectorValue Generator::Bits(const VectorField& field) {
  std::vector<float> values(field.dim);
  const int64_t one_in = Uniform(2, 6);
  for (float& value : values) value = Uniform(1, one_in) == 1 ? 1.0f : 0.0f;
  if (OneIn(2)) return VectorValue(std::span<const float>(values));
  std::string packed(VectorBytes(Dtype::kBits, field.dim), '\0');
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] != 0) packed[i / 8] = static_cast<char>(packed[i / 8] | 1 << (i % 8));
  }
  return VectorValue(Dtype::kBits, std::move(packed));
}

VectorValue Generator::Vector(const VectorField& field) {
  if (field.storage == Dtype::kBits) return Bits(field);
  std::vector<float> values(field.dim);
  const bool coarse = OneIn(4);  // from few values: duplicates and ties
  for (float& value : values) {
    value = coarse ? static_cast<float>(Uniform(-1, 1)) : static_cast<float>(Uniform(-96, 96));
    if (!coarse && field.storage != Dtype::kI8) value /= 16;
  }
  if (std::all_of(values.begin(), values.end(), [](float v) { return v == 0; })) values[0] = 1;
  return VectorValue(std::span<const float>(values));
}

Value Generator::OddValue() {
  switch (Uniform(0, 7)) {
    case 0:
      return Value();
    case 1:
      return "";
    case 2:
      return ValueList{};
    case 3:
      return ValueObject{};
    case 4:
      return std::numeric_limits<int64_t>::max() - Uniform(0, 2);
    case 5:
      return std::numeric_limits<int64_t>::min() + Uniform(0, 2);
    case 6:
      return 9007199254740992.0;  // 2^53: where doubles stop telling int64s apart
    default:
      return int64_t{9007199254740993};
  }
}

Value Generator::ValueFor(const std::string& path) {
  if (path == "cat" || path == "o.s") return kWords[Uniform(0, kWords.size() - 1)];
  if (path == "n" || path == "o.k") return Uniform(-20, 20);
  if (path == "x") return static_cast<double>(Uniform(-40, 40)) / 4;
  if (path == "flag") return OneIn(2);
  if (path == "ts") {
    int64_t ms = kEpochMs + Uniform(0, 400) * 3'600'000;
    return OneIn(3) ? Value(ms) : Value(Rfc3339(ms));
  }
  if (path == "tags") {
    ValueList list;
    for (int64_t i = Uniform(0, 3); i > 0; --i) {
      list.push_back(OneIn(5) ? Value(Uniform(-3, 3)) : Value(kWords[Uniform(0, 2)]));
    }
    return list;
  }
  if (path == "g") return OneIn(4) ? Value(ValueList{Place(), Place()}) : Value(Place());
  if (path == "t") {
    std::string text;
    for (int64_t i = Uniform(0, 5); i > 0; --i) {
      text += (text.empty() ? "" : " ") + std::string(kTokens[Uniform(0, kTokens.size() - 1)]);
    }
    return text;
  }
  if (path == "l") {
    ValueList list;
    for (int64_t i = Uniform(0, 3); i > 0; --i) {
      list.push_back(ValueObject{{"a", Uniform(0, 3)}, {"b", Uniform(0, 3)}});
    }
    return list;
  }
  return OddValue();
}

ValueObject Generator::Place() {
  return {{"lon", Uniform(-18, 18) * 10}, {"lat", Uniform(-9, 9) * 10}};
}

// On what only its own kind of condition looks into.
Filter Generator::SpecialLeaf() {
  switch (Uniform(0, 2)) {
    case 0: {
      const double south = static_cast<double>(Uniform(-90, 90));
      return Filter::GeoInBox("g", {static_cast<double>(Uniform(-180, 180)), south,
                                    static_cast<double>(Uniform(-180, 180)),
                                    static_cast<double>(Uniform(static_cast<int64_t>(south), 90))});
    }
    case 1: {
      std::string text = kTokens[Uniform(0, kTokens.size() - 1)];
      if (OneIn(2)) text += std::string(" ") + kTokens[Uniform(0, kTokens.size() - 1)];
      return Filter::Match("t", text, static_cast<TextMatch>(Uniform(1, 3)));
    }
    default: {
      const Filter a = Filter::Equals("a", Uniform(0, 3)), b = Filter::Equals("b", Uniform(0, 3));
      return Filter::Nested("l", OneIn(3)   ? a
                                 : OneIn(2) ? Filter::And({a, b})
                                            : Filter::And({Filter::Not(a), b}));
    }
  }
}

Payload Generator::RandomPayload() {
  Payload payload;
  for (std::string path : kPaths) {
    if (OneIn(3)) continue;
    Value value = OneIn(20) ? OddValue() : OneIn(20) ? ValueFor("n") : ValueFor(path);
    if (path.starts_with("o.")) {
      Value& object = payload["o"];
      if (object.AsObject() == nullptr) object = ValueObject{};
      (*object.AsObject())[path.substr(2)] = std::move(value);
    } else {
      payload[path] = std::move(value);
    }
  }
  return payload;
}

Payload Generator::SmallPayload() {
  Payload all = RandomPayload(), some;
  for (auto& [key, value] : all) {
    if (some.size() < 2 && OneIn(3)) some[key] = value;
  }
  if (some.empty()) some["n"] = Uniform(-20, 20);
  return some;
}

std::string Generator::Path() { return kPaths[Uniform(0, kPaths.size() - 1)]; }

UpsertPoint Generator::Upsert(const CollectionSchema& schema, PointId id) {
  UpsertPoint upsert;
  upsert.point.id = std::move(id);
  for (const VectorField& field : schema.fields) {
    if (schema.fields.size() > 1 && OneIn(4)) continue;
    upsert.point.vectors[field.name] = Vector(field);
  }
  if (upsert.point.vectors.empty()) {
    const VectorField& field = schema.fields[Uniform(0, schema.fields.size() - 1)];
    upsert.point.vectors[field.name] = Vector(field);
  }
  if (!OneIn(10)) upsert.point.payload = RandomPayload();
  return upsert;
}

Filter Generator::Leaf() {
  const std::string path = Path();
  auto scalar = [&](const std::string& of) {
    for (;;) {
      Value value = ValueFor(of == "tags" || of == "g" || of == "l" ? "cat" : of);
      if (!value.is_null() && !value.AsList() && !value.AsObject()) return value;
    }
  };
  auto bound = [&](const std::string& of) -> std::optional<Filter::Bound> {
    if (OneIn(4)) return std::nullopt;
    Value value = scalar(of);
    if (!value.AsInt64() && !value.AsDouble()) value = Uniform(-20, 20);
    return Filter::Bound{value, OneIn(2)};
  };
  auto some = [&] {
    std::vector<Value> values;
    for (int64_t i = Uniform(1, 4); i > 0; --i) values.push_back(scalar(path));
    return values;
  };
  switch (Uniform(0, 10)) {
    case 9:
    case 10:
      return SpecialLeaf();
    case 0:
    case 1:
      return Filter::Equals(path, scalar(path));
    case 2:
      return Filter::In(path, some());
    case 3:
      return Filter::NotIn(path, some());
    case 4: {
      std::string number = OneIn(2) ? "n" : OneIn(2) ? "x" : "o.k";
      auto low = bound(number), high = bound(OneIn(4) ? "z" : number);
      if (!low && !high) low = Filter::Bound{int64_t{0}, true};
      return Filter::Range(number, low, high);
    }
    case 5: {
      Filter::Bound low{kEpochMs + Uniform(0, 200) * 3'600'000, OneIn(2)};
      if (OneIn(3)) return Filter::DatetimeRange("ts", low, std::nullopt);
      Filter::Bound high{kEpochMs + Uniform(200, 400) * 3'600'000, OneIn(2)};
      return Filter::DatetimeRange("ts", low, high);
    }
    case 6:
      return Filter::Exists(path);
    case 7:
      return OneIn(2) ? Filter::IsNull(path) : Filter::IsEmpty(path);
    default:
      return Filter::IdIn(DistinctIds(static_cast<size_t>(Uniform(1, 60))));
  }
}

Filter Generator::RandomFilter(int depth) {
  if (depth == 0 || OneIn(2)) return Leaf();
  std::vector<Filter> children;
  for (int64_t i = Uniform(1, 3); i > 0; --i) children.push_back(RandomFilter(depth - 1));
  switch (Uniform(0, 4)) {
    case 0:
    case 1:
      return Filter::And(std::move(children));
    case 2:
    case 3:
      return Filter::Or(std::move(children));
    default:
      return Filter::Not(std::move(children[0]));
  }
}

Filter Generator::NarrowFilter() {
  if (OneIn(2)) return Filter::And({RandomFilter(1), Filter::IdIn(DistinctIds(80))});
  return Filter::And(
      {Filter::Equals("n", Uniform(-20, 20)), Filter::Equals("o.k", Uniform(-20, 20))});
}

PayloadIndex Generator::RandomIndex() {
  static const std::vector<PayloadIndex> kIndexes = {
      {"cat", PayloadIndexKind::kKeyword}, {"n", PayloadIndexKind::kInt64},
      {"x", PayloadIndexKind::kDouble},    {"flag", PayloadIndexKind::kBool},
      {"ts", PayloadIndexKind::kDatetime}, {"tags", PayloadIndexKind::kKeyword},
      {"o.k", PayloadIndexKind::kDouble},  {"o.s", PayloadIndexKind::kKeyword},
      {"z", PayloadIndexKind::kInt64},     {"g", PayloadIndexKind::kGeo},
      {"t", PayloadIndexKind::kText},      {"l.a", PayloadIndexKind::kInt64},
      {"l.b", PayloadIndexKind::kDouble}};
  return kIndexes[Uniform(0, kIndexes.size() - 1)];
}

IndexParams Generator::RandomIndexParams(const VectorField& field) {
  IndexParams params;
  constexpr std::array kKinds = {IndexKind::kAuto,    IndexKind::kFlat,  IndexKind::kHnsw,
                                 IndexKind::kIvfFlat, IndexKind::kIvfPq, IndexKind::kGraph};
  constexpr std::array kBinaryKinds = {IndexKind::kAuto, IndexKind::kBinaryFlat,
                                       IndexKind::kBinaryHnsw, IndexKind::kBinaryIvf};
  params.kind = field.storage == Dtype::kBits ? kBinaryKinds[Uniform(0, kBinaryKinds.size() - 1)]
                                              : kKinds[Uniform(0, kKinds.size() - 1)];
  params.hnsw.m = static_cast<uint32_t>(Uniform(4, 16));
  params.hnsw.ef_construction = 40;
  params.graph.degree = static_cast<uint32_t>(Uniform(8, 32));
  params.graph.build_width = 40;
  return params;
}

std::vector<CollectionSchema> ModelSchemas() {
  CollectionSchema plain;
  plain.name = "plain";
  plain.fields = {Field("v", 8, Metric::kL2, Dtype::kF32)};
  plain.fields[0].index.kind = IndexKind::kHnsw;
  plain.compaction.seal_rows = 256;
  plain.compaction.seal_idle_ms = 500;
  plain.compaction.seal_min_rows = 64;

  CollectionSchema wide = plain;
  wide.name = "wide";
  wide.shards = 3;
  wide.fields = {Field("angle", 12, Metric::kCosine, Dtype::kF32),
                 Field("dot", 5, Metric::kInnerProduct, Dtype::kI8),
                 Field("city", 16, Metric::kL1, Dtype::kF16),
                 Field("hash", 24, Metric::kHamming, Dtype::kBits),
                 Field("print", 40, Metric::kJaccard, Dtype::kBits)};
  wide.indexes = {{"cat", PayloadIndexKind::kKeyword}, {"n", PayloadIndexKind::kInt64}};
  wide.compaction.deleted_ratio = 0.3f;
  return {plain, wide};
}

}  // namespace sagitta::model
