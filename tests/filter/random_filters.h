// Random payloads and filters over the same few keys and values, so that they often meet, and with
// the values where comparing goes wrong: neighbours of 2^53, both zeros, extremes, one instant in
// several spellings, poles and antimeridian.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "sagitta/filter.h"
#include "sagitta/schema.h"
#include "sagitta/value.h"

namespace sagitta::filter {

class RandomFilters {
 public:
  // `nested`: whether filters have nested conditions.
  explicit RandomFilters(uint64_t seed, bool nested = true) : random_(seed), nested_(nested) {}

  Payload MakePayload();
  Filter MakeFilter(int depth = 3) { return MakeTree(depth, true); }
  std::vector<PayloadIndex> MakeIndexes();
  Value MakeScalar();
  // Often where geography goes wrong: at the poles, at the antimeridian, where others are too.
  GeoPoint MakePlace();
  GeoPolygon MakePolygon();
  Filter MakeGeo(const std::string& path);
  TextParams MakeTextParams();
  Filter MakeMatch(const std::string& path);
  std::string MakePath();
  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  double Real(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }
  bool OneIn(size_t n) { return Below(n) == 0; }

 private:
  Value MakeValue(int depth);
  Value MakePlaceValue();
  Filter MakeLeaf(bool ids);
  Filter MakeTree(int depth, bool ids);
  std::optional<Filter::Bound> MakeBound();

  std::mt19937_64 random_;
  bool nested_;
};

// What a filter means, written anew from the text of sagitta/filter.h over decoded values.
bool NaiveMatches(const Filter& filter, const Payload& payload, const PointId& id);

}  // namespace sagitta::filter
