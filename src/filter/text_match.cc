#include "filter/text_match.h"

#include <algorithm>

namespace sagitta::filter {

TextMatcher::TextMatcher(const Filter& condition)
    : match_(condition.match), tokenizer_(TokensOf(condition)) {
  phrase_ = tokenizer_.Tokens(condition.text);
  distinct_ = phrase_;
  std::sort(distinct_.begin(), distinct_.end());
  distinct_.erase(std::unique(distinct_.begin(), distinct_.end()), distinct_.end());
}

bool TextMatcher::Holds(std::string_view text) {
  if (phrase_.empty()) return false;
  return match_ == TextMatch::kPhrase ? HoldsPhrase(text) : HoldsSome(text);
}

bool TextMatcher::HoldsSome(std::string_view text) {
  seen_.assign(distinct_.size(), false);
  size_t missing = match_ == TextMatch::kAny ? 1 : distinct_.size();
  tokenizer_.Split(text, [&](std::string_view token) {
    const auto at = std::lower_bound(distinct_.begin(), distinct_.end(), token);
    if (at == distinct_.end() || *at != token) return true;
    const auto place = static_cast<size_t>(at - distinct_.begin());
    if (!seen_[place]) --missing;
    seen_[place] = true;
    return missing > 0;
  });
  return missing == 0;
}

bool TextMatcher::HoldsPhrase(std::string_view text) {
  const std::vector<std::string> tokens = tokenizer_.Tokens(text);
  return std::search(tokens.begin(), tokens.end(), phrase_.begin(), phrase_.end()) != tokens.end();
}

}  // namespace sagitta::filter
