#include "bench/compare/filter_from_json.h"

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sagitta::bench {
namespace {

using nlohmann::json;

[[noreturn]] void Die(const json& json) {
  std::fprintf(stderr, "not a filter that a job may have: %s\n", json.dump().c_str());
  std::exit(1);
}

Value Scalar(const json& json) {
  if (json.is_boolean()) return Value(json.get<bool>());
  if (json.is_number_integer()) return Value(json.get<int64_t>());
  if (json.is_number()) return Value(json.get<double>());
  if (json.is_string()) return Value(json.get<std::string>());
  Die(json);
}

std::optional<Filter::Bound> Bound(const json& body, const char* key, bool inclusive) {
  if (!body.contains(key)) return std::nullopt;
  return Filter::Bound{.value = Scalar(body[key]), .inclusive = inclusive};
}

}  // namespace

Filter FilterFromJson(const json& json) {
  if (!json.is_object() || json.size() != 1) Die(json);
  const std::string op = json.begin().key();
  const auto& body = json.begin().value();
  if (op == "and" && body.is_array()) {
    std::vector<Filter> children;
    for (const auto& child : body) children.push_back(FilterFromJson(child));
    return Filter::And(std::move(children));
  }
  if (!body.is_object() || !body.contains("path")) Die(json);
  const std::string path = body["path"].get<std::string>();
  if (op == "eq" && body.contains("value")) return Filter::Equals(path, Scalar(body["value"]));
  if (op == "range") return Filter::Range(path, Bound(body, "gte", true), Bound(body, "lt", false));
  if (op == "in" && body.contains("values")) {
    std::vector<Value> values;
    for (const auto& value : body["values"]) values.push_back(Scalar(value));
    return Filter::In(path, std::move(values));
  }
  Die(json);
}

}  // namespace sagitta::bench
