// How text is split into tokens: for conditions that match words, and for indexes that find them.
// Plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sagitta/status.h"

namespace sagitta {

// DO NOT CHANGE THE VALUES OF THE ENUMS IN THIS FILE: they are stored.

enum class TextTokenizer : uint8_t {
  // Words of letters and digits as Unicode has them (UAX #29): what lies between them is dropped,
  // "don't" and "3.14" are one word. Chinese characters and kana are a token each.
  kWord = 1,
  kWhitespace = 2,  // what stands between white space
};

// Applied in this order: Unicode form NFKC, case, splitting, stop words, length, stem.
struct TextParams {
  TextTokenizer tokenizer = TextTokenizer::kWord;
  bool case_sensitive = false;  // false: full Unicode case folding, "Straße" = "STRASSE"
  // "none", or a Snowball algorithm: arabic, armenian, basque, catalan, danish, dutch, english,
  // finnish, french, german, greek, hindi, hungarian, indonesian, irish, italian, lithuanian,
  // nepali, norwegian, porter, portuguese, romanian, russian, serbian, spanish, swedish, tamil,
  // turkish, yiddish. They are made for lower case: refused with case_sensitive.
  std::string stemmer = "none";
  // In code points, before stemming; tokens outside are dropped. 1 ≤ min ≤ max ≤ 255.
  uint32_t min_token_chars = 1;
  uint32_t max_token_chars = 255;
  std::vector<std::string> stop_words;  // dropped; at most 1,000, each of 1–255 bytes
  friend bool operator==(const TextParams&, const TextParams&) = default;

  // INVALID_ARGUMENT naming the member ("stemmer") that is out of its range.
  Status Validate() const;
};

// Which tokens of a condition's text a value must have. A text without tokens matches nothing.
enum class TextMatch : uint8_t {
  kAll = 1,     // each of them, in any order
  kAny = 2,     // at least one
  kPhrase = 3,  // all, next to each other in this order; dropped tokens leave no gap
};

}  // namespace sagitta
