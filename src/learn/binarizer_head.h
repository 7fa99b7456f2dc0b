// A head under training: its blocks, what moves them, and what the last forward pass left.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/floats.h"
#include "learn/adam.h"
#include "learn/binarizer.h"
#include "learn/train_binarizer.h"

namespace sagitta::learn {

// Used by one thread at a time.
class BinarizerHead {
 public:
  BinarizerHead(const BinarizerOptions& options, uint64_t seed)
      : binarizer_(options.width, options.bits, options.hidden, seed),
        adam_(Parameters(), options.learning_rate, options.most_gradient) {}

  const Matrix& Forward(const Matrix& v) {
    binarizer_.Forward(v, Binarizer::Sign::kHard, &pass_, &codes_);
    return codes_;
  }
  const Matrix& u() const { return pass_.u; }
  void Backward(const Matrix& by_codes, const Matrix* by_u, float share) {
    binarizer_.Backward(pass_, by_codes, by_u);
    adam_.Step(share);
  }
  void Export(codec::LearnedModel* model) { binarizer_.Export(model); }

  void Serialize(std::string* out) {
    adam_.Serialize(out);
    binarizer_.ForEachStatistic(
        [&](std::vector<float>* statistic) { codec::PutFloats(*statistic, out); });
  }
  bool Deserialize(std::string_view& in) {
    if (!adam_.Deserialize(in)) return false;
    bool read = true;
    binarizer_.ForEachStatistic([&](std::vector<float>* statistic) {
      std::vector<float> values;
      read = read && codec::GetFloats(in, &values) && values.size() == statistic->size();
      if (read) *statistic = std::move(values);
    });
    return read;
  }

 private:
  std::vector<Parameter*> Parameters() {
    std::vector<Parameter*> parameters;
    binarizer_.ForEach([&](Parameter* parameter) { parameters.push_back(parameter); });
    return parameters;
  }

  Binarizer binarizer_;
  Adam adam_;
  Binarizer::Pass pass_;
  Matrix codes_;
};

}  // namespace sagitta::learn
