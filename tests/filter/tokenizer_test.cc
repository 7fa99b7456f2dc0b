#include "filter/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/names.h"

namespace sagitta::filter {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Tokens = std::vector<std::string>;

Tokens Split(std::string_view text, TextParams params = {}) {
  EXPECT_TRUE(params.Validate().ok()) << params.Validate().ToString();
  return Tokenizer(params).Tokens(text);
}

TextParams Stemmed(const std::string& stemmer) {
  TextParams params;
  params.stemmer = stemmer;
  return params;
}

TEST(Tokenizer, WordsOfManyScripts) {
  const std::pair<const char*, Tokens> kCases[] = {
      {"", {}},
      {" \t\n.,;!?-—…«»", {}},
      {"Red shoes, size 42.", {"red", "shoes", "size", "42"}},
      {"don't pay 3.14 or 1,000", {"don't", "pay", "3.14", "or", "1,000"}},
      {"foo-bar foo_bar example.com", {"foo", "bar", "foo_bar", "example.com"}},
      {"Crème BRÛLÉE", {"crème", "brûlée"}},
      {"cre\u0300me", {"crème"}},  // an accent of its own
      {"Straße STRASSE", {"strasse", "strasse"}},
      {"ﬁne ＡＢＣ", {"fine", "abc"}},  // a ligature, wide letters
      {"ΟΔΟΣ οδος οδός", {"οδοσ", "οδοσ", "οδόσ"}},
      {"МОСКВА Москва", {"москва", "москва"}},
      {"東京都 へ", {"東", "京", "都", "へ"}},
      {"カメラ", {"カ", "メ", "ラ"}},
      {"ｶﾞ", {"ガ"}},  // half-width, its mark apart
      {"한국어 단어", {"한국어", "단어"}},
      {"שלום עולם", {"שלום", "עולם"}},
      {"a😀b", {"a", "b"}},
      {"soft\u00ADhyphen", {"softhyphen"}},
      {"iPhone東京15", {"iphone", "東", "京", "15"}},
  };
  for (const auto& [text, tokens] : kCases) EXPECT_EQ(Split(text), tokens) << text;
  EXPECT_GE(Split("สวัสดีชาวโลก").size(), 2u) << "Thai has no spaces: ICU's dictionary splits it";
}

TEST(Tokenizer, WhitespaceKeepsWhatStandsBetween) {
  TextParams params;
  params.tokenizer = TextTokenizer::kWhitespace;
  EXPECT_THAT(Split("  C++ and\tC#\u3000#tag\n", params), ElementsAre("c++", "and", "c#", "#tag"));
  EXPECT_THAT(Split(" \n", params), IsEmpty());
  EXPECT_THAT(Split("x", params), ElementsAre("x"));
  params.case_sensitive = true;
  EXPECT_THAT(Split("C++ Straße", params), ElementsAre("C++", "Straße"));
}

TEST(Tokenizer, CaseStopWordsAndLengthsComeBeforeStems) {
  TextParams params = Stemmed("english");
  params.stop_words = {"THE", "is"};
  params.min_token_chars = 2;
  params.max_token_chars = 9;
  EXPECT_THAT(Split("The runner is running a runs-everything IS", params),
              ElementsAre("runner", "run", "run"));
  params = {};
  params.case_sensitive = true;
  params.stop_words = {"the"};
  EXPECT_THAT(Split("The the ABC", params), ElementsAre("The", "ABC"));
  params = {};
  params.max_token_chars = 3;
  EXPECT_THAT(Split("été Ärger ÄÖÜ", params), ElementsAre("été", "äöü")) << "code points";
}

TEST(Tokenizer, Stems) {
  EXPECT_EQ(Split("connected connecting connections", Stemmed("english")),
            (Tokens{"connect", "connect", "connect"}));
  EXPECT_EQ(Split("Häuser Hauses", Stemmed("german")), (Tokens{"haus", "haus"}));
  EXPECT_EQ(Split("книги книгой", Stemmed("russian")), (Tokens{"книг", "книг"}));
  // With and without dot, capital and small.
  EXPECT_EQ(Split("IŞIK ışık İSTANBUL istanbul", Stemmed("turkish"))[0],
            Split("ışık", Stemmed("turkish"))[0]);
  EXPECT_EQ(Split("İSTANBUL", Stemmed("turkish")), Split("istanbul", Stemmed("turkish")));
}

// A name that libstemmer does not know would leave words as they are.
TEST(Tokenizer, EveryStemmerIsThere) {
  const std::string words =
      "running maisons Häuser книгами κατοικίες evlerinizden كتبهم घरों házakban rumah-rumahnya";
  const Tokens plain = Split(words);
  for (const std::string_view name : base::StemmerNames()) {
    if (name == "none") continue;
    const Tokens stemmed = Split(words +
                                     " nationaliteitenlijsten կենդանիները etxeetarako գրքերի "
                                     "vaikeuksissaan dtithe namuose किताबहरू marginilor "
                                     "kućama புத்தகங்கள் hestenes casas דערציילונגען "
                                     "casetes leabharlanna",
                                 Stemmed(std::string(name)));
    const Tokens bare = Split(words +
                              " nationaliteitenlijsten կենդանիները etxeetarako գրքերի "
                              "vaikeuksissaan dtithe namuose किताबहरू marginilor "
                              "kućama புத்தகங்கள் hestenes casas דערציילונגען "
                              "casetes leabharlanna");
    EXPECT_NE(stemmed, bare) << name;
    EXPECT_EQ(stemmed.size(), bare.size()) << name;
  }
}

TEST(Tokenizer, EndsWhenAskedTo) {
  Tokenizer tokenizer({});
  for (const char* text : {"one two three", "東京都"}) {
    int seen = 0;
    tokenizer.Split(text, [&](std::string_view) { return ++seen < 2; });
    EXPECT_EQ(seen, 2) << text;
  }
}

TEST(Tokenizer, TakesAnyBytes) {
  EXPECT_THAT(Split("ab\xFF\xFE cd\xC3"), ElementsAre("ab", "cd"));
  EXPECT_THAT(Split(std::string_view("a\0b", 3)), ElementsAre("a", "b"));
  EXPECT_THAT(Split(std::string(3000, 'x')), IsEmpty()) << "longer than any token";
}

TEST(Tokenizer, OnePerThread) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      Tokenizer tokenizer(Stemmed("english"));
      for (int j = 0; j < 300; ++j) {
        if (tokenizer.Tokens("Cats, running 東京") != Tokens{"cat", "run", "東", "京"}) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST(TextParams, ValidateNamesTheMember) {
  const auto field = [](const TextParams& params) { return params.Validate().field(); };
  TextParams params;
  EXPECT_TRUE(params.Validate().ok());
  params.tokenizer = static_cast<TextTokenizer>(9);
  EXPECT_EQ(field(params), "tokenizer");
  params = Stemmed("klingon");
  EXPECT_EQ(field(params), "stemmer");
  EXPECT_NE(params.Validate().message().find("english"), std::string::npos);
  params = Stemmed("english");
  params.case_sensitive = true;
  EXPECT_EQ(field(params), "stemmer");
  params = {};
  params.min_token_chars = 0;
  EXPECT_EQ(field(params), "min_token_chars");
  params.min_token_chars = 10;
  params.max_token_chars = 9;
  EXPECT_EQ(field(params), "max_token_chars");
  params.max_token_chars = 256;
  EXPECT_EQ(field(params), "max_token_chars");
  params = {};
  params.stop_words = {"a", ""};
  EXPECT_EQ(field(params), "stop_words[1]");
  params.stop_words = {"\xFF"};
  EXPECT_EQ(field(params), "stop_words[0]");
  params.stop_words.assign(1001, "a");
  EXPECT_EQ(field(params), "stop_words");
}

}  // namespace
}  // namespace sagitta::filter
