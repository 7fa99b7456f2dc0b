#include "sagitta/filter.h"

namespace sagitta {
namespace {

using Op = Filter::Op;

Filter Leaf(Op op, std::string path) {
  Filter filter;
  filter.op = op;
  filter.path = std::move(path);
  return filter;
}

Filter Inner(Op op, std::vector<Filter> children) {
  Filter filter;
  filter.op = op;
  filter.children = std::move(children);
  return filter;
}

Filter Bounded(Op op, std::string path, std::optional<Filter::Bound> lower,
               std::optional<Filter::Bound> upper) {
  Filter filter = Leaf(op, std::move(path));
  filter.lower = std::move(lower);
  filter.upper = std::move(upper);
  return filter;
}

}  // namespace

Filter Filter::And(std::vector<Filter> children) { return Inner(Op::kAnd, std::move(children)); }
Filter Filter::Or(std::vector<Filter> children) { return Inner(Op::kOr, std::move(children)); }
Filter Filter::Not(Filter child) {
  Filter filter = Inner(Op::kNot, {});
  filter.children.push_back(std::move(child));
  return filter;
}
Filter Filter::Equals(std::string path, Value value) {
  Filter filter = Leaf(Op::kEquals, std::move(path));
  filter.values.push_back(std::move(value));
  return filter;
}
Filter Filter::In(std::string path, std::vector<Value> values) {
  Filter filter = Leaf(Op::kIn, std::move(path));
  filter.values = std::move(values);
  return filter;
}
Filter Filter::NotIn(std::string path, std::vector<Value> values) {
  Filter filter = Leaf(Op::kNotIn, std::move(path));
  filter.values = std::move(values);
  return filter;
}
Filter Filter::Range(std::string path, std::optional<Bound> lower, std::optional<Bound> upper) {
  return Bounded(Op::kRange, std::move(path), std::move(lower), std::move(upper));
}
Filter Filter::DatetimeRange(std::string path, std::optional<Bound> lower,
                             std::optional<Bound> upper) {
  return Bounded(Op::kDatetimeRange, std::move(path), std::move(lower), std::move(upper));
}
Filter Filter::Exists(std::string path) { return Leaf(Op::kExists, std::move(path)); }
Filter Filter::IsNull(std::string path) { return Leaf(Op::kIsNull, std::move(path)); }
Filter Filter::IsEmpty(std::string path) { return Leaf(Op::kIsEmpty, std::move(path)); }
Filter Filter::IdIn(std::vector<PointId> ids) {
  Filter filter;
  filter.op = Op::kIdIn;
  filter.ids = std::move(ids);
  return filter;
}
Filter Filter::Nested(std::string path, Filter child) {
  Filter filter = Leaf(Op::kNested, std::move(path));
  filter.children.push_back(std::move(child));
  return filter;
}
Filter Filter::Match(std::string path, std::string text, TextMatch match) {
  Filter filter = Leaf(Op::kMatch, std::move(path));
  filter.text = std::move(text);
  filter.match = match;
  return filter;
}
Filter Filter::GeoRadius(std::string path, GeoPoint center, double radius_m) {
  Filter filter = Leaf(Op::kGeoRadius, std::move(path));
  filter.circle = {center, radius_m};
  return filter;
}
Filter Filter::GeoInBox(std::string path, GeoBox box) {
  Filter filter = Leaf(Op::kGeoBox, std::move(path));
  filter.box = box;
  return filter;
}
Filter Filter::GeoInPolygon(std::string path, GeoPolygon polygon) {
  Filter filter = Leaf(Op::kGeoPolygon, std::move(path));
  filter.polygon = std::move(polygon);
  return filter;
}

}  // namespace sagitta
