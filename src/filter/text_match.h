// What a match condition asks of one string. Thread-compatible: it keeps a Tokenizer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "filter/tokenizer.h"
#include "sagitta/filter.h"

namespace sagitta::filter {

// How a match condition splits text where no index says it: by the defaults.
inline TextParams TokensOf(const Filter& condition) {
  return condition.tokens.value_or(TextParams());
}

class TextMatcher {
 public:
  // REQUIRES: `condition` is valid, of kMatch.
  explicit TextMatcher(const Filter& condition);
  bool Holds(std::string_view text);

 private:
  bool HoldsSome(std::string_view text);
  bool HoldsPhrase(std::string_view text);

  TextMatch match_;
  Tokenizer tokenizer_;
  std::vector<std::string> phrase_;    // tokens in their order
  std::vector<std::string> distinct_;  // ascending
  std::vector<bool> seen_;             // beside distinct_
};

}  // namespace sagitta::filter
