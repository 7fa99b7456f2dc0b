#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/names.h"
#include "sagitta/text.h"
#include "sagitta/value.h"

namespace sagitta {
namespace {

constexpr uint32_t kMaxTokenChars = 255;
constexpr size_t kMaxStopWords = 1000;
constexpr size_t kMaxStopWordBytes = 255;

// Debian's libstemmer 2.2, without those kept for comparison only.
constexpr std::array<std::string_view, 30> kStemmers = {
    "none",    "arabic",    "armenian",   "basque",     "catalan",  "danish",
    "dutch",   "english",   "finnish",    "french",     "german",   "greek",
    "hindi",   "hungarian", "indonesian", "irish",      "italian",  "lithuanian",
    "nepali",  "norwegian", "porter",     "portuguese", "romanian", "russian",
    "serbian", "spanish",   "swedish",    "tamil",      "turkish",  "yiddish"};

Status CheckStopWords(const std::vector<std::string>& words) {
  if (words.size() > kMaxStopWords) {
    return Status::InvalidArgument(
        "stop_words", "has " + std::to_string(words.size()) + " words; at most 1000 are allowed");
  }
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string at = "stop_words[" + std::to_string(i) + "]";
    if (words[i].empty() || words[i].size() > kMaxStopWordBytes) {
      return Status::InvalidArgument(
          at, "has " + std::to_string(words[i].size()) + " bytes; 1 to 255 are allowed");
    }
    if (!base::IsValidUtf8(words[i])) return Status::InvalidArgument(at, "is not UTF-8");
  }
  return Status::Ok();
}

}  // namespace

std::span<const std::string_view> base::StemmerNames() { return kStemmers; }

Status TextParams::Validate() const {
  if (base::TextTokenizerName(tokenizer) == "UNKNOWN") {
    return Status::InvalidArgument("tokenizer", std::to_string(static_cast<int>(tokenizer)) +
                                                    " is no tokenizer; WORD and WHITESPACE are");
  }
  if (std::find(kStemmers.begin(), kStemmers.end(), stemmer) == kStemmers.end()) {
    std::string names;
    for (const std::string_view name : kStemmers) {
      names.append(names.empty() ? "" : ", ").append(name);
    }
    // As JSON, so that whatever was sent can be shown on one line.
    return Status::InvalidArgument(
        "stemmer", Value(stemmer.substr(0, 64)).ToJson() + " is not known; allowed are " + names);
  }
  if (case_sensitive && stemmer != "none") {
    return Status::InvalidArgument("stemmer", stemmer +
                                                  " is made for lower case, and "
                                                  "case_sensitive keeps capitals");
  }
  if (min_token_chars < 1 || min_token_chars > kMaxTokenChars) {
    return Status::InvalidArgument(
        "min_token_chars", "is " + std::to_string(min_token_chars) + "; 1 to 255 are allowed");
  }
  if (max_token_chars < min_token_chars || max_token_chars > kMaxTokenChars) {
    return Status::InvalidArgument("max_token_chars", "is " + std::to_string(max_token_chars) +
                                                          "; " + std::to_string(min_token_chars) +
                                                          " to 255 are allowed");
  }
  return CheckStopWords(stop_words);
}

}  // namespace sagitta
