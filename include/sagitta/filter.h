// Filter: a tree of conditions on payload and id. Thread-compatible value type.
//
// A path is a payload key, or keys joined by '.', that leads into nested objects, and into every
// object of a list on the way (so a key that itself contains '.' has no path). At most 1,024 bytes
// and 32 keys. A list at the path's end matches a condition when it or any of its elements does;
// elements that are lists themselves are not opened. Numbers compare across int64 and double,
// exactly; strings match by bytes. A condition on a path that is absent is false (so kNot of it is
// true).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sagitta/geo.h"
#include "sagitta/point.h"
#include "sagitta/status.h"
#include "sagitta/text.h"
#include "sagitta/value.h"

namespace sagitta {

struct Filter {
  enum class Op : uint8_t {
    kAnd,            // all children; true when there are none
    kOr,             // any child; false when there are none
    kNot,            // exactly one child
    kEquals,         // values[0]: bool, int64, double or string
    kIn,             // any of values (1–65,536)
    kNotIn,          // the negation of kIn: true also where the path is absent
    kRange,          // bounds over numbers; any number when there are none
    kDatetimeRange,  // bounds in ms since the epoch over RFC 3339 strings or int64 ms
    kExists,         // the path is there, whatever its value (null too)
    kIsNull,         // the path is there and null, or a list with a null in it
    kIsEmpty,        // the path is absent, null, "", [] or {}; a list's elements are not looked at
    kIdIn,           // the point's id is one of ids (1–65,536)
    // Over geo points: objects whose "lon" and "lat" are numbers within −180–180 and −90–90, other
    // keys aside. Any other value is no geo point, and no error.
    kGeoRadius,   // within `circle`
    kGeoBox,      // within `box`
    kGeoPolygon,  // within `polygon`
    kMatch,       // a string has tokens of `text`, as `match` asks
    // One object at the path (the value itself or an element of the list there) by itself satisfies
    // the only child, whose paths begin in that object. No kIdIn below it.
    kNested,
  };

  // An absent bound is open. Int64 and double bounds are kept apart, so that all int64 compare
  // exactly.
  struct Bound {
    Value value;  // int64 or double
    bool inclusive = true;
  };

  Op op = Op::kAnd;
  std::vector<Filter> children;
  std::string path;
  std::vector<Value> values;
  std::optional<Bound> lower;
  std::optional<Bound> upper;
  std::vector<PointId> ids;
  GeoCircle circle;
  GeoBox box;
  GeoPolygon polygon;
  std::string text;  // 1–8,192 bytes of UTF-8
  TextMatch match = TextMatch::kAll;
  // How both the string and `text` are split. None: as the TEXT index on the path does; without
  // one, as TextParams does by default. Only an index of the same settings helps.
  std::optional<TextParams> tokens;

  static Filter And(std::vector<Filter> children);
  static Filter Or(std::vector<Filter> children);
  static Filter Not(Filter child);
  static Filter Equals(std::string path, Value value);
  static Filter In(std::string path, std::vector<Value> values);
  static Filter NotIn(std::string path, std::vector<Value> values);
  static Filter Range(std::string path, std::optional<Bound> lower, std::optional<Bound> upper);
  static Filter DatetimeRange(std::string path, std::optional<Bound> lower,
                              std::optional<Bound> upper);
  static Filter Exists(std::string path);
  static Filter IsNull(std::string path);
  static Filter IsEmpty(std::string path);
  static Filter IdIn(std::vector<PointId> ids);
  static Filter GeoRadius(std::string path, GeoPoint center, double radius_m);
  static Filter GeoInBox(std::string path, GeoBox box);
  static Filter GeoInPolygon(std::string path, GeoPolygon polygon);
  static Filter Nested(std::string path, Filter child);
  static Filter Match(std::string path, std::string text, TextMatch match = TextMatch::kAll);

  // INVALID_ARGUMENT naming the node ("filter.and[1].range.lower"): deeper than 32, over 1,024
  // nodes, an empty or over-long path or list, a value of a kind that the condition does not take,
  // an area, text or nested filter out of its limits.
  Status Validate() const;
};

// Milliseconds since the epoch of an RFC 3339 date or date-time ("2026-11-24",
// "2026-11-24T08:00:00Z", fractions and offsets allowed; digits after the third of a fraction are
// cut). A date alone is its midnight in UTC. INVALID_ARGUMENT otherwise, or over 64 bytes.
Result<int64_t> ParseDatetimeMs(std::string_view text);

}  // namespace sagitta
