#include "filter/tokenizer.h"

#include <libstemmer.h>
#include <unicode/brkiter.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <cstdio>
#include <cstdlib>
#include <unordered_set>

#include "base/bytes.h"

namespace sagitta::filter {
namespace {

// DO NOT CHANGE the meaning of a number; count up when tokens of the same text change.
constexpr int kOwnRules = 1;

struct DeleteStemmer {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};

struct TextHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using WordSet = std::unordered_set<std::string, TextHash, std::equal_to<>>;

// A library without its data is a broken installation. Without tokens, answers would be wrong.
[[noreturn]] void Missing(const std::string& what) {
  std::fputs(("sagitta: " + what + "; its package is damaged\n").c_str(), stderr);
  std::abort();
}

// Making one parses the rules; copies of it are cheap.
const icu::BreakIterator& WordBreaks() {
  static const std::unique_ptr<icu::BreakIterator> breaks = [] {
    UErrorCode error = U_ZERO_ERROR;
    std::unique_ptr<icu::BreakIterator> made(
        icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), error));
    if (U_FAILURE(error)) Missing(std::string("ICU has no word breaks: ") + u_errorName(error));
    return made;
  }();
  return *breaks;
}

const icu::Normalizer2& Normalizer(bool fold) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = fold ? icu::Normalizer2::getNFKCCasefoldInstance(error)
                                            : icu::Normalizer2::getNFKCInstance(error);
  if (U_FAILURE(error)) Missing(std::string("ICU has no NFKC: ") + u_errorName(error));
  return *normalizer;
}

// Turkish tells i with a dot from i without one; Unicode's folding for all languages does not.
void FoldTurkishI(icu::UnicodeString* text) {
  text->findAndReplace(icu::UnicodeString(UChar32{0x0049}), icu::UnicodeString(UChar32{0x0131}));
  text->findAndReplace(icu::UnicodeString(UChar32{0x0130}), icu::UnicodeString(UChar32{0x0069}));
}

}  // namespace

void PutTextParams(const TextParams& params, std::string* out) {
  base::PutLe(*out, static_cast<uint8_t>(params.tokenizer));
  base::PutLe(*out, static_cast<uint8_t>(params.case_sensitive));
  base::PutBytes(*out, params.stemmer);
  base::PutVarint(*out, params.min_token_chars);
  base::PutVarint(*out, params.max_token_chars);
  base::PutVarint(*out, params.stop_words.size());
  for (const std::string& word : params.stop_words) base::PutBytes(*out, word);
}

struct Tokenizer::State {
  explicit State(const TextParams& p) : params(p), normalizer(Normalizer(!p.case_sensitive)) {
    if (params.tokenizer == TextTokenizer::kWord) breaks.reset(WordBreaks().clone());
    if (params.stemmer != "none") {
      stemmer.reset(sb_stemmer_new(params.stemmer.c_str(), "UTF_8"));
      if (stemmer == nullptr) Missing("libstemmer has no algorithm " + params.stemmer);
    }
    for (const std::string& word : params.stop_words) {
      std::string folded;
      Normalize(word).toUTF8String(folded);
      stop_words.insert(std::move(folded));
    }
  }

  icu::UnicodeString Normalize(std::string_view text) const {
    auto read = icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())});
    if (params.stemmer == "turkish") FoldTurkishI(&read);
    UErrorCode error = U_ZERO_ERROR;
    icu::UnicodeString normalized = normalizer.normalize(read, error);
    return U_SUCCESS(error) ? normalized : read;
  }

  // False when `visit` has had enough.
  bool Emit(const icu::UnicodeString& text, int32_t begin, int32_t end,
            const std::function<bool(std::string_view)>& visit) {
    const auto chars = static_cast<uint32_t>(text.countChar32(begin, end - begin));
    token.clear();
    text.tempSubStringBetween(begin, end).toUTF8String(token);
    if (stop_words.contains(token)) return true;
    if (chars < params.min_token_chars || chars > params.max_token_chars) return true;
    if (stemmer == nullptr) return visit(token);
    const auto* word = reinterpret_cast<const sb_symbol*>(token.data());
    const sb_symbol* stem = sb_stemmer_stem(stemmer.get(), word, static_cast<int>(token.size()));
    const int length = stem == nullptr ? 0 : sb_stemmer_length(stemmer.get());
    if (length == 0) return visit(token);
    return visit({reinterpret_cast<const char*>(stem), static_cast<size_t>(length)});
  }

  // Chinese and Japanese are written without spaces. Words by a dictionary depend on what stands
  // around them, so that a part of a compound would not be found; characters do not.
  bool EmitChars(const icu::UnicodeString& text, int32_t begin, int32_t end,
                 const std::function<bool(std::string_view)>& visit) {
    while (begin < end) {
      int32_t next = text.moveIndex32(begin, 1);
      while (next < end && u_getCombiningClass(text.char32At(next)) != 0) {
        next = text.moveIndex32(next, 1);
      }
      if (!Emit(text, begin, std::min(next, end), visit)) return false;
      begin = next;
    }
    return true;
  }

  void Words(const icu::UnicodeString& text, const std::function<bool(std::string_view)>& visit) {
    breaks->setText(text);
    int32_t begin = breaks->first();
    for (int32_t end = breaks->next(); end != icu::BreakIterator::DONE; end = breaks->next()) {
      const int32_t status = breaks->getRuleStatus();
      const bool chars = status >= UBRK_WORD_KANA && status < UBRK_WORD_IDEO_LIMIT;
      if (status >= UBRK_WORD_NONE_LIMIT &&
          !(chars ? EmitChars(text, begin, end, visit) : Emit(text, begin, end, visit))) {
        return;
      }
      begin = end;
    }
  }

  void Pieces(const icu::UnicodeString& text, const std::function<bool(std::string_view)>& visit) {
    int32_t begin = 0;
    for (int32_t at = 0; at <= text.length();) {
      const bool ends = at == text.length() || u_isUWhiteSpace(text.char32At(at));
      if (ends && at > begin && !Emit(text, begin, at, visit)) return;
      at = at == text.length() ? at + 1 : text.moveIndex32(at, 1);
      if (ends) begin = at;
    }
  }

  const TextParams params;
  const icu::Normalizer2& normalizer;  // ICU's own
  std::unique_ptr<icu::BreakIterator> breaks;
  std::unique_ptr<sb_stemmer, DeleteStemmer> stemmer;
  WordSet stop_words;
  std::string token;  // the last one made
};

Tokenizer::Tokenizer(const TextParams& params) : state_(std::make_unique<State>(params)) {}
Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;

void Tokenizer::Split(std::string_view text, const std::function<bool(std::string_view)>& visit) {
  const icu::UnicodeString normalized = state_->Normalize(text);
  if (state_->params.tokenizer == TextTokenizer::kWhitespace) {
    state_->Pieces(normalized, visit);
  } else {
    state_->Words(normalized, visit);
  }
}

std::vector<std::string> Tokenizer::Tokens(std::string_view text) {
  std::vector<std::string> tokens;
  Split(text, [&](std::string_view token) {
    tokens.emplace_back(token);
    return true;
  });
  return tokens;
}

std::string Tokenizer::Rules() {
  UVersionInfo icu_version;
  u_getVersion(icu_version);
  return std::to_string(kOwnRules) + " icu " + std::to_string(icu_version[0]) + "." +
         std::to_string(icu_version[1]) + " snowball 2.2";
}

}  // namespace sagitta::filter
