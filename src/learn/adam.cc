#include "learn/adam.h"

#include <algorithm>
#include <cmath>

#include "base/bytes.h"
#include "codec/floats.h"

namespace sagitta::learn {
namespace {

constexpr float kFirst = 0.9f, kSecond = 0.999f, kEpsilon = 1e-8f;

bool GetSame(std::string_view& in, std::vector<float>* values) {
  std::vector<float> read;
  if (!codec::GetFloats(in, &read) || read.size() != values->size()) return false;
  *values = std::move(read);
  return true;
}

}  // namespace

Adam::Adam(std::vector<Parameter*> parameters, float learning_rate, float most_length)
    : parameters_(std::move(parameters)), learning_rate_(learning_rate), most_length_(most_length) {
  for (const Parameter* parameter : parameters_) {
    first_.emplace_back(parameter->value.values.size(), 0.0f);
    second_.emplace_back(parameter->value.values.size(), 0.0f);
  }
}

bool Adam::Step(float share) {
  double squares = 0;
  for (const Parameter* parameter : parameters_) {
    for (const float g : parameter->gradient.values) squares += double{g} * g;
  }
  const double length = std::sqrt(squares);
  const bool finite = std::isfinite(length);
  const auto scale = static_cast<float>(length > most_length_ ? most_length_ / length : 1.0);
  if (finite) ++steps_;
  const auto steps = static_cast<double>(steps_);
  const auto first_share = static_cast<float>(1 - std::pow(double{kFirst}, steps));
  const auto second_share = static_cast<float>(1 - std::pow(double{kSecond}, steps));
  for (size_t p = 0; p < parameters_.size(); ++p) {
    Parameter* parameter = parameters_[p];
    for (size_t i = 0; finite && i < first_[p].size(); ++i) {
      const float gradient = scale * parameter->gradient.values[i];
      first_[p][i] += (1 - kFirst) * (gradient - first_[p][i]);
      second_[p][i] += (1 - kSecond) * (gradient * gradient - second_[p][i]);
      parameter->value.values[i] -= share * learning_rate_ * (first_[p][i] / first_share) /
                                    (std::sqrt(second_[p][i] / second_share) + kEpsilon);
    }
    std::fill(parameter->gradient.values.begin(), parameter->gradient.values.end(), 0.0f);
  }
  return finite;
}

void Adam::Serialize(std::string* out) const {
  base::PutLe(*out, steps_);
  for (size_t p = 0; p < parameters_.size(); ++p) {
    codec::PutFloats(parameters_[p]->value.values, out);
    codec::PutFloats(first_[p], out);
    codec::PutFloats(second_[p], out);
  }
}

bool Adam::Deserialize(std::string_view& in) {
  if (!base::GetLe(in, &steps_)) return false;
  for (size_t p = 0; p < parameters_.size(); ++p) {
    if (!GetSame(in, &parameters_[p]->value.values) || !GetSame(in, &first_[p]) ||
        !GetSame(in, &second_[p])) {
      return false;
    }
  }
  return true;
}

}  // namespace sagitta::learn
