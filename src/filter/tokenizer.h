// Tokenizer: splits text into the tokens that TextParams ask for, by ICU (normalisation, case
// folding, word boundaries of UAX #29) and Snowball (stems; M. Porter's algorithms in libstemmer).
// Thread-compatible: it keeps state, so that each thread wants its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sagitta/text.h"

namespace sagitta::filter {

// Appends all that `params` say; those of two are equal only for equal ones. DO NOT CHANGE: stored.
void PutTextParams(const TextParams& params, std::string* out);

class Tokenizer {
 public:
  // REQUIRES: `params` are valid.
  explicit Tokenizer(const TextParams& params);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;

  // Calls visit(token) for each token of `text`, in order, until it returns false. A token is
  // UTF-8, never empty, and lives as long as the call of `visit`. What is not UTF-8 in `text` reads
  // as U+FFFD, which is no word.
  void Split(std::string_view text, const std::function<bool(std::string_view)>& visit);
  std::vector<std::string> Tokens(std::string_view text);

  // Tokens of builds with the same rules are equal; stored ones of others must be made anew.
  // Changes with the versions of ICU (its Unicode and its dictionaries) and of what is above it.
  static std::string Rules();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sagitta::filter
